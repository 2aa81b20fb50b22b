namespace OnnxAmalgam.Graphs.Tests.Tools;

/// <summary>A folder that is gone after the test.</summary>
sealed class TemporaryFolder : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("onnx-amalgam-test-");

    /// <summary>The path of a name inside; folders on the way are made.</summary>
    public string this[string name]
    {
        get
        {
            string path = Path.Combine(_folder.FullName, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return path;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);
}

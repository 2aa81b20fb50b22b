namespace OnnxAmalgam.Graphs.Tests.Files;

/// <summary>A folder of its own for one test, gone afterwards.</summary>
public sealed class TempFolder : IDisposable
{
    readonly DirectoryInfo folder;

    public string Path => folder.FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>The path of a name inside; folders on the way are made.</summary>
    public string Made(string name)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        return this[name];
    }

    public string Write(string name, ReadOnlySpan<byte> content)
    {
        File.WriteAllBytes(Made(name), content);
        return this[name];
    }

    /// <summary>Names of all files, hidden ones too, in order.</summary>
    public string[] Names => [.. folder.GetFiles("*", new EnumerationOptions { AttributesToSkip = 0 }).Select(f => f.Name).Order(StringComparer.Ordinal)];

    public TempFolder Folder(string name)
    {
        Directory.CreateDirectory(this[name]);
        return new TempFolder(this[name]);
    }

    public TempFolder() => folder = Directory.CreateTempSubdirectory("onnx-amalgam-test-");

    TempFolder(string path) => folder = new DirectoryInfo(path);

    public void Dispose() => folder.Delete(recursive: true);
}

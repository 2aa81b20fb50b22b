namespace OnnxAmalgam.Cli.Tests.Running;

/// <summary>A folder that lives as long as its test.</summary>
internal sealed class Workplace : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("onnx-amalgam-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Files and folders in it, relative, sorted.</summary>
    public string[] Entries => [.. Directory.EnumerateFileSystemEntries(Path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
        .Select(e => System.IO.Path.GetRelativePath(Path, e).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    public string Write(string name, ReadOnlySpan<byte> bytes)
    {
        string path = this[name];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    public string Write(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

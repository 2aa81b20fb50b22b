using System.Text;

namespace OnnxAmalgam.Tests.Shared;

/// <summary>A folder that lives as long as its test.</summary>
internal sealed class TempFolder : IDisposable
{
    static readonly EnumerationOptions s_hiddenToo = new() { AttributesToSkip = 0 };

    public TempFolder() => Path = Directory.CreateTempSubdirectory("onnx-amalgam-").FullName;

    TempFolder(string path) => Path = Directory.CreateDirectory(path).FullName;

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Names of the files directly inside, sorted.</summary>
    public string[] Names => [.. Directory.EnumerateFiles(Path, "*", s_hiddenToo).Select(f => System.IO.Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    /// <summary>Files and folders in it and below, relative, sorted.</summary>
    public string[] Entries => [.. Directory.EnumerateFileSystemEntries(Path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
        .Select(e => System.IO.Path.GetRelativePath(Path, e).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    /// <summary>A folder inside, made where there is none.</summary>
    public TempFolder Folder(string name) => new(this[name]);

    /// <summary>The path of a name inside; folders on the way are made.</summary>
    public string Made(string name)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        return this[name];
    }

    public string Write(string name, ReadOnlySpan<byte> bytes)
    {
        File.WriteAllBytes(Made(name), bytes);
        return this[name];
    }

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

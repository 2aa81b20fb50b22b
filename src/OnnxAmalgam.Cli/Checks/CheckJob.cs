using System.IO.Enumeration;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Cli.Checks;

/// <summary>A model to check.</summary>
/// <param name="Name">What the row calls it.</param>
/// <param name="File">The .onnx file.</param>
/// <param name="DataSets">Folders of inputs and expected outputs (ONNX's own test layout); empty: there are none.</param>
internal sealed record CheckJob(string Name, string File, IReadOnlyList<string> DataSets)
{
    /// <summary>Every model that the arguments name: files, ONNX's test folders, and folders with models anywhere inside.</summary>
    /// <exception cref="InputException">An argument that does not exist, or a folder without models.</exception>
    public static IReadOnlyList<CheckJob> Of(IEnumerable<string> arguments) => [.. arguments.SelectMany(Of)];

    static IEnumerable<CheckJob> Of(string argument)
    {
        if (!Directory.Exists(argument))
            return System.IO.File.Exists(argument) ? [new(argument, argument, [])] : throw new InputException($"'{argument}': expected a file or a folder, got none of that name");
        if (DataSetsIn(argument) is { Count: > 0 } sets && System.IO.File.Exists(Path.Combine(argument, "model.onnx")))
            return [new(argument, Path.Combine(argument, "model.onnx"), sets)];
        var files = ModelsIn(argument).Order(StringComparer.Ordinal).ToArray();
        return files.Length > 0
            ? files.Select(file => new CheckJob(file, file, Path.GetFileName(file) == "model.onnx" ? DataSetsIn(Path.GetDirectoryName(file)!) : []))
            : throw new InputException($"'{argument}': expected .onnx files in the folder, got none");
    }

    /// <summary>Linked files count, as in the folders of model caches; linked folders are not entered.</summary>
    static FileSystemEnumerable<string> ModelsIn(string folder)
    {
        var inside = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };
        return new(folder, (ref FileSystemEntry entry) => entry.ToSpecifiedFullPath(), inside)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory && FileSystemName.MatchesSimpleExpression("*.onnx", entry.FileName, ignoreCase: !OperatingSystem.IsLinux()),
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
    }

    static IReadOnlyList<string> DataSetsIn(string folder) =>
        [.. Directory.EnumerateDirectories(folder, "test_data_set_*").Where(set => Directory.EnumerateFiles(set, "output_*.pb").Any()).Order(StringComparer.Ordinal)];
}

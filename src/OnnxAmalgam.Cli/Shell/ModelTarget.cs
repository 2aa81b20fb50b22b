using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>Where a command writes a model.</summary>
internal static class ModelTarget
{
    /// <summary>The path, checked before any work is done for it.</summary>
    /// <exception cref="UsageException">It is <c>-</c>: models are not written to stdout.</exception>
    /// <exception cref="InputException">It names a folder, or lies in none.</exception>
    public static string Of(string path)
    {
        if (path == "-")
            throw new UsageException("-o: expected the name of an .onnx file, got '-'; models are not written to stdout");
        AtomicFile.RequireFolder(path);
        return path;
    }
}

using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>Text for other programs: what <c>--csv FILE</c> asks for.</summary>
internal static class TextFile
{
    /// <summary>Writes UTF-8 without byte order mark to a file (replaced atomically), or to stdout for <c>-</c>.</summary>
    public static void Write(string target, Terminal terminal, string text)
    {
        if (target == "-")
            terminal.Output.Write(text);
        else
            AtomicFile.WriteText(target, text);
    }
}

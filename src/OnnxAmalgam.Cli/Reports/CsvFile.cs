using System.Text;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>What <c>--csv</c> asks for.</summary>
internal static class CsvFile
{
    /// <summary>Writes rows to a file (replaced atomically), or to stdout for <c>-</c>.</summary>
    public static void Write(string target, Terminal terminal, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<object?>> rows)
    {
        using var text = new StringWriter();
        CsvTable.Write(text, columns, rows);
        if (target == "-")
            terminal.Output.Write(text.ToString());
        else
            AtomicFile.Write(target, stream => stream.Write(Encoding.UTF8.GetBytes(text.ToString())));
    }
}

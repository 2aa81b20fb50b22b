using System.Text;
using OnnxAmalgam.Cli.Reports.Pages;
using OnnxAmalgam.Cli.Reports.Plots;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Runs;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>What a finished run is shown by: report.html, results.png, confusion_matrix.png.</summary>
internal static class RunFiles
{
    /// <summary>Writes those for which there is something to show.</summary>
    /// <returns>Their paths.</returns>
    public static IReadOnlyList<string> Write(ReportedRun run, RunFolder folder)
    {
        (string Path, byte[]? Bytes)[] files =
        [
            (folder.Report, Encoding.UTF8.GetBytes(RunPage.Write(run))),
            (folder.ResultsPlot, ResultsPlot.Png(run)),
            (folder.ConfusionPlot, run.Classes is { } classes ? ConfusionPlot.Png(classes) : null),
        ];
        foreach (var (path, bytes) in files)
        {
            if (bytes is not null)
                AtomicFile.Write(path, bytes);
        }

        return [.. files.Where(f => f.Bytes is not null).Select(f => f.Path)];
    }
}

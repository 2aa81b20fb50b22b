using System.Globalization;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Search;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>The weights found, beside those of the baselines, for reading.</summary>
internal static class SearchTable
{
    public static void Write(Terminal terminal, TapSearch search)
    {
        var table = new TextTable(["teacher", "weight>", "tap", .. search.Weights.Select(w => w.Method + ">")]);
        foreach (var (i, teacher) in search.Weights[0].Teachers.Index())
        {
            foreach (var (j, tap) in teacher.Taps.Index())
                table.Add([j == 0 ? teacher.Teacher : "", j == 0 ? Text(teacher.TeacherWeight) : "", tap.Tap, .. search.Weights.Select(w => Text(w.Teachers[i].Taps[j].Weight))]);
        }

        table.WriteTo(terminal);
        terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"weights of a teacher's taps sum to 1, those of the teachers are 1 on average; bridge loss {search.Losses[0]:0.0000} in the first epoch, {search.Losses[^1]:0.0000} in the last"));
    }

    static string Text(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}

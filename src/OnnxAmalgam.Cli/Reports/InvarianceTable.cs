using System.Globalization;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Exemplars;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>Distances as a table: a row a transformation, a column a model. A row where the student moves further than every teacher is marked.</summary>
internal static class InvarianceTable
{
    public static void Write(IReadOnlyList<InvarianceRow> rows, Terminal terminal)
    {
        string[] models = [.. rows.Select(r => r.Model).Distinct(StringComparer.Ordinal)];
        var table = new TextTable([.. (string[])["transformation", "magnitude>"], .. models.Select(m => m + ">"), "lost"]);
        foreach (var step in rows.GroupBy(r => (r.Transformation, r.Magnitude)))
        {
            double[] distances = [.. step.Select(r => r.Distance)];
            var lost = distances.Length > 1 && distances[0] > distances[1..].Max();
            table.Add([step.Key.Transformation, Text(step.Key.Magnitude), .. distances.Select(Text), lost ? "by the student" : ""]);
        }

        table.WriteTo(terminal);
    }

    static string Text(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}

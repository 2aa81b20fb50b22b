using System.Globalization;
using CsvHelper;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>One line of evaluation.csv.</summary>
/// <param name="Model"><c>student</c>, <c>concatenated</c>, or a teacher's name.</param>
/// <param name="Task"><c>union</c> or a teacher's name.</param>
/// <param name="Metric"><c>accuracy_top1</c>, <c>accuracy_top5</c>, <c>agreement</c> or <c>ece</c>.</param>
/// <param name="Value">A share, 0..1.</param>
/// <param name="CiLow">Lower end of the 95 % interval; null where none is defined.</param>
/// <param name="CiHigh">Its upper end.</param>
/// <param name="N">Images it was measured on.</param>
public sealed record EvaluationRow(string Model, string Task, string Metric, double Value, double? CiLow, double? CiHigh, long N)
{
    static readonly string[] Columns = ["model", "task", "metric", "value", "ci_low", "ci_high", "n"];

    /// <summary>A share of n images, with its Wilson interval.</summary>
    public static EvaluationRow Share(string model, string task, string metric, long hits, long n)
    {
        var (low, high) = Wilson.Interval(hits, n);
        return new(model, task, metric, (double)hits / n, low, high, n);
    }

    /// <summary>Writes the header and the rows; shares with six decimals, an absent interval empty.</summary>
    public static void WriteCsv(TextWriter writer, IEnumerable<EvaluationRow> rows)
    {
        using var csv = CsvWriter.Create(writer, new() { NewLine = "\n" }, leaveOpen: true);
        csv.WriteRecord(Columns);
        foreach (var r in rows)
            csv.WriteRecord(r.Model, r.Task, r.Metric, Number(r.Value), Number(r.CiLow), Number(r.CiHigh), r.N.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Reads what <see cref="WriteCsv"/> wrote.</summary>
    /// <exception cref="InputException">The file holds something else.</exception>
    public static IReadOnlyList<EvaluationRow> ReadCsv(string path) => StrictCsv.Read(path, Columns, fields =>
    {
        double Number(int column) => double.Parse(fields[column], CultureInfo.InvariantCulture);
        double? Optional(int column) => fields[column].Length > 0 ? Number(column) : null;
        return new EvaluationRow(fields[0], fields[1], fields[2], Number(3), Optional(4), Optional(5), (long)Number(6));
    }).Rows;

    static string Number(double? value) => value?.ToString("0.000000", CultureInfo.InvariantCulture) ?? "";
}

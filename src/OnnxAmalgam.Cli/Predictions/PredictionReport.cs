using System.Globalization;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Cli.Predictions;

/// <summary>Predictions as a table, as CSV, as JSON.</summary>
internal static class PredictionReport
{
    static readonly string[] Columns = ["image", "rank", "label", "probability"];

    public static void Print(IReadOnlyList<Prediction> predictions, Terminal terminal)
    {
        var table = new TextTable("image", "rank>", "label", "probability>");
        foreach (var (image, rank, label) in Rows(predictions))
            table.Add(rank == 1 ? image : "", rank.ToString(CultureInfo.InvariantCulture), label.Label, label.Probability.ToString("0.0000", CultureInfo.InvariantCulture));
        table.WriteTo(terminal);
    }

    public static string ToCsv(IReadOnlyList<Prediction> predictions)
    {
        using var text = new StringWriter();
        CsvTable.Write(text, Columns, Rows(predictions).Select(r => (IReadOnlyList<object?>)[r.Image, r.Rank, r.Label.Label, r.Label.Probability]));
        return text.ToString();
    }

    public static void WriteJson(string model, IReadOnlyList<Prediction> predictions, Terminal terminal) => Json.WriteDocument(terminal, new
    {
        Json.SchemaVersion,
        Model = model,
        Images = predictions.Select(p => new { p.Image, Predictions = p.Labels.Select((l, i) => new { Rank = i + 1, l.Label, l.Probability }) }),
    });

    static IEnumerable<(string Image, int Rank, LabelProbability Label)> Rows(IReadOnlyList<Prediction> predictions) =>
        predictions.SelectMany(p => p.Labels.Select((label, i) => (p.Image, i + 1, label)));
}

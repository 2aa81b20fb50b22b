using System.Globalization;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Cli.Querying;

/// <summary>Pairs of taps, the most alike first: what <c>query RECIPE</c> prints.</summary>
internal static class RankingTable
{
    static readonly (string Column, Func<TapPair, object?> Read)[] Columns =
    [
        ("teacher", p => p.Teacher.Model),
        ("tap", p => p.Teacher.Element.Name),
        ("shape", p => ShapeOf(p.Teacher)),
        ("stride", p => p.Teacher.Element.Stride),
        ("depth", p => p.Teacher.Element.Depth),
        ("distance", p => p.Teacher.Element.Distance),
        ("mean", p => p.Teacher.Mean),
        ("std", p => p.Teacher.Std),
        ("sparsity", p => p.Teacher.Sparsity),
        ("rank_me", p => p.Teacher.RankMe),
        ("student_tap", p => p.Student.Element.Name),
        ("student_shape", p => ShapeOf(p.Student)),
        ("student_rank_me", p => p.Student.RankMe),
        ("cka", p => p.Cka),
    ];

    public static string ToCsv(IReadOnlyList<TapPair> pairs)
    {
        using var text = new StringWriter();
        CsvTable.Write(text, [.. Columns.Select(c => c.Column)], pairs.Select(p => (IReadOnlyList<object?>)[.. Columns.Select(c => c.Read(p))]));
        return text.ToString();
    }

    public static void WriteJson(string recipe, string query, IReadOnlyList<TapPair> pairs, Terminal terminal) => Json.WriteDocument(terminal, new
    {
        Json.SchemaVersion,
        Recipe = recipe,
        Query = query,
        Pairs = pairs.Select(p => new { Teacher = Described(p.Teacher), Student = Described(p.Student), p.Cka }),
    });

    public static void Print(IReadOnlyList<TapPair> pairs, Terminal terminal)
    {
        var table = new TextTable("teacher", "tap", "shape", "mean>", "std>", "sparsity>", "RankMe>", "student's tap", "shape", "CKA>");
        foreach (var pair in pairs)
            table.Add(pair.Teacher.Model, pair.Teacher.Element.Name, ShapeOf(pair.Teacher), Number(pair.Teacher.Mean), Number(pair.Teacher.Std), Number(pair.Teacher.Sparsity),
                Number(pair.Teacher.RankMe), pair.Student.Element.Name, ShapeOf(pair.Student), Number(pair.Cka));
        table.WriteTo(terminal);
    }

    static object Described(TapFeatures f) => new { f.Model, Tap = f.Element.Name, Shape = ElementFinding.ShapeOf(f.Element), f.Element.Stride, f.Element.Depth, f.Element.Distance, f.Mean, f.Std, f.Sparsity, f.RankMe };

    static string ShapeOf(TapFeatures f) => $"[{string.Join(",", ElementFinding.ShapeOf(f.Element) ?? [])}]";

    static string Number(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}

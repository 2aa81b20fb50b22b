using System.Globalization;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Comparison;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>Methods, baselines and pairs, for reading.</summary>
internal static class ComparisonTable
{
    public static void Write(Terminal terminal, MethodComparison comparison)
    {
        string[] tasks = [.. comparison.Methods.Select(m => m.Task).Distinct(StringComparer.Ordinal)];
        var table = new TextTable(["method", "seeds>", .. tasks.SelectMany(t => (string[])[$"{t}>", "95 % interval"])]);
        foreach (var method in comparison.Methods.Concat(comparison.Baselines).GroupBy(m => (m.IsBaseline, m.Method)))
        {
            var rows = method.ToDictionary(r => r.Task, StringComparer.Ordinal);
            table.Add([method.Key.Method, method.Key.IsBaseline ? "" : Count(method.First().Seeds), .. tasks.SelectMany(t =>
                rows.GetValueOrDefault(t) is { } row ? (string[])[Share(row.Accuracy), Interval(row.CiLow, row.CiHigh)] : ["", ""])]);
        }

        table.WriteTo(terminal);
        terminal.Output.WriteLine("top-1 accuracy; intervals of methods over seeds (Student's t), of teachers over images (Wilson)");
        if (comparison.Pairs.Count == 0)
            return;
        terminal.Output.WriteLine("");
        var pairs = new TextTable("method", "against", "difference>", "95 % over seeds", "95 % over images", "only first>", "only second>", "McNemar p>");
        foreach (var p in comparison.Pairs)
            pairs.Add(p.Method, p.Against, Signed(p.Difference), Interval(p.CiLow, p.CiHigh, signed: true), Interval(p.ImageCiLow, p.ImageCiHigh, signed: true), Count(p.OnlyMethod), Count(p.OnlyAgainst), p.McNemarP.ToString("0.0000", CultureInfo.InvariantCulture));
        pairs.WriteTo(terminal);
        terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"on the union, {comparison.Pairs[0].Images} images; over images: paired bootstrap, {PairedBootstrap.Resamples} resamples; McNemar: images right in most seeds (in the first, where as many are wrong)"));
    }

    static string Interval(double? low, double? high, bool signed = false) => low is null ? "" : signed ? $"{Signed(low.Value)} .. {Signed(high!.Value)}" : $"{Share(low.Value)} .. {Share(high!.Value)}";

    static string Share(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    static string Signed(double value) => value.ToString("+0.0000;-0.0000;0.0000", CultureInfo.InvariantCulture);

    static string Count(int value) => value.ToString(CultureInfo.InvariantCulture);
}

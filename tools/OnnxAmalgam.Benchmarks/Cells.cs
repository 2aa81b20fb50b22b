using System.Globalization;

namespace OnnxAmalgam.Benchmarks;

/// <summary>Figures as a table's cells.</summary>
static class Cells
{
    /// <summary>One row.</summary>
    public static string Row(params IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |\n";

    /// <summary>Median, least and largest.</summary>
    public static string Spread(double[] rates) => Text($"{Pairing.Median(rates):0} ({rates.Min():0} to {rates.Max():0})");

    /// <summary>How many times faster, round by round.</summary>
    public static string Times(double[] ours, double[] theirs)
    {
        var (median, least, largest) = Pairing.Ratio(ours, theirs);
        return Text($"**{median:0.00}** ({least:0.00} to {largest:0.00})");
    }

    /// <summary>Text that is the same everywhere.</summary>
    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

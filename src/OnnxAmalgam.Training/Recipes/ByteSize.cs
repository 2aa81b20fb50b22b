using System.Globalization;

namespace OnnxAmalgam.Training.Recipes;

/// <summary>Numbers of bytes as people write them: 500MB, 1.5GB; units are powers of 1000.</summary>
public static class ByteSize
{
    static readonly (string Unit, long Bytes)[] Units = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000), ("B", 1)];

    /// <summary>The number, or null where the text is no size of at least one byte.</summary>
    public static long? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (var (unit, bytes) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal))
                continue;
            return decimal.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number <= (decimal)long.MaxValue / bytes && number * bytes >= 1
                ? (long)(number * bytes)
                : null;
        }

        return null;
    }

    /// <summary>Exactly this number, in the largest unit that it is a multiple of.</summary>
    public static string Exact(long bytes)
    {
        var (unit, size) = Units.First(u => bytes % u.Bytes == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / size}{unit}");
    }

    /// <summary>About this number, for people.</summary>
    public static string Rounded(long bytes)
    {
        var (unit, size) = Units.FirstOrDefault(u => bytes >= u.Bytes, Units[^1]);
        return string.Create(CultureInfo.InvariantCulture, $"{(size == 1 ? bytes : (double)bytes / size):0.#} {unit}");
    }
}

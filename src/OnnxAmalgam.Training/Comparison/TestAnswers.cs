using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Training.Comparison;

/// <summary>Which test images a student got right: all that comparisons on the same images need.</summary>
/// <param name="Images">Tells test sets apart: of the images' file names and labels, wherever they lie.</param>
/// <param name="Nameless">Images without a label.</param>
/// <param name="Right">Whether each was right, in the order of the test set.</param>
public sealed record TestAnswers(string Images, int Nameless, IReadOnlyList<bool> Right)
{
    /// <summary>Of predictions.</summary>
    public static TestAnswers Of(PredictionTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        string all = string.Join('\n', table.Images.Zip(table.Labels, (image, label) => $"{Path.GetFileName(image)}\t{label}"));
        string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)))[..16];
        return new(name, table.Labels.Count(l => l.Length == 0), [.. Enumerable.Range(0, table.Images.Count).Select(table.IsRight)]);
    }

    /// <summary>Methods are compared on images with labels only.</summary>
    internal static void RequireLabels(int nameless)
    {
        if (nameless > 0)
            throw new InputException($"data.test: expected labelled images to compare methods on, got {nameless} without a label; name labelled sources under data.test");
    }

    /// <summary>The answers as text: their number, then a bit each, deflated, in base64.</summary>
    public string Pack()
    {
        byte[] bits = new byte[(Right.Count + 7) / 8];
        for (int i = 0; i < Right.Count; i++)
            bits[i / 8] |= (byte)(Right[i] ? 1 << (i % 8) : 0);
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.SmallestSize))
            deflate.Write(bits);
        return $"{Right.Count}:{Convert.ToBase64String(packed.ToArray())}";
    }

    /// <summary>Reads what <see cref="Pack"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static IReadOnlyList<bool> Unpack(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Split(':') is not [var number, var packed] || !int.TryParse(number, out int count) || count < 0)
            throw new FormatException("expected a number of answers and their bits");
        using var bits = new MemoryStream();
        using (var deflate = new DeflateStream(new MemoryStream(Convert.FromBase64String(packed)), CompressionMode.Decompress))
            deflate.CopyTo(bits);
        byte[] bytes = bits.ToArray();
        return bytes.Length == (count + 7) / 8
            ? [.. Enumerable.Range(0, count).Select(i => (bytes[i / 8] >> (i % 8) & 1) == 1)]
            : throw new FormatException($"expected {count} answers, got {8 * bytes.Length}");
    }
}

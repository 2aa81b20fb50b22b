using System.Globalization;
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

    /// <summary>The answers as text: their number, a '-', then how many right ones lie before each wrong one and before the end, a byte each (255: so many, and more
    /// follow), deflated, in base64.</summary>
    public string Pack()
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.SmallestSize))
        {
            int gap = 0;
            foreach (bool right in Right.Append(false))
            {
                if (right && ++gap < 255)
                    continue;
                deflate.WriteByte((byte)gap);
                gap = 0;
            }
        }

        return $"{Right.Count}-{Convert.ToBase64String(packed.ToArray())}";
    }

    /// <summary>Reads what <see cref="Pack"/> wrote, and the form of earlier builds: a ':', and a bit an answer.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static IReadOnlyList<bool> Unpack(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int end = text.AsSpan().IndexOfAny('-', ':');
        if (end < 1 || !int.TryParse(text.AsSpan(0, end), NumberStyles.None, CultureInfo.InvariantCulture, out int count))
            throw new FormatException("expected a number of answers and the answers");
        byte[] bytes = Inflated(text[(end + 1)..]);
        bool[] answers = text[end] == '-' ? Between(bytes) : [.. bytes.SelectMany(b => Enumerable.Range(0, 8).Select(i => (b >> i & 1) == 1)).Take(bytes.Length == (count + 7) / 8 ? count : 0)];
        return answers.Length == count ? answers : throw new FormatException($"expected {count} answers, got {answers.Length}");
    }

    static byte[] Inflated(string base64)
    {
        using var bytes = new MemoryStream();
        using (var deflate = new DeflateStream(new MemoryStream(Convert.FromBase64String(base64)), CompressionMode.Decompress))
            deflate.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>All right but for those behind each gap, the last of which is the end.</summary>
    static bool[] Between(byte[] gaps)
    {
        var answers = new List<bool>();
        foreach (byte gap in gaps)
        {
            answers.AddRange(Enumerable.Repeat(true, gap));
            if (gap < 255)
                answers.Add(false);
        }

        return gaps is [.., < 255] ? [.. answers.SkipLast(1)] : throw new FormatException("expected answers to the end, got some of them");
    }
}

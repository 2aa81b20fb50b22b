using System.Globalization;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary><c>--shape NAME=..</c>: an input's whole shape (<c>images=2x3x224x224</c>), or the size of a named dimension (<c>height=224</c>).</summary>
/// <param name="Name">Of an input or a dimension.</param>
/// <param name="Sizes">One number for a dimension, one an axis for an input.</param>
public sealed record ShapeRequest(string Name, IReadOnlyList<long> Sizes)
{
    /// <summary>Reads one argument.</summary>
    /// <exception cref="InputException">Not of this form.</exception>
    public static ShapeRequest Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var equals = text.LastIndexOf('=');
        var sizes = text[(equals + 1)..].Trim('[', ']').Split('x', ',')
            .Select(s => long.TryParse(s.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : -1).ToArray();
        return equals > 0 && sizes.All(s => s >= 0)
            ? new(text[..equals], sizes)
            : throw new InputException($"--shape: expected NAME=SIZE or NAME=SIZExSIZEx..., got '{text}'; for example --shape images=1x3x224x224");
    }
}

using OnnxAmalgam.Graphs;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>What is known of a tapped feature before the first batch.</summary>
/// <param name="Name">What a message calls it.</param>
/// <param name="Kind">Its layout.</param>
/// <param name="ChannelAxis">Which axis is the channel; negative counts from the end.</param>
/// <param name="Shape">Dimensions; the first is the batch and not looked at.</param>
internal sealed record TapShape(string Name, TapKind Kind, int ChannelAxis, IReadOnlyList<long> Shape)
{
    /// <summary>Number of channels.</summary>
    public int Channels => checked((int)Shape[Axis]);

    /// <summary>The channel axis counted from the front.</summary>
    public int Axis => ChannelAxis < 0 ? ChannelAxis + Shape.Count : ChannelAxis;

    /// <summary>Height and width; null where the feature has no grid: pooled, or a number of tokens that is no square and no square plus a class token.</summary>
    public (long Height, long Width)? Grid => Kind switch
    {
        TapKind.Spatial => Axis == 1 ? (Shape[2], Shape[3]) : (Shape[1], Shape[2]),
        TapKind.Tokens when Root(Tokens) is long side => (side, side),
        TapKind.Tokens when Root(Tokens - 1) is long side => (side, side),
        _ => null,
    };

    /// <summary>Whether the first token is a class token, which the grid leaves out.</summary>
    public bool HasClassToken => Kind == TapKind.Tokens && Root(Tokens) is null && Root(Tokens - 1) is not null;

    long Tokens => Shape[Axis == 1 ? 2 : 1];

    /// <summary>Refuses a layout that the shape cannot have.</summary>
    /// <exception cref="InputException">Rank or channel axis does not fit the kind.</exception>
    public TapShape Checked()
    {
        var (rank, axes) = Kind switch
        {
            TapKind.Spatial => (4, "1 or 3"),
            TapKind.Tokens => (3, "1 or 2"),
            _ => (2, "1"),
        };
        var fits = Shape.Count == rank && Axis >= 1 && Axis < rank && (Kind != TapKind.Spatial || Axis != 2);
        return fits ? this : throw new InputException(
            $"tap '{Name}': expected a {Kind} feature of rank {rank} with channels on axis {axes}, got shape [{string.Join(", ", Shape)}] with channels on axis {ChannelAxis}; choose another tap or state its layout ({{value: ..., layout: nhwc}})");
    }

    /// <summary>A feature of this shape averaged over places: F[n, ...] -> F[n, c].</summary>
    public Tensor Pool(Tensor feature) => feature.dim() == 2 ? feature : feature.movedim([Axis], [1]).flatten(2).mean([2]);

    static long? Root(long count)
    {
        var side = (long)Math.Sqrt(count);
        return count > 0 && side * side == count ? side : null;
    }
}

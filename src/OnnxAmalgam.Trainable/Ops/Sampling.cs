using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Sampling at places that are data, so that gradients reach the places too.</summary>
internal static class Sampling
{
    static readonly string[] Attributes = ["align_corners", "mode", "padding_mode"];

    public static readonly Operator[] Rows =
    [
        new("GridSample", Since: 16, n => GridSample(n, n.Choice("mode", "bilinear", "bilinear", "nearest", "bicubic"))) { Attributes = Attributes, Precision = Precision.Full },
        new("GridSample", Since: 20, n => GridSample(n, n.Choice("mode", "linear", "linear", "nearest", "cubic"))) { Attributes = Attributes, Precision = Precision.Full },
        new("AffineGrid", Since: 20, AffineGrid) { Attributes = ["align_corners"], Host = [1], Precision = Precision.Full },
    ];

    /// <summary>X[n, c, *in], Grid[n, *out, rank] with places from -1 to 1, the last axis first -> Y[n, c, *out].</summary>
    /// <remarks>libtorch's own knows no bicubic through TorchSharp; here every mode is a sum over taps, for any number of axes.</remarks>
    static Kernel GridSample(OperatorNode n, string mode)
    {
        var corners = n.Flag("align_corners");
        var padding = n.Choice("padding_mode", "zeros", "zeros", "border", "reflection");
        var sampler = new Sampler(mode is "nearest" ? 1 : mode.EndsWith("linear", StringComparison.Ordinal) ? 2 : 4, corners, padding);
        return c =>
        {
            using var scope = NewDisposeScope();
            return [sampler.Sample(c[0], c[1]).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>Theta[n, rank, rank + 1], Size[n, c, *out] -> the grid that an affine map samples at: [n, *out, rank].</summary>
    static Kernel AffineGrid(OperatorNode n)
    {
        var corners = n.Flag("align_corners");
        return c => [functional.affine_grid(c[0], c.Ints(1), corners)];
    }

    /// <summary>How places become elements and weights.</summary>
    /// <param name="Taps">Elements by axis: 1 nearest, 2 linear, 4 cubic.</param>
    /// <param name="Corners">Whether -1 and 1 are the centres of the outermost elements, not their outer edges.</param>
    /// <param name="Padding">What lies outside: zeros, the border, or the reflection.</param>
    sealed record Sampler(int Taps, bool Corners, string Padding)
    {
        const double A = -0.75;

        public Tensor Sample(Tensor x, Tensor grid)
        {
            var (shape, rank) = (x.shape, (int)x.dim() - 2);
            var flat = x.reshape(shape[0], shape[1], -1);
            long[] outer = [.. grid.shape[1..^1]];
            var axes = Enumerable.Range(0, rank).Select(axis => Along(grid.select(-1, rank - 1 - axis).reshape(shape[0], -1), shape[2 + axis])).ToArray();
            Tensor? sum = null;
            var combinations = (int)Math.Pow(Taps, rank);
            for (var i = 0; i < combinations; i++)
            {
                Tensor? index = null, weight = null;
                for (int axis = 0, rest = i; axis < rank; axis++, rest /= Taps)
                {
                    var (place, share) = axes[axis][rest % Taps];
                    index = index is null ? place : index.mul(shape[2 + axis]).add(place);
                    weight = weight is null ? share : weight.mul(share);
                }

                var picked = flat.gather(2, index!.unsqueeze(1).expand(shape[0], shape[1], -1)).mul(weight!.unsqueeze(1));
                sum = sum is null ? picked : sum.add(picked);
            }

            return sum!.reshape([shape[0], shape[1], .. outer]);
        }

        /// <summary>For each tap of one axis the element picked (int64) and its weight.</summary>
        (Tensor Place, Tensor Weight)[] Along(Tensor at, long size)
        {
            var place = Corners ? at.add(1).mul((size - 1) / 2.0) : at.add(1).mul(size).sub(1).div(2);
            if (Taps < 4) place = Inside(place, size);
            var first = Taps == 1 ? place.detach().round() : place.detach().floor();
            // no distance here: its slope at 0, where a place falls on an element, would be taken for 0
            var beyond = place.sub(first);
            return [.. Enumerable.Range(0, Taps).Select(tap =>
            {
                var here = Taps == 4 ? first.add(tap - 1) : first.add(tap);
                var weight = Taps switch { 1 => ones_like(place), 2 => tap == 0 ? beyond.neg().add(1) : beyond, _ => Cubic(place.sub(here).abs()) };
                if (Padding == "zeros") weight = weight.mul(here.ge(0).logical_and(here.le(size - 1)).to_type(weight.dtype));
                else if (Taps == 4) here = Inside(here, size);
                return (here.clamp(0, size - 1).to_type(ScalarType.Int64), weight);
            })];
        }

        Tensor Inside(Tensor place, long size) => Padding switch
        {
            "border" => place.clamp(0, size - 1),
            "reflection" => Reflected(place, size),
            _ => place,
        };

        Tensor Reflected(Tensor place, long size)
        {
            var (low, span) = Corners ? (0.0, (double)(size - 1)) : (-0.5, (double)size);
            if (span == 0) return zeros_like(place);
            var from = place.sub(low).abs();
            var turns = from.detach().div(span).floor();
            var within = from.sub(turns.mul(span));
            return where(turns.remainder(2).eq(0), within, within.neg().add(span)).add(low).clamp(0, size - 1);
        }

        static Tensor Cubic(Tensor d)
        {
            var near = d.mul(A + 2).sub(A + 3).mul(d).mul(d).add(1);
            var far = d.sub(5).mul(d).add(8).mul(d).sub(4).mul(A);
            return where(d.le(1), near, far);
        }
    }
}

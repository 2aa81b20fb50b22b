using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>How a maximum mean discrepancy is estimated.</summary>
/// <param name="Bandwidths">Kernel widths s; null: s0 sqrt{1/4, 1/2, 1, 2, 4} around the median distance s0.</param>
/// <param name="Unbiased">Leave pairs of an image with itself out of each side's own mean, and do not clamp at zero.</param>
internal sealed record MmdOptions(IReadOnlyList<double>? Bandwidths, bool Unbiased = false);

/// <summary>Squared maximum mean discrepancy between the student's batch and each teacher's, with a bank of Gaussian kernels.</summary>
/// <remarks>
/// K(x, y) = sum_s exp(-|x - y|^2 / (2 s^2));
/// MMD_i = relu(1/N^2 [sum K(x, x') + sum K(y_i, y_i') - 2 sum K(x, y_i)]), squared distances clamped to at least 1e-12.
/// Gretton et al., <i>A Kernel Two-Sample Test</i>, JMLR 2012; used on unit vectors of the common space by Luo et al., IJCAI 2019.
/// As that code has it, the estimate is biased (the diagonal is kept): with a width far under the distances its kernel is dead, has no
/// gradient and adds a constant 2/N. Gradient flows to both sides.
/// Switches of ours: the form (<see cref="InForm"/>); <see cref="MmdOptions.Unbiased"/> divides each side's own sum without its diagonal by N (N - 1), the cross sum by
/// N^2, and is 0 for one image; without widths, s0^2 is the median of |x - y|^2 over the pairs of two different images, student's, teacher's and mixed together,
/// for each teacher alone and without gradient. (The published code has an unused branch with a mean of the same pairs.)
/// Distances come from Gram matrices, |x|^2 + |y|^2 - 2 x y, so nothing of size N x N x D is made and the student's own is made once; lengths
/// are divided by in the Gram matrix, not in the vectors;
/// the self-distances are exactly zero this way. In float32 distances under 1e-3 lose their digits, which shows in widths under 0.01.
/// </remarks>
internal static class Mmd
{
    const double SmallestSquare = 1e-12, SmallestLength = 1e-12;
    static readonly double[] Octaves = [0.25, 0.5, 1, 2, 4];

    /// <summary>H[1 + k, n, c, ...], the student's first, as unit vectors in one of the forms -> MMD[k].</summary>
    /// <remarks>Map: all of an image's map as one vector, as published. Pooled: its mean over positions. Location: position by position, the
    /// mean over positions; memory as for one.</remarks>
    public static Tensor InForm(Tensor features, MmdForm form, MmdOptions options)
    {
        using var scope = NewDisposeScope();
        var flat = features.dim() == 3 ? features.unsqueeze(3) : features.flatten(3);
        var result = form switch
        {
            MmdForm.Pooled => ToEach(flat.mean([3]), options, unit: true),
            MmdForm.Location => stack(Enumerable.Range(0, (int)flat.shape[3]).Select(p => ToEach(flat.select(3, p), options, unit: true)).ToArray()).mean([0]),
            _ => ToEach(Rows(flat), options, unit: true),
        };
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>F[k, n, c, p] -> X[k, n, c p], in the order that lies in memory: distances do not depend on it.</summary>
    static Tensor Rows(Tensor flat)
    {
        var channelsLast = flat.transpose(2, 3);
        return (channelsLast.is_contiguous() ? channelsLast : flat).flatten(2);
    }

    /// <summary>X[1 + k, n, d], the student's first -> MMD[k].</summary>
    /// <param name="features">X.</param>
    /// <param name="options">The estimate.</param>
    /// <param name="unit">Of the vectors over their lengths; one of length 0 stays so.</param>
    public static Tensor ToEach(Tensor features, MmdOptions options, bool unit = false)
    {
        using var scope = NewDisposeScope();
        var n = features.shape[1];
        var distances = Distances(features, unit).clamp_min(SmallestSquare);
        var kernel = Kernel(distances, options.Bandwidths);
        var sums = kernel.sum([-2, -1]);
        if (options.Unbiased)
        {
            // one image says nothing of how far two distributions are apart
            if (n == 1) return (sums.select(1, 2) * 0).MoveToOuterDisposeScope();
            var diagonals = kernel.diagonal(0, -2, -1).sum([-1]);
            var pairs = (double)(n * (n - 1));
            var own = (sums - diagonals).narrow(1, 0, 2).sum([1]) / pairs;
            return (own - sums.select(1, 2) * (2.0 / (n * n))).MoveToOuterDisposeScope();
        }
        var biased = (sums.narrow(1, 0, 2).sum([1]) - sums.select(1, 2) * 2) / (double)(n * n);
        return biased.relu().MoveToOuterDisposeScope();
    }

    /// <summary>X[n, d], Y[n, d] -> scalar.</summary>
    public static Tensor Between(Tensor x, Tensor y, MmdOptions options)
    {
        using var scope = NewDisposeScope();
        return ToEach(stack([x, y]), options).squeeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>X[1 + k, n, d] -> squared distances D[k, 3, n, n]: student to student, teacher to teacher, student to teacher.</summary>
    static Tensor Distances(Tensor features, bool unit)
    {
        var (teachers, n) = (features.shape[0] - 1, features.shape[1]);
        var each = features.unbind(0);
        var gram = stack(each.Select(x => x.mm(x.t())).ToArray());
        var products = stack(each.Skip(1).Select(y => each[0].mm(y.t())).ToArray());
        if (unit)
        {
            var inverse = gram.diagonal(0, 1, 2).clamp_min(SmallestLength * SmallestLength).rsqrt();
            gram = gram * inverse.unsqueeze(2) * inverse.unsqueeze(1);
            products = products * inverse.narrow(0, 0, 1).unsqueeze(2) * inverse.narrow(0, 1, teachers).unsqueeze(1);
        }

        var squares = gram.diagonal(0, 1, 2);
        var own = squares.unsqueeze(2) + squares.unsqueeze(1) - gram * 2;
        var cross = squares.narrow(0, 0, 1).unsqueeze(2) + squares.narrow(0, 1, teachers).unsqueeze(1) - products * 2;
        return stack([own.narrow(0, 0, 1).expand(teachers, n, n), own.narrow(0, 1, teachers), cross], 1);
    }

    /// <summary>D[k, 3, n, n] -> the bank's sum K[k, 3, n, n].</summary>
    static Tensor Kernel(Tensor distances, IReadOnlyList<double>? bandwidths)
    {
        if (bandwidths is null)
        {
            var rates = Upload.To(tensor(Octaves.Select(f => -0.5 / f).ToArray(), distances.dtype), distances.device).view(-1, 1, 1, 1, 1);
            return distances.div(MedianSquares(distances)).unsqueeze(0).mul(rates).exp_().sum([0]);
        }
        var factors = Upload.To(tensor(bandwidths.Select(s => -0.5 / (s * s)).ToArray(), distances.dtype), distances.device).view(-1, 1, 1, 1, 1);
        return distances.unsqueeze(0).mul(factors).exp_().sum([0]);
    }

    /// <summary>D[k, 3, n, n] -> the median of each teacher's off-diagonal entries, S[k, 1, 1, 1], detached.</summary>
    static Tensor MedianSquares(Tensor distances)
    {
        var (teachers, n) = (distances.shape[0], distances.shape[3]);
        if (n == 1) return ones(teachers, 1, 1, 1, distances.dtype, distances.device);
        // a row of n * n without its first entry is n - 1 rows of n + 1 whose last entry is the diagonal
        var others = distances.detach().reshape(teachers, 3, n * n).narrow(2, 1, n * n - 1).view(teachers, 3, n - 1, n + 1).narrow(3, 0, n);
        var medians = Enumerable.Range(0, (int)teachers).Select(i => others[i].median()).ToArray();
        return stack(medians).view(-1, 1, 1, 1);
    }
}

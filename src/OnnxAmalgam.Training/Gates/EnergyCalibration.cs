using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Gates;

/// <summary>Each teacher's temperature, scale and offset, fitted on unlabelled images so that energies of different teachers can be compared.</summary>
/// <remarks>
/// g_i(x) = a_i e_i(x) + b_i, e_i = T_i logsumexp(z_i / T_i) - mean z_i, standardised. a_i, b_i and T_i (one of <see cref="Temperatures"/>)
/// minimise the mean over images of -log softmax(g)[o], o being whose the image's cluster says it is: an image's neighbours stand in for
/// the label that there is not. Temperature scaling: Guo et al., ICML 2017 (arXiv 1706.04599), fitted there to labels; energy as a sign of
/// known images: Liu et al., NeurIPS 2020 (arXiv 2010.03759). Temperatures are chosen teacher by teacher, twice round; a and b by gradient
/// descent on at most <see cref="MostImages"/> images, evenly spread.
/// </remarks>
internal static class EnergyCalibration
{
    const int Steps = 150;
    const int Rounds = 2;
    const double Rate = 0.1;
    const double Smallest = 1e-6;
    const long MostImages = 20_000;

    /// <summary>The temperatures tried.</summary>
    public static IReadOnlyList<double> Temperatures { get; } = [0.5, 1, 2, 4, 8];

    /// <summary>Where T = 1 is among them.</summary>
    public const int One = 1;

    /// <summary>z[n, c] -> e[n, temperatures].</summary>
    public static Tensor Energies(Tensor scores)
    {
        using var scope = NewDisposeScope();
        Tensor mean = scores.mean([1]);
        return stack(Temperatures.Select(t => (scores / t).logsumexp(1) * t - mean).ToArray(), 1).MoveToOuterDisposeScope();
    }

    /// <summary>E[n, teachers, temperatures] and whose each image's cluster is, A[n] -> log softmax(g), G[n, teachers]; the caller owns it.</summary>
    public static Tensor LogShares(Tensor energies, Tensor owners)
    {
        using var scope = NewDisposeScope();
        int teachers = (int)energies.shape[1];
        Tensor all = (energies - energies.mean([0])) / energies.std(0, unbiased: false).clamp_min(Smallest);
        long step = Math.Max(1, (all.shape[0] + MostImages - 1) / MostImages);
        Tensor some = all[TensorIndex.Slice(step: step)], theirs = owners[TensorIndex.Slice(step: step)];
        int[] chosen = [.. Enumerable.Repeat(One, teachers)];
        var best = Fit(some, theirs, chosen);
        for (int i = 0; i < Rounds * teachers; i++)
        {
            foreach (int t in Enumerable.Range(0, Temperatures.Count))
            {
                int[] other = [.. chosen];
                other[i % teachers] = t;
                if (t != chosen[i % teachers] && Fit(some, theirs, other) is var fit && fit.Loss < best.Loss - Smallest)
                {
                    (chosen, best) = (other, fit);
                }
            }
        }

        return (At(all, chosen) * best.Scale + best.Offset).log_softmax(1).MoveToOuterDisposeScope();
    }

    /// <summary>Each teacher's energy at its temperature, X[n, teachers].</summary>
    static Tensor At(Tensor energies, int[] temperatures) => stack(temperatures.Select((t, i) => energies.select(1, i).select(1, t)).ToArray(), 1);

    static (Tensor Scale, Tensor Offset, double Loss) Fit(Tensor energies, Tensor owners, int[] temperatures)
    {
        using var scope = NewDisposeScope();
        Tensor x = At(energies, temperatures);
        Tensor own = nn.functional.one_hot(owners, x.shape[1]).to(x.dtype);
        // The gradient of the mean cross-entropy, written out: it is needed where none is recorded.
        Tensor parameters = stack([ones(x.shape[1], x.dtype), zeros(x.shape[1], x.dtype)]), velocity = zeros_like(parameters);
        Tensor Scores() => x * parameters[0] + parameters[1];
        for (int i = 0; i < Steps; i++)
        {
            using var inner = NewDisposeScope();
            Tensor error = Scores().softmax(1) - own;
            Tensor gradient = stack([(error * x).mean([0]), error.mean([0])]);
            velocity.mul_(0.9).add_(gradient);
            parameters.sub_(velocity * Rate);
        }

        double loss = -(Scores().log_softmax(1) * own).sum(1).mean().item<float>();
        return (parameters[0].clone().MoveToOuterDisposeScope(), parameters[1].clone().MoveToOuterDisposeScope(), loss);
    }
}

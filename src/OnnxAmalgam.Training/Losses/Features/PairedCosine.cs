using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>One minus the cosine between student and teacher features of the same image.</summary>
/// <remarks>L_i = mean_n (1 - &lt;u_S[n], u_i[n]&gt;) on unit vectors, 0 to 2 (0 to 1 for features that are not negative). Not part of the
/// published method: it matches pairs, where the discrepancy matches only the batches as sets.</remarks>
internal static class PairedCosine
{
    /// <summary>Unit vectors U[1 + k, n, d], the student's first -> L[k].</summary>
    public static Tensor ToEach(Tensor units)
    {
        using var scope = NewDisposeScope();
        var cosines = (units.narrow(0, 0, 1) * units.narrow(0, 1, units.shape[0] - 1)).sum([-1]);
        return (1 - cosines.mean([1])).MoveToOuterDisposeScope();
    }
}

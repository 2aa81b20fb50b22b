using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Gates;

/// <summary>Whose affair each image is, estimated from what the teachers say of it; no tag and no label is looked at.</summary>
/// <remarks>
/// <list type="bullet">
/// <item><c>energy</c>: e_i(x) = logsumexp z_i - mean z_i, the largest wins. A teacher of larger scale wins too often.</item>
/// <item><c>standardised</c>: e_i standardised over all these images first.</item>
/// <item><c>calibrated</c>: <see cref="EnergyCalibration"/>, <c>density</c>: <see cref="FeatureDensity"/>, <c>statistics</c>:
/// <see cref="NormalisationStatistics"/>, standardised, with the standardised energy for a teacher that has none.</item>
/// <item><c>clusters</c>: the teachers' joint pooled features are clustered by k-means, and the mean evidence of a cluster (standardised
/// energies, or density, or statistics) decides for all of its images: neighbours vote, so that one image's over-confident teacher does not.</item>
/// <item><c>refined</c>: <see cref="RefinedGate"/>.</item>
/// </list>
/// With <c>nobody</c> a share of the images has no owner: those whose largest standardised energy is least, as an energy tells images that a network
/// was trained on from others (Liu et al., NeurIPS 2020, arXiv 2010.03759; there without the mean of the scores, which here takes away an offset that
/// a softmax does not see).
/// </remarks>
internal static class GateEstimate
{
    /// <summary>The teacher (column of the evidence) that each image belongs to: A[n], int64; the caller owns it.</summary>
    public static Tensor Owners(GateEvidence evidence, GateRecipe gate, long seed)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        Tensor owners = gate.Kind switch
        {
            GateKind.Energy => evidence.Energy.argmax(1),
            GateKind.Clusters => ByCluster(evidence, gate, seed),
            GateKind.Refined => RefinedGate.Owners(Shown(evidence, gate.Reads), Clusters(evidence, gate, seed), evidence),
            GateKind.Domain => throw new ArgumentOutOfRangeException(nameof(gate), gate.Kind, "no estimate"),
            GateKind.Calibrated => EnergyCalibration.LogShares(evidence.Energies!, ByCluster(evidence, gate, seed)).argmax(1),
            _ => Shown(evidence, gate.Reads).argmax(1),
        };
        return owners.MoveToOuterDisposeScope();
    }

    /// <summary>The cluster of each image: A[n], int64; the caller owns it.</summary>
    public static Tensor Clusters(GateEvidence evidence, GateRecipe gate, long seed) => KMeans.Assign(evidence.Features, gate.Clusters, seed);

    /// <summary>E[n, teachers]: energies standardised over these images; the caller owns it.</summary>
    public static Tensor Standing(GateEvidence evidence)
    {
        using var scope = NewDisposeScope();
        return Standardised(evidence.Energy).MoveToOuterDisposeScope();
    }

    /// <summary>B[n]: the share of the images whose largest standardised energy is least; the caller owns it.</summary>
    public static Tensor Nobodys(GateEvidence evidence, double share)
    {
        using var scope = NewDisposeScope();
        Tensor order = Standardised(evidence.Energy).amax([1]).argsort();
        Tensor nobodys = zeros(order.shape[0], ScalarType.Bool);
        nobodys.index_fill_(0, order.narrow(0, 0, (long)Math.Floor(share * order.shape[0])), true);
        return nobodys.MoveToOuterDisposeScope();
    }

    /// <summary>E[n, teachers] of a kind, comparable between teachers.</summary>
    static Tensor Shown(GateEvidence evidence, GateEvidenceKind kind) => kind switch
    {
        GateEvidenceKind.Density => FeatureDensity.LogRatios(evidence.Features.split([.. evidence.Widths], 1), evidence.Predicted, Standardised(evidence.Energy).argmax(1)),
        GateEvidenceKind.Statistics => where(evidence.Nearness!.isnan(), Standardised(evidence.Energy), Standardised(evidence.Nearness!)),
        _ => Standardised(evidence.Energy),
    };

    static Tensor Standardised(Tensor energy) => (energy - energy.mean([0])) / energy.std(0, unbiased: false).clamp_min(1e-6);

    static Tensor ByCluster(GateEvidence evidence, GateRecipe gate, long seed) =>
        Shared(Shown(evidence, gate.Reads), Clusters(evidence, gate, seed)).argmax(1);

    /// <summary>Each row's mean over the rows of its group: E[n, teachers], A[n] -> E'[n, teachers].</summary>
    internal static Tensor Shared(Tensor evidence, Tensor group)
    {
        long groups = group.max().item<long>() + 1;
        Tensor sums = zeros([groups, evidence.shape[1]], evidence.dtype).index_add_(0, group, evidence, 1);
        return (sums / group.bincount(null, groups).clamp_min(1).unsqueeze(1)).index_select(0, group);
    }
}

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
/// <item><c>refined</c>: a linear classifier (ridge regression on the joint features) learns the clusters' decisions and decides anew; its
/// own decisions are then learnt again, until they stay. Where two kinds of image are linearly apart they soon stay; where they are not,
/// the decisions drift away from what the teachers said, so without rest after many rounds, or when a teacher has lost more than half of what the
/// clusters gave it, those of an early one are taken.</item>
/// </list>
/// </remarks>
internal static class GateEstimate
{
    const double Ridge = 1e-3;
    const int MostRounds = 50;
    const int EarlyRound = 3;

    /// <summary>The teacher (column of the evidence) that each image belongs to: A[n], int64; the caller owns it.</summary>
    public static Tensor Owners(GateEvidence evidence, GateRecipe gate, long seed)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        Tensor owners = gate.Kind switch
        {
            GateKind.Energy => evidence.Energy.argmax(1),
            GateKind.Clusters => ByCluster(evidence, gate, seed),
            GateKind.Refined => Refined(evidence.Features, ByCluster(evidence, gate, seed), evidence.Energy.shape[1]),
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

    /// <summary>E[n, teachers] of a kind, comparable between teachers.</summary>
    static Tensor Shown(GateEvidence evidence, GateEvidenceKind kind) => kind switch
    {
        GateEvidenceKind.Density => FeatureDensity.LogRatios(evidence.Features.split([.. evidence.Widths], 1), evidence.Predicted!, Standardised(evidence.Energy).argmax(1)),
        GateEvidenceKind.Statistics => where(evidence.Nearness!.isnan(), Standardised(evidence.Energy), Standardised(evidence.Nearness!)),
        _ => Standardised(evidence.Energy),
    };

    static Tensor Standardised(Tensor energy) => (energy - energy.mean([0])) / energy.std(0, unbiased: false).clamp_min(1e-6);

    static Tensor ByCluster(GateEvidence evidence, GateRecipe gate, long seed)
    {
        Tensor cluster = Clusters(evidence, gate, seed);
        Tensor shown = Shown(evidence, gate.Reads);
        Tensor sums = zeros([gate.Clusters, shown.shape[1]], shown.dtype).index_add_(0, cluster, shown, 1);
        return sums.argmax(1).index_select(0, cluster);
    }

    static Tensor Refined(Tensor features, Tensor owners, long teachers)
    {
        Tensor x = cat([features.to(ScalarType.Float64), ones([features.shape[0], 1], ScalarType.Float64)], 1);
        Tensor gram = x.t().matmul(x) / x.shape[0] + Ridge * eye(x.shape[1], dtype: ScalarType.Float64) / x.shape[1];
        Tensor early = owners, least = Counts(owners, teachers) / 2;
        for (int round = 1; round <= MostRounds; round++)
        {
            using var inner = NewDisposeScope();
            Tensor targets = nn.functional.one_hot(owners, teachers).to(ScalarType.Float64);
            Tensor weights = linalg.solve(gram, x.t().matmul(targets) / x.shape[0]);
            Tensor next = x.matmul(weights).argmax(1);
            if (next.equal(owners).all().item<bool>())
            {
                return owners;
            }

            if (Counts(next, teachers).lt(least).any().item<bool>())
            {
                return round > EarlyRound ? early : owners;
            }

            owners = next.MoveToOuterDisposeScope();
            if (round == EarlyRound)
            {
                early = owners;
            }
        }

        return early;
    }

    static Tensor Counts(Tensor owners, long teachers) => owners.bincount(null, teachers);
}

using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Gates;

/// <summary>Whose affair each image is, estimated from what the teachers say of it; no tag and no label is looked at.</summary>
/// <remarks>
/// <list type="bullet">
/// <item><c>energy</c>: e_i(x) = logsumexp z_i - mean z_i, the largest wins. A teacher of larger scale wins too often.</item>
/// <item><c>standardised</c>: e_i standardised over all these images first.</item>
/// <item><c>clusters</c>: the teachers' joint pooled features are clustered by k-means, and the mean standardised energies of a cluster
/// decide for all of its images: neighbours vote, so that one image's over-confident teacher does not.</item>
/// <item><c>refined</c>: a linear classifier (ridge regression on the joint features) learns the clusters' decisions and decides anew; its
/// own decisions are then learnt again, until they stay. It moves the borders that k-means drew through the middle of nothing.</item>
/// </list>
/// </remarks>
internal static class GateEstimate
{
    const double Ridge = 1e-3;
    const int Rounds = 10;

    /// <summary>The teacher (column of the evidence) that each image belongs to: A[n], int64; the caller owns it.</summary>
    public static Tensor Owners(GateEvidence evidence, GateRecipe gate, long seed)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        Tensor owners = gate.Kind switch
        {
            GateKind.Energy => evidence.Energy.argmax(1),
            GateKind.Standardised => Standardised(evidence.Energy).argmax(1),
            GateKind.Clusters => ByCluster(evidence, gate.Clusters, seed),
            GateKind.Refined => Refined(evidence.Features, ByCluster(evidence, gate.Clusters, seed), evidence.Energy.shape[1]),
            _ => throw new ArgumentOutOfRangeException(nameof(gate), gate.Kind, "no estimate"),
        };
        return owners.MoveToOuterDisposeScope();
    }

    static Tensor Standardised(Tensor energy) => (energy - energy.mean([0])) / energy.std(0, unbiased: false).clamp_min(1e-6);

    static Tensor ByCluster(GateEvidence evidence, int clusters, long seed)
    {
        Tensor cluster = KMeans.Assign(evidence.Features, clusters, seed);
        Tensor energy = Standardised(evidence.Energy);
        Tensor sums = zeros([clusters, energy.shape[1]], energy.dtype).index_add_(0, cluster, energy, 1);
        return sums.argmax(1).index_select(0, cluster);
    }

    static Tensor Refined(Tensor features, Tensor owners, long teachers)
    {
        Tensor x = cat([features.to(ScalarType.Float64), ones([features.shape[0], 1], ScalarType.Float64)], 1);
        Tensor gram = x.t().matmul(x) / x.shape[0] + Ridge * eye(x.shape[1], dtype: ScalarType.Float64) / x.shape[1];
        for (int round = 0; round < Rounds; round++)
        {
            Tensor targets = nn.functional.one_hot(owners, teachers).to(ScalarType.Float64);
            Tensor weights = linalg.solve(gram, x.t().matmul(targets) / x.shape[0]);
            Tensor next = x.matmul(weights).argmax(1);
            if (next.equal(owners).all().item<bool>())
            {
                break;
            }

            owners = next;
        }

        return owners;
    }
}

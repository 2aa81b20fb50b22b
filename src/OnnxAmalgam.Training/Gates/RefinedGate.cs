using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Gates;

/// <summary>Whose affair each image is, decided in rounds by what is said of the image itself, of its neighbours, and by a classifier that learns the decisions.</summary>
/// <remarks>
/// said = own + its mean over the image's cluster + its mean over all images that every teacher puts into the same class as this one, own
/// the evidence of the image itself, of mean deviation 1. A linear classifier (ridge regression on the joint features) learns who owns what, and all is
/// decided anew from said + w learnt; then the classifier learns that, until little moves. w is <see cref="Trust"/> over the square of the share of decisions that
/// the classifier could not learn at first: images that come in kinds are linearly apart and neighbours decide; where teachers know things of one
/// kind they are not, and what is said of the image itself goes on counting, so that decisions do not drift away from it. Self-training in
/// the sense of Scudder, 1965, with the first evidence kept.
/// </remarks>
internal static class RefinedGate
{
    const double Ridge = 1e-3;
    const double Trust = 0.07;
    const double LeastUnlearnt = 0.005;
    const double Rest = 1e-4;
    const int MostRounds = 50;

    /// <summary>The teacher (column of the evidence) that each image belongs to: A[n], int64, in the caller's scope.</summary>
    /// <param name="shown">E[n, teachers] of any kind, comparable between teachers.</param>
    /// <param name="clusters">A[n].</param>
    /// <param name="evidence">Joint features and each teacher's class.</param>
    public static Tensor Owners(Tensor shown, Tensor clusters, GateEvidence evidence)
    {
        Tensor wide = shown.to(ScalarType.Float64);
        Tensor own = wide / wide.std(0, unbiased: false).mean().clamp_min(1e-6);
        Tensor said = own + GateEstimate.Shared(own, clusters) + GateEstimate.Shared(own, Alike(evidence.Predicted));
        Func<Tensor, Tensor> learnt = Classifier(evidence.Features.to(ScalarType.Float64), own.shape[1]);
        Tensor owners = said.argmax(1);
        double trust = Trust / Math.Pow(Math.Max(Moved(learnt(owners).argmax(1), owners), LeastUnlearnt), 2);
        for (int round = 0; round < MostRounds; round++)
        {
            using var inner = NewDisposeScope();
            Tensor next = (said + trust * learnt(owners)).argmax(1);
            double moved = Moved(next, owners);
            owners = next.MoveToOuterDisposeScope();
            if (moved < Rest)
            {
                break;
            }
        }

        return owners;
    }

    /// <summary>From decisions A[n] to what a linear classifier of the features F[n, d] that learnt them says: L[n, teachers].</summary>
    static Func<Tensor, Tensor> Classifier(Tensor features, long teachers)
    {
        Tensor x = cat([features, ones([features.shape[0], 1], ScalarType.Float64)], 1);
        Tensor gram = x.t().matmul(x) / x.shape[0] + Ridge * eye(x.shape[1], dtype: ScalarType.Float64) / x.shape[1];
        return decisions =>
        {
            Tensor targets = nn.functional.one_hot(decisions, teachers).to(ScalarType.Float64);
            return x.matmul(linalg.solve(gram, x.t().matmul(targets) / x.shape[0]));
        };
    }

    /// <summary>Numbers the images that all teachers put into the same classes: A[n, teachers] -> A'[n].</summary>
    static Tensor Alike(Tensor predicted) => predicted.unique(dim: 0, sorted: true, return_inverse: true).inverse_indices!;

    static double Moved(Tensor next, Tensor owners) => next.ne(owners).to(ScalarType.Float64).mean().item<double>();
}

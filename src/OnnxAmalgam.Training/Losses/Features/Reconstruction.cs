using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>Mean squared error between a teacher's feature and what the common space rebuilds of it.</summary>
/// <remarks>
/// L_i = mean over all elements of (decoder_i(h_i) - F_i)^2. Luo et al., IJCAI 2019. It trains aligner, extractor and decoder of the
/// teacher's side only and keeps the common space from collapsing; the student's network gets no gradient from it. Depends on the scale
/// of F_i, as published: a teacher with larger activations weighs more, unless features are standardised first.
/// The paper weighs this and the discrepancy apart; its code uses one factor for both.
/// </remarks>
internal static class Reconstruction
{
    /// <summary>Rebuilt F[n, c, ...], the teacher's F[n, c, ...] -> scalar.</summary>
    public static Tensor MeanSquaredError(Tensor rebuilt, Tensor feature) => nn.functional.mse_loss(rebuilt, feature);
}

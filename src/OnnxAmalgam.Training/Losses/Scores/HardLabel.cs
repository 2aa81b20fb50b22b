using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Scores;

/// <summary>Cross-entropy to true labels, for the images that have one.</summary>
/// <remarks>L = -mean over labelled n of log softmax(z_S)[n, y_n]; zero for a batch without labels (torch's own mean is NaN there).</remarks>
internal static class HardLabel
{
    /// <summary>z_S[n, labels], y[n] (int64 index into the union, negative: no label) -> scalar.</summary>
    public static Tensor CrossEntropy(Tensor logits, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var labelled = labels.ge(0);
        var scores = nn.functional.log_softmax(logits, 1).gather(1, labels.clamp_min(0).unsqueeze(1)).squeeze(1);
        var count = labelled.sum().clamp_min(1);
        return ((scores * labelled).sum() / count).neg().MoveToOuterDisposeScope();
    }
}

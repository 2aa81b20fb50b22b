using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Contrast;

/// <summary>The teachers' target as labels.</summary>
internal static class PseudoLabels
{
    /// <summary>p_T[n, labels] -> Y[n, labels] (bool). A label of probability 0 is never given: an image without target has none.</summary>
    public static Tensor Of(PseudoLabelRule rule, Tensor target)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var possible = target.gt(0);
        var chosen = rule switch
        {
            ThresholdLabels threshold => target.ge(threshold.Least),
            TopLabels top => Highest(target, top.Count),
            _ => Highest(target, 1),
        };
        return chosen.logical_and(possible).MoveToOuterDisposeScope();
    }

    static Tensor Highest(Tensor target, int count)
    {
        var places = target.topk(count, 1).indexes;
        return zeros_like(target, ScalarType.Bool).scatter(1, places, ones_like(places, ScalarType.Bool));
    }
}

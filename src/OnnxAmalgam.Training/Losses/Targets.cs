using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses;

/// <summary>One distribution over the union of labels from the teachers' scores: the label spaces of <see cref="Recipes.LabelMode"/>
/// whose target is a distribution (the restricted one is a loss of its own, <see cref="Scores.RestrictedTarget"/>).</summary>
/// <remarks>In all of them z_i[n, classes_i] are scores before any softmax, and <c>places[i]</c>[classes_i] (int64) says which label of the
/// union each class is. Nothing here has a gradient.</remarks>
internal static class Targets
{
    /// <summary>p_T = softmax([z_1 z_2 ...] / T): as published. Labels that teachers share stay apart.</summary>
    /// <remarks>Scores of softmaxes that were never trained together share one, so the teacher of larger scale or more confidence wins
    /// an image whosever it is.</remarks>
    public static Tensor Concatenated(IReadOnlyList<Tensor> logits, double temperature)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return nn.functional.softmax(cat([.. logits], 1) / temperature, 1).MoveToOuterDisposeScope();
    }

    /// <summary>p_T = softmax(c / T), c = the mean over a label's classes of z_i - logsumexp(z_i).</summary>
    public static Tensor Joint(IReadOnlyList<Tensor> logits, IReadOnlyList<Tensor> places, int labels, double temperature)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var sum = logits[0].new_zeros(logits[0].shape[0], labels);
        var count = logits[0].new_zeros(labels);
        foreach (var (z, place) in logits.Zip(places))
        {
            sum.index_add_(1, place, nn.functional.log_softmax(z, 1), 1);
            count.index_add_(0, place, count.new_ones(place.shape[0]), 1);
        }
        return nn.functional.softmax(sum / count / temperature, 1).MoveToOuterDisposeScope();
    }

    /// <summary>p_T = sum_i w_i softmax(z_i / T) at teacher i's labels; classes of one label are summed.</summary>
    /// <param name="logits">z_i.</param>
    /// <param name="places">Labels of each teacher's classes.</param>
    /// <param name="labels">Size of the union.</param>
    /// <param name="weights">w[n, teachers]: how much of image n is each teacher's affair; rows sum to 1, or to 0 for an image without target.</param>
    /// <param name="temperature">T.</param>
    public static Tensor Gated(IReadOnlyList<Tensor> logits, IReadOnlyList<Tensor> places, int labels, Tensor weights, double temperature)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var target = logits[0].new_zeros(logits[0].shape[0], labels);
        foreach (var (i, (z, place)) in logits.Zip(places).Index())
            target.index_add_(1, place, nn.functional.softmax(z / temperature, 1) * weights.narrow(1, i, 1), 1);
        return target.MoveToOuterDisposeScope();
    }

    /// <summary>p_i = softmax(z_i / T) over the teacher's own labels, classes of one label summed: [n, task].</summary>
    /// <param name="logits">z_i.</param>
    /// <param name="places">Position within the task of each class.</param>
    /// <param name="labels">Size of the task.</param>
    /// <param name="temperature">T.</param>
    public static Tensor Task(Tensor logits, Tensor places, int labels, double temperature)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var target = logits.new_zeros(logits.shape[0], labels);
        return target.index_add_(1, places, nn.functional.softmax(logits / temperature, 1), 1).MoveToOuterDisposeScope();
    }
}

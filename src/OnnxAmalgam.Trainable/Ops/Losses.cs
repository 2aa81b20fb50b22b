using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Losses that a graph may end in.</summary>
internal static class Losses
{
    static readonly string[] Attributes = ["ignore_index", "reduction"];

    public static readonly Operator[] Rows =
    [
        new("NegativeLogLikelihoodLoss", Since: 12, NegativeLogLikelihood) { Attributes = Attributes, Precision = Precision.Full },
        new("SoftmaxCrossEntropyLoss", Since: 12, SoftmaxCrossEntropy) { Attributes = Attributes, MaxOutputs = 2, Precision = Precision.Full },
    ];

    /// <summary>LogProbabilities[n, classes, *], Targets[n, *], ClassWeights[classes]? -> the loss of each element, or their sum or mean.</summary>
    static Kernel NegativeLogLikelihood(OperatorNode n)
    {
        var loss = Loss(n);
        return c =>
        {
            using var scope = NewDisposeScope();
            return [loss(c[0], c[1], c.Optional(2)).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>Scores[n, classes, *], Labels[n, *], ClassWeights[classes]? -> the loss as above, and the logarithms of the softmax.</summary>
    static Kernel SoftmaxCrossEntropy(OperatorNode n)
    {
        var loss = Loss(n);
        return c =>
        {
            using var scope = NewDisposeScope();
            var logarithms = c[0].log_softmax(1);
            var result = loss(logarithms, c[1], c.Optional(2));
            return [result.MoveToOuterDisposeScope(), logarithms.MoveToOuterDisposeScope()];
        };
    }

    /// <remarks>The mean is over the class weights of the targets that are not ignored.</remarks>
    static Func<Tensor, Tensor, Tensor?, Tensor> Loss(OperatorNode n)
    {
        var (ignored, reduction) = (n.Int("ignore_index"), n.Choice("reduction", "mean", "none", "sum", "mean"));
        return (logarithms, targets, classWeights) =>
        {
            var places = targets.to_type(ScalarType.Int64);
            var counts = ignored is { } index ? places.ne(index) : ones_like(places, ScalarType.Bool);
            places = places.masked_fill(counts.logical_not(), 0);
            var picked = logarithms.gather(1, places.unsqueeze(1)).squeeze(1).neg();
            var weights = classWeights is null ? counts.to_type(picked.dtype) : classWeights.index_select(0, places.flatten()).reshape(places.shape).mul(counts.to_type(picked.dtype));
            var losses = picked.mul(weights);
            return reduction switch { "none" => losses, "sum" => losses.sum(), _ => losses.sum().div(weights.sum()) };
        };
    }
}

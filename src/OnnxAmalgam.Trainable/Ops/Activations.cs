using OnnxAmalgam.Trainable.Operators;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Activation functions, softmax and dropout.</summary>
internal static class Activations
{
    public static readonly Operator[] Rows =
    [
        Arithmetic.Unary("Relu", 6, x => x.relu()) with { Overwrite = (c, input) => c[input].relu_() },
        Arithmetic.Unary("Sigmoid", 6, x => x.sigmoid()),
        Arithmetic.Unary("HardSwish", 14, x => functional.hardswish(x)),
        Arithmetic.Unary("Softplus", 1, x => functional.softplus(x)) with { Precision = Precision.Full },
        Arithmetic.Unary("Softsign", 1, Softsign),
        Arithmetic.Unary("Mish", 18, x => functional.mish(x)),
        Arithmetic.Unary("Identity", 1, x => x.alias()) with { IsExactInInt64 = true },
        new("LeakyRelu", Since: 6, LeakyRelu) { Attributes = ["alpha"] },
        new("ThresholdedRelu", Since: 10, ThresholdedRelu) { Attributes = ["alpha"] },
        new("Shrink", Since: 9, Shrink) { Attributes = ["bias", "lambd"] },
        new("PRelu", Since: 7, _ => PRelu) { Weights = [1] },
        new("Elu", Since: 6, Elu) { Attributes = ["alpha"] },
        new("Celu", Since: 12, Celu) { Attributes = ["alpha"] },
        new("Selu", Since: 6, Selu) { Attributes = ["alpha", "gamma"] },
        new("HardSigmoid", Since: 6, HardSigmoid) { Attributes = ["alpha", "beta"] },
        new("Gelu", Since: 20, Gelu) { Attributes = ["approximate"] },
        new("Clip", Since: 6, ClipByAttributes) { Attributes = ["min", "max"] },
        new("Clip", Since: 11, ClipByInputs) { Host = [1, 2] },
        new("Softmax", Since: 1, n => Flattened(n, x => x.softmax(1))) { Attributes = ["axis"], Precision = Precision.Full },
        new("Softmax", Since: 13, n => OnAxis(n, (x, axis) => x.softmax(axis))) { Attributes = ["axis"], Precision = Precision.Full },
        new("LogSoftmax", Since: 1, n => Flattened(n, x => x.log_softmax(1))) { Attributes = ["axis"], Precision = Precision.Full },
        new("LogSoftmax", Since: 13, n => OnAxis(n, (x, axis) => x.log_softmax(axis))) { Attributes = ["axis"], Precision = Precision.Full },
        new("Hardmax", Since: 1, n => Flattened(n, x => Hardmax(x, 1))) { Attributes = ["axis"] },
        new("Hardmax", Since: 13, n => OnAxis(n, Hardmax)) { Attributes = ["axis"] },
        new("Dropout", Since: 7, DropoutByAttribute) { Attributes = ["ratio"], DependsOnMode = true, Refuses = "the mask" },
        new("Dropout", Since: 12, DropoutByInput) { Attributes = ["seed"], Ignored = ["seed"], Host = [1, 2], MaxOutputs = 2, DependsOnMode = true, ToEvaluationForm = DropoutInEvaluation },
    ];

    /// <summary>X -> X / (1 + |X|).</summary>
    static Tensor Softsign(Tensor x)
    {
        using var absolute = x.abs();
        using var divisor = absolute.add(1);
        return x.div(divisor);
    }

    /// <summary>X -> X where positive, else <c>alpha</c> X.</summary>
    static Kernel LeakyRelu(OperatorNode n)
    {
        var alpha = n.Float("alpha", 0.01f).ToScalar();
        return c => [c[0].leaky_relu(alpha)];
    }

    /// <summary>X -> X where above <c>alpha</c>, else 0.</summary>
    static Kernel ThresholdedRelu(OperatorNode n)
    {
        var (alpha, zero) = (n.Float("alpha", 1).ToScalar(), 0.ToScalar());
        return c => [c[0].threshold(alpha, zero)];
    }

    /// <summary>X -> X - <c>bias</c> above <c>lambd</c>, X + <c>bias</c> below -<c>lambd</c>, else 0.</summary>
    static Kernel Shrink(OperatorNode n)
    {
        var (bias, lambda) = (n.Float("bias", 0), n.Float("lambd", 0.5f));
        return c =>
        {
            using var scope = NewDisposeScope();
            var above = c[0].sub(bias).masked_fill(c[0].le(lambda), 0);
            return [above.add(c[0].add(bias).masked_fill(c[0].ge(-lambda), 0)).to_type(c[0].dtype).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>X[n, c, *], Slope that broadcasts to X -> X where positive, else Slope X. libtorch's own takes a slope per channel only.</summary>
    static Tensor[] PRelu(NodeCall c)
    {
        using var positive = c[0].relu();
        using var negative = c[0].clamp_max(0);
        using var sloped = negative.mul(c[1]);
        return [positive.add(sloped)];
    }

    /// <summary>X -> X where positive, else <c>alpha</c> (exp X - 1).</summary>
    static Kernel Elu(OperatorNode n)
    {
        var (alpha, one) = (n.Float("alpha", 1).ToScalar(), 1.ToScalar());
        return c => [c[0].elu(alpha, one, one)];
    }

    /// <summary>X -> max(0, X) + min(0, <c>alpha</c> (exp(X / <c>alpha</c>) - 1)).</summary>
    static Kernel Celu(OperatorNode n)
    {
        var alpha = n.Float("alpha", 1).ToScalar();
        return c => [c[0].celu(alpha)];
    }

    /// <summary>X -> <c>gamma</c> X where positive, else <c>gamma</c> <c>alpha</c> (exp X - 1).</summary>
    static Kernel Selu(OperatorNode n)
    {
        var (alpha, gamma, one) = (n.Float("alpha", 1.67326319217681884765625f).ToScalar(), n.Float("gamma", 1.05070102214813232421875f).ToScalar(), 1.ToScalar());
        return c => [c[0].elu(alpha, gamma, one)];
    }

    /// <summary>X -> max(0, min(1, <c>alpha</c> X + <c>beta</c>)); libtorch's own has a slope of 1/6, ONNX's default is 0.2.</summary>
    static Kernel HardSigmoid(OperatorNode n)
    {
        var (alpha, beta, zero, one) = (n.Float("alpha", 0.2f).ToScalar(), n.Float("beta", 0.5f).ToScalar(), 0.ToScalar(), 1.ToScalar());
        return c =>
        {
            using var scaled = c[0].mul(alpha);
            using var line = scaled.add(beta);
            return [line.clamp(zero, one)];
        };
    }

    /// <summary>X -> X Phi(X), exactly or by the tanh formula.</summary>
    static Kernel Gelu(OperatorNode n) => n.Choice("approximate", "none", "none", "tanh") == "tanh"
        ? c => [functional.gelu(c[0], TorchSharp.Modules.GELU.Approximate.tanh)]
        : c => [functional.gelu(c[0])];

    /// <summary>X -> X within limits that are attributes.</summary>
    static Kernel ClipByAttributes(OperatorNode n)
    {
        var (min, max) = (n.Float("min")?.ToScalar(), n.Float("max")?.ToScalar());
        return c => [Clamp(c[0], min, max)];
    }

    /// <summary>X, Min?, Max? (one element each) -> X within limits. Where Min is over Max, every element is Max.</summary>
    static Kernel ClipByInputs(OperatorNode _)
    {
        var (min, max) = (new KeptScalar(), new KeptScalar());
        return c =>
        {
            if (c.Optional(1) is { requires_grad: true } || c.Optional(2) is { requires_grad: true }) return [ClipByTensors(c)];
            var whole = !FloatTypes.IsFloat(c[0].dtype);
            return [Clamp(c[0], c.Has(1) ? min.Of(c.Numbers(1)[0], whole) : null, c.Has(2) ? max.Of(c.Numbers(2)[0], whole) : null)];
        };
    }

    /// <summary>Limits that are computed of something that learns.</summary>
    static Tensor ClipByTensors(NodeCall c)
    {
        using var scope = NewDisposeScope();
        var x = c[0];
        if (c.Optional(1) is { } min) x = x.maximum(min.reshape([]));
        if (c.Optional(2) is { } max) x = x.minimum(max.reshape([]));
        return x.MoveToOuterDisposeScope();
    }

    static Tensor Clamp(Tensor x, Scalar? min, Scalar? max) =>
        min is null && max is null ? x.alias() : x.clamp(min, max);

    /// <summary>Before opset 13: X flattened to [prod(dims before axis), rest], the function along the second, and back.</summary>
    static Kernel Flattened(OperatorNode n, Func<Tensor, Tensor> function)
    {
        var axis = n.Int("axis", 1);
        return c =>
        {
            var shape = c[0].shape;
            var rows = shape.AsSpan(0, (int)Axes.Normal(axis, shape.Length)).ToArray().Aggregate(1L, (a, b) => a * b);
            using var matrix = c[0].reshape(rows, shape.Aggregate(1L, (a, b) => a * b) / Math.Max(rows, 1));
            using var result = function(matrix);
            return [result.reshape(shape)];
        };
    }

    /// <summary>From opset 13: the function along <c>axis</c> (default the last).</summary>
    static Kernel OnAxis(OperatorNode n, Func<Tensor, long, Tensor> function)
    {
        var axis = n.Int("axis", -1);
        return c => [function(c[0], axis)];
    }

    /// <summary>1 at the first largest element along the axis, else 0.</summary>
    static Tensor Hardmax(Tensor x, long axis)
    {
        using var scope = NewDisposeScope();
        var first = x.argmax(axis, keepdim: true);
        return zeros_like(x).scatter(axis, first, ones(first.shape, x.dtype, x.device)).MoveToOuterDisposeScope();
    }

    /// <summary>In training mode zeroes elements with probability <c>ratio</c> and scales the rest; else X as it is.</summary>
    static Kernel DropoutByAttribute(OperatorNode n)
    {
        var ratio = n.Float("ratio", 0.5f);
        return c => Dropout(c, ratio);
    }

    /// <summary>Data, Ratio?, TrainingMode? -> as above, and which elements are kept. The module's mode decides; the seed is ignored, torch's generator draws.</summary>
    static Kernel DropoutByInput(OperatorNode _) => c =>
    {
        var ratio = c.Has(1) ? c.Numbers(1)[0] : 0.5;
        return c.OutputCount == 1 ? Dropout(c, ratio) : DropoutWithMask(c, c.Training ? ratio : 0);
    };

    static Tensor[] DropoutWithMask(NodeCall c, double ratio)
    {
        using var scope = NewDisposeScope();
        var kept = ratio > 0 ? rand_like(c[0]).ge(ratio) : ones_like(c[0], ScalarType.Bool);
        var result = ratio > 0 ? c[0].mul(kept).div(1 - ratio) : c[0].alias();
        return [result.MoveToOuterDisposeScope(), kept.MoveToOuterDisposeScope()];
    }

    static Tensor[] Dropout(NodeCall c, double ratio) =>
        [c.Training && ratio > 0 ? functional.dropout(c[0], ratio, training: true) : c[0].alias()];

    static void DropoutInEvaluation(Onnx.NodeProto node)
    {
        while (node.Input.Count > 2) node.Input.RemoveAt(2);
    }
}

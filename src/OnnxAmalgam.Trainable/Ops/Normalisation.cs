using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Normalisations.</summary>
internal static class Normalisation
{
    const string NarrowStash = "`stash_type` other than float32";

    public static readonly Operator[] Rows =
    [
        BatchNorm(7, "epsilon", "momentum", "spatial") with { Refuses = "`spatial=0`, outputs after the first" },
        BatchNorm(9, "epsilon", "momentum"),
        BatchNorm(14, "epsilon", "momentum", "training_mode") with { Ignored = ["training_mode"] },
        new("InstanceNormalization", Since: 6, InstanceNormalization) { Weights = [1, 2], Attributes = ["epsilon"], Precision = Precision.Full },
        new("LayerNormalization", Since: 1, LayerNormalization) { Weights = [1, 2], Attributes = ["axis", "epsilon", "stash_type"], MaxOutputs = 3, Precision = Precision.Full, Refuses = NarrowStash },
        new("GroupNormalization", Since: 18, n => GroupNormalization(n, perGroup: true)) { Weights = [1, 2], Attributes = ["epsilon", "num_groups"], Precision = Precision.Full },
        new("GroupNormalization", Since: 21, n => GroupNormalization(n, perGroup: false)) { Weights = [1, 2], Attributes = ["epsilon", "num_groups", "stash_type"], Precision = Precision.Full, Refuses = NarrowStash },
        new("RMSNormalization", Since: 23, RmsNormalization) { Weights = [1], Attributes = ["axis", "epsilon", "stash_type"], Precision = Precision.Full, Refuses = NarrowStash },
        new("SimplifiedLayerNormalization", Since: 1, RmsNormalization) { Weights = [1], Attributes = ["axis", "epsilon", "stash_type"], Precision = Precision.Full, Refuses = NarrowStash },
        new("LRN", Since: 1, Lrn) { Attributes = ["alpha", "beta", "bias", "size"], Precision = Precision.Full },
        new("LpNormalization", Since: 1, LpNormalization) { Attributes = ["axis", "p"], Precision = Precision.Full },
        new("MeanVarianceNormalization", Since: 9, MeanVarianceNormalization) { Attributes = ["axes"], Precision = Precision.Full },
    ];

    static Operator BatchNorm(int since, params string[] attributes) => new("BatchNormalization", since, BatchNormalization)
    {
        Weights = [1, 2],
        Buffers = [3, 4],
        Attributes = attributes,
        DependsOnMode = true,
        LeavesOutput = true,
        Precision = Precision.Mixed,
        ToEvaluationForm = BatchNormalizationInEvaluation,
        Refuses = "outputs after the first (where they are used)",
    };

    /// <remarks>X[n, c, *], Scale/Bias/Mean/Var[c] -> Y like X. ONNX's momentum is the share of the old mean, torch's of the new. In training
    /// mode the batch's own statistics normalise, and the running variance takes the unbiased one, as in torch.</remarks>
    static Kernel BatchNormalization(OperatorNode n)
    {
        var (epsilon, momentum) = (n.Float("epsilon", 1e-5f), 1 - (double)n.Float("momentum", 0.9f));
        if (n.Declares("spatial") && n.Int("spatial", 1) != 1)
            throw OperatorNode.Refuse("spatial", "1", "0");
        return c => [functional.batch_norm(c[0], c[3], c[4], c[1], c[2], c.Training, momentum, epsilon)];
    }

    static void BatchNormalizationInEvaluation(Onnx.NodeProto node)
    {
        foreach (var mode in node.Attribute.Where(attribute => attribute.Name == "training_mode"))
        {
            mode.I = 0;
            mode.ClearRefAttrName();
        }

        while (node.Output.Count > 1) node.Output.RemoveAt(1);
    }

    /// <summary>X[n, c, *], Scale/Bias[c] -> each channel of each sample over its own mean and deviation.</summary>
    static Kernel InstanceNormalization(OperatorNode n)
    {
        var epsilon = n.Float("epsilon", 1e-5f);
        return c => [functional.instance_norm(c[0], null, null, c[1], c[2], use_input_stats: true, momentum: 0, epsilon)];
    }

    /// <summary>X, Scale and Bias? that broadcast to X's axes from <c>axis</c> on -> X over mean and deviation along those axes.</summary>
    /// <remarks>ONNX has it from opset 17; ONNX Runtime's optimiser writes it (and SimplifiedLayerNormalization) at any opset.</remarks>
    static Kernel LayerNormalization(OperatorNode n)
    {
        var (axis, epsilon) = (n.Int("axis", -1), n.Float("epsilon", 1e-5f));
        RefuseNarrowStash(n);
        return c =>
        {
            if (c.OutputCount > 1) return WithStatistics(c, axis, epsilon);
            var shape = c[0].shape[(int)Axes.Normal(axis, (int)c[0].dim())..];
            if (c[1].shape.AsSpan().SequenceEqual(shape) && (c.Optional(2) is not { } bias || bias.shape.AsSpan().SequenceEqual(shape)))
                return [functional.layer_norm(c[0], shape, c[1], c.Optional(2), epsilon)];
            using var scope = NewDisposeScope();
            var result = functional.layer_norm(c[0], shape, null, null, epsilon).mul(c[1]);
            return [(c.Optional(2) is { } offset ? result.add(offset) : result).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>As above, and the mean and 1/deviation, each [*, 1...].</summary>
    static Tensor[] WithStatistics(NodeCall c, long axis, double epsilon)
    {
        using var scope = NewDisposeScope();
        var axes = From(axis, (int)c[0].dim());
        var mean = c[0].mean(axes, keepdim: true);
        var centred = c[0].sub(mean);
        var inverse = centred.square().mean(axes, keepdim: true).add(epsilon).rsqrt();
        var result = centred.mul(inverse).mul(c[1]);
        if (c.Optional(2) is { } bias) result = result.add(bias);
        return [result.MoveToOuterDisposeScope(), mean.MoveToOuterDisposeScope(), inverse.MoveToOuterDisposeScope()];
    }

    static long[] From(long axis, int rank) => [.. Enumerable.Range(0, rank).Select(i => (long)i).Where(i => i >= Axes.Normal(axis, rank))];

    /// <summary>X[n, c, *], Scale/Bias[groups] (opset 18) or [c] (from 21) -> each group of channels over its own mean and deviation.</summary>
    static Kernel GroupNormalization(OperatorNode n, bool perGroup)
    {
        var (epsilon, groups) = (n.Float("epsilon", 1e-5f), n.Int("num_groups", 0));
        if (!perGroup) RefuseNarrowStash(n);
        return c =>
        {
            if (!perGroup) return [functional.group_norm(c[0], groups, c[1], c[2], epsilon)];
            using var scale = c[1].repeat_interleave(c[0].shape[1] / groups);
            using var bias = c[2].repeat_interleave(c[0].shape[1] / groups);
            return [functional.group_norm(c[0], groups, scale, bias, epsilon)];
        };
    }

    /// <summary>X, Scale that broadcasts to X's axes from <c>axis</c> on -> Scale X / sqrt(mean(X^2) + <c>epsilon</c>).</summary>
    static Kernel RmsNormalization(OperatorNode n)
    {
        var (axis, epsilon) = (n.Int("axis", -1), n.Float("epsilon", 1e-5f));
        RefuseNarrowStash(n);
        return c => [Rms(c[0], c[1], axis, epsilon)];
    }

    internal static Tensor Rms(Tensor x, Tensor scale, long axis, double epsilon)
    {
        using var scope = NewDisposeScope();
        var root = x.square().mean(From(axis, (int)x.dim()), keepdim: true).add(epsilon).rsqrt();
        return x.mul(root).mul(scale).MoveToOuterDisposeScope();
    }

    /// <summary>X[n, c, *] -> X / (<c>bias</c> + <c>alpha</c>/<c>size</c> sum of squares over <c>size</c> neighbouring channels)^<c>beta</c>.</summary>
    /// <remarks>Written out: for an even size libtorch puts the odd neighbour on the other side.</remarks>
    static Kernel Lrn(OperatorNode n)
    {
        var (alpha, beta, bias) = (n.Float("alpha", 1e-4f), n.Float("beta", 0.75f), n.Float("bias", 1));
        var size = n.Int("size") ?? throw OperatorNode.Refuse("size", "a number of channels", "none");
        return c =>
        {
            using var scope = NewDisposeScope();
            var flat = c[0].square().flatten(2).unsqueeze(1);
            var padded = functional.pad(flat, [0, 0, (size - 1) / 2, size - 1 - ((size - 1) / 2)], TorchSharp.PaddingModes.Constant, 0);
            var sums = functional.avg_pool2d(padded, [size, 1], [1, 1]).squeeze(1).mul(alpha).add(bias).pow(beta);
            return [c[0].div(sums.reshape(c[0].shape)).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>X -> X over its norm of order <c>p</c> (1 or 2) along <c>axis</c>; 0 where the norm is 0.</summary>
    static Kernel LpNormalization(OperatorNode n)
    {
        var (axis, p) = (n.Int("axis", -1), n.Int("p", 2));
        if (p is not (1 or 2)) throw OperatorNode.Refuse("p", "1 or 2", $"{p}");
        return c =>
        {
            using var scope = NewDisposeScope();
            var norm = p == 1 ? c[0].abs().sum(axis, keepdim: true) : Roots.Of(c[0].square().sum(axis, keepdim: true), 2);
            var safe = norm.masked_fill(norm.eq(0), 1);
            return [c[0].div(safe).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>X -> (X - mean) / (deviation + 1e-9) along <c>axes</c> (default 0, 2, 3).</summary>
    static Kernel MeanVarianceNormalization(OperatorNode n)
    {
        var axes = n.Ints("axes") ?? [0, 2, 3];
        return c =>
        {
            using var scope = NewDisposeScope();
            var centred = c[0].sub(c[0].mean(axes, keepdim: true));
            var deviation = Roots.Of(centred.square().mean(axes, keepdim: true), 2).add(1e-9);
            return [centred.div(deviation).MoveToOuterDisposeScope()];
        };
    }

    static void RefuseNarrowStash(OperatorNode n)
    {
        if (n.Int("stash_type", 1) is not 1 and var type) throw OperatorNode.Refuse("stash_type", "1 (float32)", $"{type}");
    }
}

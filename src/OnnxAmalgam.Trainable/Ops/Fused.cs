using OnnxAmalgam.Trainable.Operators;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>What ONNX Runtime's optimiser puts in the place of several nodes, in its own domain.</summary>
internal static class Fused
{
    const string Microsoft = "com.microsoft";

    static readonly string[] ActivationNames = ["", "Relu", "Sigmoid", "Tanh", "LeakyRelu", "Clip", "HardSigmoid"];

    public static readonly Operator[] Rows =
    [
        new("FusedMatMul", Since: 1, FusedMatMul) { Domain = Microsoft, Weights = [0, 1], Attributes = ["alpha", "transA", "transB", "transBatchA", "transBatchB"], Refuses = "`transBatchA=1`, `transBatchB=1`" },
        new("FusedConv", Since: 1, FusedConv) { Domain = Microsoft, Weights = [1, 2], Attributes = [.. Window.Attributes, "group", "activation", "activation_params"] },
        new("FusedGemm", Since: 1, FusedGemm) { Domain = Microsoft, Weights = [0, 1, 2], Attributes = ["alpha", "beta", "transA", "transB", "activation", "activation_alpha", "activation_beta"] },
        new("Gelu", Since: 1, _ => c => [functional.gelu(c[0])]) { Domain = Microsoft },
        new("FastGelu", Since: 1, _ => FastGelu) { Domain = Microsoft, Weights = [1] },
        new("BiasGelu", Since: 1, _ => BiasGelu) { Domain = Microsoft, Weights = [1] },
        new("QuickGelu", Since: 1, QuickGelu) { Domain = Microsoft, Attributes = ["alpha"] },
        new("SkipLayerNormalization", Since: 1, n => Skip(n, bias: 4, (x, c, epsilon) => functional.layer_norm(x, c[2].shape, c[2], c.Optional(3), epsilon)))
            { Domain = Microsoft, Weights = [2, 3, 4], Attributes = ["epsilon"], MaxOutputs = 4, Precision = Precision.Full, Refuses = "the outputs mean and inv_std_var" },
        new("SkipSimplifiedLayerNormalization", Since: 1, n => Skip(n, bias: 3, (x, c, epsilon) => Normalisation.Rms(x, c[2], -1, epsilon)))
            { Domain = Microsoft, Weights = [2, 3], Attributes = ["epsilon"], MaxOutputs = 4, Precision = Precision.Full, Refuses = "the outputs mean and inv_std_var" },
    ];

    /// <summary>A[*, m, k] and B[*, k, n], either of them transposed -> <c>alpha</c> A B.</summary>
    static Kernel FusedMatMul(OperatorNode n)
    {
        var alpha = n.Float("alpha", 1);
        var (transA, transB) = (n.Flag("transA"), n.Flag("transB"));
        foreach (var batch in (string[])["transBatchA", "transBatchB"])
        {
            if (n.Flag(batch)) throw OperatorNode.Refuse(batch, "0", "1");
        }

        return c =>
        {
            using var scope = NewDisposeScope();
            var (a, b) = (Turned(c[0], transA), Turned(c[1], transB));
            var result = LinearAlgebra.Product(a, b);
            return [(alpha == 1 ? result : result.mul(alpha)).MoveToOuterDisposeScope()];
        };
    }

    static Tensor Turned(Tensor x, bool turn) => turn && x.dim() > 1 ? x.transpose(-1, -2) : x;

    /// <summary>Conv's inputs and Z? -> activation(Conv(X, W, B) + Z).</summary>
    static Kernel FusedConv(OperatorNode n)
    {
        var parameters = n.Floats32("activation_params") ?? [];
        return Activated(Convolutions.Conv(n), n.Choice("activation", "", ActivationNames), parameters, sum: 3);
    }

    /// <summary>Gemm's inputs -> activation(Gemm(A, B, C)).</summary>
    static Kernel FusedGemm(OperatorNode n)
    {
        float?[] parameters = [n.Float("activation_alpha"), n.Float("activation_beta")];
        return Activated(LinearAlgebra.Gemm(n), n.Choice("activation", "", ActivationNames), [.. parameters.OfType<float>()], sum: int.MaxValue);
    }

    static Kernel Activated(Kernel inner, string activation, float[] parameters, int sum)
    {
        var (alpha, beta) = (parameters.ElementAtOrDefault(0), parameters.ElementAtOrDefault(1));
        Func<Tensor, Tensor> function = activation switch
        {
            "Relu" => x => x.relu(),
            "Sigmoid" => x => x.sigmoid(),
            "Tanh" => x => x.tanh(),
            "LeakyRelu" => x => functional.leaky_relu(x, alpha),
            "Clip" => x => x.clamp(alpha, beta),
            "HardSigmoid" => x => x.mul(alpha).add(beta).clamp(0, 1),
            _ => x => x.alias(),
        };
        return c =>
        {
            using var scope = NewDisposeScope();
            var result = inner(c)[0];
            if (c.Optional(sum) is { } z) result = result.add(z);
            return [function(result).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>X, Bias? -> Gelu(X + Bias) by the tanh formula.</summary>
    static Tensor[] FastGelu(NodeCall c)
    {
        using var x = c.Optional(1) is { } bias ? c[0].add(bias) : c[0].alias();
        return [functional.gelu(x, TorchSharp.Modules.GELU.Approximate.tanh)];
    }

    /// <summary>X, Bias -> Gelu(X + Bias).</summary>
    static Tensor[] BiasGelu(NodeCall c)
    {
        using var x = c[0].add(c[1]);
        return [functional.gelu(x)];
    }

    /// <summary>X -> X sigmoid(<c>alpha</c> X).</summary>
    static Kernel QuickGelu(OperatorNode n)
    {
        var alpha = n.Float("alpha", 1.702f).ToScalar();
        return c =>
        {
            using var scaled = c[0].mul(alpha);
            using var gate = scaled.sigmoid();
            return [c[0].mul(gate)];
        };
    }

    /// <summary>X, Skip, Gamma, Beta?, Bias? -> the norm of X + Skip + Bias; mean and 1/deviation (not made: ORT's CPU kernel leaves them too); that sum.</summary>
    static Kernel Skip(OperatorNode n, int bias, Func<Tensor, NodeCall, double, Tensor> norm)
    {
        var epsilon = n.Float("epsilon", 1e-12f);
        if (n.HasOutput(1) || n.HasOutput(2)) throw OperatorNode.Refuse("outputs", "the first and the fourth alone", "mean or inv_std_var");
        return c =>
        {
            using var scope = NewDisposeScope();
            var sum = c[0].add(c[1]);
            if (c.Optional(bias) is { } offset) sum = sum.add(offset);
            var result = norm(sum, c, epsilon).MoveToOuterDisposeScope();
            return c.OutputCount < 4 ? [result] : [result, zeros(0).MoveToOuterDisposeScope(), zeros(0).MoveToOuterDisposeScope(), sum.MoveToOuterDisposeScope()];
        };
    }
}

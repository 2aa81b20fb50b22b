using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Matrix products.</summary>
internal static class LinearAlgebra
{
    public static readonly Operator[] Rows =
    [
        new("MatMul", Since: 1, _ => c => [Product(c[0], c[1])]) { Weights = [0, 1] },
        new("Gemm", Since: 7, Gemm) { Weights = [0, 1, 2], Attributes = ["alpha", "beta", "transA", "transB"] },
        new("Det", Since: 11, _ => c => [linalg.det(c[0])]) { Precision = Precision.Full },
        new("Einsum", Since: 12, Einsum) { Weights = [0, 1, 2, 3], Attributes = ["equation"] },
    ];

    /// <summary>A[*, m, k], B[*, k, n] -> A B[*, m, n]; a vector on either side is a row or a column.</summary>
    /// <remarks>Looks at types and shapes itself: TorchSharp lets the exception of this one libtorch function end the process.</remarks>
    internal static Tensor Product(Tensor a, Tensor b)
    {
        if (a.dtype != b.dtype || a.device_type != b.device_type || !Fit(a.shape, b.shape))
            throw new ArgumentException("expected matrices of one type whose inner sizes are equal and whose outer axes broadcast");
        return a.matmul(b);
    }

    static bool Fit(ReadOnlySpan<long> a, ReadOnlySpan<long> b)
    {
        if (a.Length == 0 || b.Length == 0 || a[^1] != b[b.Length == 1 ? 0 : ^2]) return false;
        for (var i = 3; i <= Math.Min(a.Length, b.Length); i++)
        {
            if (a[^i] != b[^i] && a[^i] != 1 && b[^i] != 1) return false;
        }

        return true;
    }

    /// <summary>A[m, k] and B[k, n], either of them transposed, C? that broadcasts to [m, n] -> <c>alpha</c> A B + <c>beta</c> C.</summary>
    internal static Kernel Gemm(OperatorNode n)
    {
        var (alpha, beta) = (n.Float("alpha", 1), n.Float("beta", 1));
        var (transA, transB) = (n.Flag("transA"), n.Flag("transB"));
        return c =>
        {
            var bias = beta == 0 ? null : c.Optional(2);
            if (transB && !transA && alpha == 1 && beta == 1 && (bias is null || bias.dim() == 1) && c[0].dim() == 2)
                return [functional.linear(c[0], c[1], bias)];
            using var scope = NewDisposeScope();
            var a = transA ? c[0].t() : c[0];
            var b = transB ? c[1].t() : c[1];
            var result = bias is null ? Product(a, b) : addmm(bias, a, b, beta, alpha);
            if (bias is null && alpha != 1) result = result.mul(alpha);
            return [result.MoveToOuterDisposeScope()];
        };
    }

    /// <summary>Products and sums over named axes.</summary>
    static Kernel Einsum(OperatorNode n)
    {
        var equation = n.Text("equation", "").Replace(" ", "", StringComparison.Ordinal);
        return c =>
        {
            var operands = new Tensor[c.Count];
            for (var i = 0; i < operands.Length; i++) operands[i] = c[i];
            return [einsum(equation, operands)];
        };
    }
}

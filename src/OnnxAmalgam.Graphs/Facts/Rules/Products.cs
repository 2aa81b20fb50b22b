using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Matrix products.</summary>
internal static class Products
{
    public static readonly FactRule[] Rows =
    [
        new("MatMul", c => MatMul(c, 0, 1, c.Type(0))),
        new("MatMulInteger", c => MatMul(c, 0, 1, DataType.Int32)),
        new("QLinearMatMul", c => MatMul(c, 0, 3, c.Type(7))),
        new("FusedMatMul", FusedMatMul, "com.microsoft"),
        new("Gemm", Gemm),
        new("FusedGemm", Gemm, "com.microsoft"),
        new("Einsum", Einsum),
        new("Det", c => c.Shape(0) is { Length: >= 2 } x ? c.Like(x[..^2]) : RuleCall.Absent),
    ];

    /// <remarks>A[*, m, k], B[*, k, n] -> Y[*, m, n], leading axes broadcast; vectors gain an axis that is dropped again.</remarks>
    static ValueState?[] MatMul(RuleCall c, int left, int right, DataType type) =>
        type != DataType.Undefined && c.Shape(left) is { } a && c.Shape(right) is { } b && Product(c, a, b) is { } shape
            ? [new ValueState(type, shape)]
            : RuleCall.Absent;

    static Extent[]? Product(RuleCall c, Extent[] a, Extent[] b)
    {
        if (a.Length == 0 || b.Length == 0)
            return null;
        var rows = a.Length == 1 ? [] : a[^2..^1];
        var columns = b.Length == 1 ? [] : b[^1..];
        var leading = Elementwise.BroadcastShapes(a.Length > 2 ? a[..^2] : [], b.Length > 2 ? b[..^2] : [], c.Engine);
        return leading is null ? null : [.. leading, .. rows, .. columns];
    }

    static ValueState?[] FusedMatMul(RuleCall c)
    {
        if (c.Shape(0) is not { Length: >= 2 } a || c.Shape(1) is not { Length: >= 2 } b || c.Node.Int("transBatchA", 0) != 0 || c.Node.Int("transBatchB", 0) != 0)
            return RuleCall.Absent;
        a = c.Node.Int("transA", 0) != 0 ? [.. a[..^2], a[^1], a[^2]] : a;
        b = c.Node.Int("transB", 0) != 0 ? [.. b[..^2], b[^1], b[^2]] : b;
        return Product(c, a, b) is { } shape ? c.Like(shape) : RuleCall.Absent;
    }

    /// <remarks>A[m, k], B[k, n] (each perhaps transposed) -> Y[m, n].</remarks>
    static ValueState?[] Gemm(RuleCall c) =>
        c.Shape(0) is { Length: 2 } a && c.Shape(1) is { Length: 2 } b
            ? c.Like([c.Node.Int("transA", 0) != 0 ? a[1] : a[0], c.Node.Int("transB", 0) != 0 ? b[0] : b[1]])
            : RuleCall.Absent;

    /// <remarks>One letter an axis; an ellipsis is left to the file's own declaration.</remarks>
    static ValueState?[] Einsum(RuleCall c)
    {
        var equation = (c.Node.String("equation") ?? "").Replace(" ", "", StringComparison.Ordinal);
        if (equation.Contains('.', StringComparison.Ordinal) || equation.Length == 0)
            return RuleCall.Absent;
        var sides = equation.Split("->");
        var terms = sides[0].Split(',');
        var sizes = new Dictionary<char, Extent>();
        for (var i = 0; i < terms.Length; i++)
        {
            if (c.Shape(i) is not { } shape || shape.Length != terms[i].Length)
                return RuleCall.Absent;
            foreach (var (letter, size) in terms[i].Zip(shape))
                sizes[letter] = sizes.TryGetValue(letter, out var known) && known.Constant != 1 ? known : size;
        }
        var letters = sides.Length > 1
            ? sides[1]
            : string.Concat(sides[0].Where(char.IsLetter).GroupBy(letter => letter).Where(group => group.Count() == 1).Select(group => group.Key).Order());
        return letters.All(sizes.ContainsKey) ? c.Like([.. letters.Select(letter => sizes[letter])]) : RuleCall.Absent;
    }
}

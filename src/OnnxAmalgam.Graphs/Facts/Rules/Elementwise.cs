using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Operators that work element by element, with NumPy's broadcasting where they take several tensors.</summary>
internal static class Elementwise
{
    static readonly string[] Unary =
    [
        "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Ceil", "Celu", "Clip", "Cos", "Cosh", "Elu", "Erf", "Exp",
        "Floor", "Gelu", "HardSigmoid", "HardSwish", "Hardmax", "LeakyRelu", "Log", "LogSoftmax", "Mish", "Neg", "Not", "Reciprocal", "Relu",
        "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softmax", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh",
        "ThresholdedRelu", "CumSum", "CumProd", "Trilu", "ImageScaler", "Affine", "Scale", "Binarizer",
    ];

    static readonly string[] Broadcasting =
    [
        "Add", "Sub", "Mul", "Div", "Pow", "Mod", "And", "Or", "Xor", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "PRelu",
        "Max", "Min", "Sum", "Mean",
    ];

    static readonly string[] Comparing = ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"];

    public static readonly FactRule[] Rows =
    [
        .. Unary.Select(name => new FactRule(name, SameShape)),
        .. Broadcasting.Select(name => new FactRule(name, Broadcast)),
        .. Comparing.Select(name => new FactRule(name, Compare)),
        new("IsNaN", Boolean),
        new("IsInf", Boolean),
        new("Where", Where),
        new("Cast", Cast),
        new("CastLike", CastLike),
        new("Bernoulli", SameShape),
    ];

    /// <summary>The shape of two broadcast shapes; a symbol against another size than 1 keeps the other size (they must be equal or one is 1).</summary>
    public static Extent[]? BroadcastShapes(Extent[] a, Extent[] b, GraphInference engine)
    {
        var rank = Math.Max(a.Length, b.Length);
        var shape = new Extent[rank];
        for (var i = 0; i < rank; i++)
        {
            var x = i - (rank - a.Length) is var p && p >= 0 ? a[p] : 1;
            var y = i - (rank - b.Length) is var q && q >= 0 ? b[q] : 1;
            if (x.Equals(y) || y.Constant == 1)
                shape[i] = x;
            else if (x.Constant == 1)
                shape[i] = y;
            else if (x.Constant is not null && y.Constant is not null)
                return null;
            else if (x.Constant is not null || y.Constant is not null)
                shape[i] = x.Constant is not null ? x : y;
            else
                shape[i] = engine.Fresh();
        }
        return shape;
    }

    static ValueState?[] SameShape(RuleCall c) => c.Input(0) is { } x ? [new ValueState(x.Type, x.Shape) { Integers = Mapped(c, x), Reals = MappedReals(c, x) }] : RuleCall.Absent;

    static Extent[]? Mapped(RuleCall c, ValueState x) => (c.Node.OpType, x.Integers) switch
    {
        ("Neg", { } all) => [.. all.Select(one => Extent.Of(-1) * one)],
        ("Abs" or "Relu", { } all) when Array.TrueForAll(all, one => one.IsNeverNegative) => all,
        ("Floor" or "Ceil", { } all) => all,
        ("Not", { } all) when Array.TrueForAll(all, one => one.Constant is not null) => [.. all.Select(one => Extent.Of(one.Constant == 0 ? 1 : 0))],
        _ => null,
    };

    static double[]? MappedReals(RuleCall c, ValueState x) => (c.Node.OpType, x.Reals) switch
    {
        ("Floor", { } all) => [.. all.Select(Math.Floor)],
        ("Ceil", { } all) => [.. all.Select(Math.Ceiling)],
        ("Neg", { } all) => [.. all.Select(one => -one)],
        ("Sqrt", { } all) => [.. all.Select(one => Arithmetic.Rounded(x.Type, Math.Sqrt(one)))],
        _ => null,
    };

    static ValueState?[] Broadcast(RuleCall c)
    {
        if (c.InputCount == 0 || c.Type(0) == DataType.Undefined)
            return RuleCall.Absent;
        if (c.Node.HasAttribute("broadcast"))
            return c.Like(c.Shape(0));
        var shape = c.Shape(0);
        for (var i = 1; i < c.InputCount && shape is not null; i++)
            shape = c.Shape(i) is { } other ? BroadcastShapes(shape, other, c.Engine) : null;
        var state = new ValueState(c.Type(0), shape);
        if (shape is null || c.InputCount != 2)
            return [state];
        return Arithmetic.Reals(c, shape) is { } reals ? [state with { Reals = reals }] : [state with { Integers = Arithmetic.Integers(c, shape) }];
    }

    static ValueState?[] Compare(RuleCall c)
    {
        if (c.Shape(0) is not { } a || c.Shape(1) is not { } b)
            return [new ValueState(DataType.Bool, null)];
        var shape = BroadcastShapes(a, b, c.Engine);
        return [new ValueState(DataType.Bool, shape) { Integers = shape is null ? null : Arithmetic.Integers(c, shape) }];
    }

    static ValueState?[] Boolean(RuleCall c) => [new ValueState(DataType.Bool, c.Shape(0))];

    static ValueState?[] Where(RuleCall c)
    {
        if (c.Type(1) == DataType.Undefined)
            return RuleCall.Absent;
        var shape = c.Shape(0) is { } condition && c.Shape(1) is { } a && c.Shape(2) is { } b && BroadcastShapes(a, b, c.Engine) is { } both
            ? BroadcastShapes(condition, both, c.Engine)
            : null;
        return [new ValueState(c.Type(1), shape) { Integers = shape is null ? null : Arithmetic.Choose(c, shape) }];
    }

    static ValueState?[] Cast(RuleCall c) =>
        c.Node.Int("to") is { } to ? [Converted(c, (DataType)to)] : RuleCall.Absent;

    static ValueState?[] CastLike(RuleCall c) =>
        c.Type(1) != DataType.Undefined ? [Converted(c, c.Type(1))] : RuleCall.Absent;

    static ValueState Converted(RuleCall c, DataType to)
    {
        var state = new ValueState(to, c.Shape(0));
        if (c.Input(0) is not { } x)
            return state;
        if (ValueState.IsInteger(to) && to != DataType.Bool)
            return state with { Integers = x.Integers ?? (x.Reals is { } reals && reals.All(one => Math.Abs(one) < 1e15) ? [.. reals.Select(one => Extent.Of((long)one))] : null) };
        if (to is DataType.Float or DataType.Double)
            return state with { Reals = (x.Reals ?? x.Constants?.Select(one => (double)one))?.Select(one => Arithmetic.Rounded(to, one)).ToArray(), Integers = x.Reals is null && x.Constants is null ? x.Integers : null };
        return state;
    }
}

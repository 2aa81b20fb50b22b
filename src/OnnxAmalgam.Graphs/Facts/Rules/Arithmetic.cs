using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Element values of small tensors through broadcasting arithmetic: what exporters compute shapes with.</summary>
internal static class Arithmetic
{
    /// <summary>Elements of a two-input integer operator over the broadcast shape, or null where one of them cannot be expressed.</summary>
    public static Extent[]? Integers(RuleCall c, Extent[] shape)
    {
        if (c.Input(0) is not { Shape: { } aShape } x || c.Input(1) is not { Shape: { } bShape } y || Indices(shape) is not { } indices
            || Whole(x) is not { } a || Whole(y) is not { } b)
            return null;
        var type = c.Node.OpType == "Div" && !ValueState.IsInteger(x.Type) ? "exact division" : c.Node.OpType;
        return All(indices.Select(index => Combine(type, a[Offset(index, aShape)], b[Offset(index, bShape)])));
    }

    /// <summary>The elements as integers; floats only where every one is whole.</summary>
    static Extent[]? Whole(ValueState state) => state switch
    {
        { Integers: { } all } => all,
        { Reals: { } all } when Array.TrueForAll(all, one => Math.Abs(one) < 1e15 && one == Math.Floor(one)) => [.. all.Select(one => Extent.Of((long)one))],
        _ => null,
    };

    /// <summary>A number as a type holds it: what a runtime rounds must be rounded here, or a floor behind it may differ by one.</summary>
    public static double Rounded(DataType type, double value) => type switch
    {
        DataType.Float => (float)value,
        DataType.Float16 => (double)(Half)value,
        _ => value,
    };

    /// <summary>Elements of a two-input float operator.</summary>
    public static double[]? Reals(RuleCall c, Extent[] shape)
    {
        if (c.Input(0) is not { Reals: { } a, Shape: { } aShape } || c.Input(1) is not { Reals: { } b, Shape: { } bShape } || Indices(shape) is not { } indices)
            return null;
        Func<double, double, double>? combine = c.Node.OpType switch
        {
            "Add" => (x, y) => x + y,
            "Sub" => (x, y) => x - y,
            "Mul" => (x, y) => x * y,
            "Div" => (x, y) => x / y,
            "Pow" => Math.Pow,
            _ => null,
        };
        return combine is null ? null : [.. indices.Select(index => Rounded(c.Type(0), combine(a[Offset(index, aShape)], b[Offset(index, bShape)])))];
    }

    /// <summary>Elements of Where.</summary>
    public static Extent[]? Choose(RuleCall c, Extent[] shape)
    {
        if (c.Input(0) is not { Integers: { } condition, Shape: { } conditionShape }
            || c.Input(1) is not { Integers: { } a, Shape: { } aShape }
            || c.Input(2) is not { Integers: { } b, Shape: { } bShape }
            || Indices(shape) is not { } indices)
            return null;
        return All(indices.Select(index => condition[Offset(index, conditionShape)].Constant switch
        {
            null => a[Offset(index, aShape)] is var x && x.Equals(b[Offset(index, bShape)]) ? x : null,
            0 => b[Offset(index, bShape)],
            _ => a[Offset(index, aShape)],
        }));
    }

    static Extent? Combine(string type, Extent x, Extent y) => type switch
    {
        "Add" or "Sum" => x + y,
        "Sub" => x - y,
        "Mul" => x * y,
        // integer division truncates; for sizes that are never negative that is the floor
        "Div" when y.Constant is > 0 and var by && x.IsNeverNegative => x.FloorDivide(by),
        "Div" when x.Constant is { } n && y.Constant is { } d and not 0 => n / d,
        "Div" or "exact division" => x.TryDivide(y, out var quotient) ? quotient : null,
        "Mod" when x.Constant is { } n && y.Constant is { } d and > 0 && n >= 0 => n % d,
        "Max" => (x - y).IsNeverNegative ? x : (y - x).IsNeverNegative ? y : null,
        "Min" => (x - y).IsNeverNegative ? y : (y - x).IsNeverNegative ? x : null,
        "And" when x.Constant is { } p && y.Constant is { } q => p != 0 && q != 0 ? 1 : 0,
        "Or" when x.Constant is { } p && y.Constant is { } q => p != 0 || q != 0 ? 1 : 0,
        "Equal" => Equal(x, y),
        "Greater" => Less(y, x),
        "Less" => Less(x, y),
        "GreaterOrEqual" => Less(x, y) is { } less ? 1 - less.Constant!.Value : null,
        "LessOrEqual" => Less(y, x) is { } less ? 1 - less.Constant!.Value : null,
        _ => null,
    };

    static Extent? Equal(Extent x, Extent y) =>
        x.Equals(y) ? 1 : Less(x, y)?.Constant == 1 || Less(y, x)?.Constant == 1 ? 0 : null;

    static Extent? Less(Extent x, Extent y) =>
        (y - x - 1).IsNeverNegative ? 1 : (x - y).IsNeverNegative ? 0 : (Extent?)null;

    static Extent[]? All(IEnumerable<Extent?> elements)
    {
        var all = elements.ToArray();
        return Array.Exists(all, one => one is null) ? null : [.. all.Select(one => one!)];
    }

    /// <summary>Every index of a small constant shape in row-major order, or null where it is neither.</summary>
    static List<long[]>? Indices(Extent[] shape)
    {
        if (Extent.Product(shape).Constant is not <= ValueState.MostElements || Array.Exists(shape, size => size.Constant is not (>= 0 and <= ValueState.MostElements)))
            return null;
        List<long[]> indices = [[]];
        foreach (var size in shape)
            indices = [.. indices.SelectMany(index => Enumerable.Range(0, (int)size.Constant!.Value).Select(i => (long[])[.. index, i]))];
        return indices;
    }

    /// <summary>Where the element lies in a tensor that is broadcast to the index's rank.</summary>
    static long Offset(long[] index, Extent[] shape)
    {
        var offset = 0L;
        for (var i = 0; i < shape.Length; i++)
        {
            var size = shape[i].Constant ?? 1;
            offset = (offset * size) + (size == 1 ? 0 : index[index.Length - shape.Length + i]);
        }
        return offset;
    }
}

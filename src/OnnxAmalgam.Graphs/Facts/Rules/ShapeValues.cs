using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Operators that make tensors from shapes and constants: the start of shape arithmetic.</summary>
internal static class ShapeValues
{
    public static readonly FactRule[] Rows =
    [
        new("Shape", Shape),
        new("Size", Size),
        new("Constant", Constant),
        new("ConstantOfShape", ConstantOfShape),
        new("Range", Range),
        new("EyeLike", c => c.Shape(0) is { } x ? [new ValueState((DataType)c.Node.Int("dtype", (long)c.Type(0)), x)] : RuleCall.Absent),
        new("RandomNormal", Random),
        new("RandomUniform", Random),
        new("RandomNormalLike", RandomLike),
        new("RandomUniformLike", RandomLike),
    ];

    /// <remarks>X -> its sizes [rank]; start and end cut them from opset 15.</remarks>
    static ValueState?[] Shape(RuleCall c)
    {
        if (c.Shape(0) is not { } x)
            return [new ValueState(DataType.Int64, [c.Fresh()])];
        var start = Bound(c.Node.Int("start", 0), x.Length);
        var end = Bound(c.Node.Int("end", x.Length), x.Length);
        var sizes = x[start..Math.Max(start, end)];
        return [ValueState.OfIntegers(sizes, [sizes.Length])];
    }

    static int Bound(long place, int rank) => (int)Math.Clamp(place < 0 ? place + rank : place, 0, rank);

    static ValueState?[] Size(RuleCall c) =>
        [c.Shape(0) is { } x ? ValueState.OfIntegers([Extent.Product(x)], []) : new ValueState(DataType.Int64, [])];

    static ValueState?[] Constant(RuleCall c)
    {
        var node = c.Node;
        if (node.Tensor("value") is { } tensor)
            return [c.Engine.Read(tensor)];
        if (node.Int("value_int") is { } whole)
            return [ValueState.OfIntegers([whole], [])];
        if (node.Ints("value_ints") is { } wholes)
            return [ValueState.OfIntegers([.. wholes.Select(Extent.Of)], [wholes.Length])];
        if (node.Float("value_float") is { } real)
            return [new ValueState(DataType.Float, []) { Reals = [real] }];
        if (node.Floats("value_floats") is { } reals)
            return [new ValueState(DataType.Float, [reals.Length]) { Reals = [.. reals.Select(one => (double)one)] }];
        if (node.HasAttribute("value_string"))
            return [new ValueState(DataType.String, [])];
        if (node.Strings("value_strings") is { } texts)
            return [new ValueState(DataType.String, [texts.Length])];
        return node.FindAttribute("sparse_value")?.SparseTensor is { } sparse
            ? [new ValueState((DataType)sparse.Values.DataType, [.. sparse.Dims.Select(Extent.Of)])]
            : RuleCall.Absent;
    }

    static ValueState?[] ConstantOfShape(RuleCall c)
    {
        var fill = c.Node.Tensor("value") is { } tensor ? c.Engine.Read(tensor) : new ValueState(DataType.Float, [1]) { Reals = [0] };
        if (c.Input(0)?.Integers is not { } shape)
            return [new ValueState(fill.Type, c.Shape(0) is [{ Constant: { } rank and >= 0 and < 64 }] ? c.FreshShape((int)rank) : null)];
        var count = Extent.Product(shape).Constant;
        return [new ValueState(fill.Type, shape) { Integers = fill.Integers is [var one] && count is <= ValueState.MostElements and >= 0 ? [.. Enumerable.Repeat(one, (int)count)] : null }];
    }

    static ValueState?[] Range(RuleCall c)
    {
        if (c.Type(0) == DataType.Undefined)
            return RuleCall.Absent;
        if (c.Input(0)?.Integers is not [var start] || c.Input(1)?.Integers is not [var limit] || c.Constants(2) is not [var step and > 0])
            return [new ValueState(c.Type(0), [c.Fresh()])];
        var count = (limit - start).CeilingDivide(step);
        return count.Constant is { } many and <= ValueState.MostElements
            ? [ValueState.OfIntegers([.. Enumerable.Range(0, (int)Math.Max(many, 0)).Select(i => start + (i * step))], [Math.Max(many, 0)], c.Type(0))]
            : [new ValueState(c.Type(0), [count])];
    }

    static ValueState?[] Random(RuleCall c) =>
        c.Node.Ints("shape") is { } shape ? [new ValueState((DataType)c.Node.Int("dtype", (long)DataType.Float), [.. shape.Select(Extent.Of)])] : RuleCall.Absent;

    static ValueState?[] RandomLike(RuleCall c) =>
        c.Input(0) is { } x ? [new ValueState((DataType)c.Node.Int("dtype", (long)x.Type), x.Shape)] : RuleCall.Absent;
}

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Operators that keep all elements and change their arrangement.</summary>
internal static class Rearrangements
{
    public static readonly FactRule[] Rows =
    [
        new("Identity", Same),
        new("Reshape", Reshape),
        new("Flatten", Flatten),
        new("Transpose", Transpose),
        new("Squeeze", Squeeze),
        new("Unsqueeze", Unsqueeze),
        new("DepthToSpace", DepthToSpace),
        new("SpaceToDepth", SpaceToDepth),
        new("ReverseSequence", c => c.Like(c.Shape(0))),
    ];

    static ValueState?[] Same(RuleCall c) => [c.Input(0)];

    /// <remarks>0 copies the input's size (unless allowzero), one -1 takes what is left.</remarks>
    static ValueState?[] Reshape(RuleCall c)
    {
        if (c.Input(0) is not { } x)
            return RuleCall.Absent;
        var wanted = c.HasInput(1) ? c.Input(1)?.Integers : c.Node.Ints("shape")?.Select(Extent.Of).ToArray();
        if (wanted is null)
            return c.Like(c.Shape(1) is [{ Constant: { } rank and >= 0 and < 64 }] ? c.FreshShape((int)rank) : null);

        var shape = new Extent?[wanted.Length];
        var open = -1;
        for (var i = 0; i < wanted.Length; i++)
        {
            if (wanted[i].Constant == -1)
                open = open < 0 ? i : throw Twice(c);
            else if (wanted[i].Constant == 0 && c.Node.Int("allowzero", 0) == 0)
                shape[i] = x.Shape is { } from ? i < from.Length ? from[i] : null : c.Fresh();
            else
                shape[i] = wanted[i];
        }
        if (open >= 0)
            shape[open] = x.Shape is { } all ? Rest(all, [.. shape.Where((size, i) => i != open).Select(size => size ?? 1)]) ?? c.Fresh() : c.Fresh();
        if (Array.Exists(shape, size => size is null))
            return c.Like(null);
        return [new ValueState(x.Type, shape!) { Integers = x.Integers, Reals = x.Reals }];
    }

    static InvalidModelException Twice(RuleCall c) =>
        new($"node '{c.Node.DisplayName()}' (Reshape): expected at most one -1 in the shape, got several; export the model again");

    /// <summary>What is left of the elements for a -1: equal sizes cancel first, the rest must divide.</summary>
    static Extent? Rest(Extent[] all, Extent[] taken)
    {
        var above = all.ToList();
        var below = taken.Where(size => !above.Remove(size)).ToArray();
        return Extent.Product(above).TryDivide(Extent.Product(below), out var rest) ? rest : null;
    }

    /// <remarks>X -> Y[product before the axis, product from it on].</remarks>
    static ValueState?[] Flatten(RuleCall c)
    {
        if (c.Shape(0) is not { } x)
            return c.Like(c.FreshShape(2));
        var axis = c.Node.Int("axis", 1);
        axis = axis < 0 ? axis + x.Length : axis;
        return axis >= 0 && axis <= x.Length
            ? c.Like([Extent.Product(x[..(int)axis]), Extent.Product(x[(int)axis..])])
            : RuleCall.Absent;
    }

    static ValueState?[] Transpose(RuleCall c)
    {
        if (c.Input(0) is not { Shape: { } x } state)
            return c.Like(null);
        var order = c.Node.Ints("perm") ?? [.. Enumerable.Range(0, x.Length).Reverse().Select(i => (long)i)];
        return order.Length == x.Length && order.All(axis => axis >= 0 && axis < x.Length) && order.Distinct().Count() == order.Length
            ? [new ValueState(state.Type, [.. order.Select(axis => x[axis])]) { Integers = SmallTensors.Transposed(state.Integers, x, order), Reals = SmallTensors.Transposed(state.Reals, x, order) }]
            : RuleCall.Absent;
    }

    static ValueState?[] Squeeze(RuleCall c)
    {
        if (c.Input(0) is not { Shape: { } x } state)
            return c.Like(null);
        int[]? gone;
        if (!c.States(1, "axes"))
            gone = Array.TrueForAll(x, size => size.Constant is not null) ? [.. Enumerable.Range(0, x.Length).Where(i => x[i].Constant == 1)] : null;
        else
            gone = c.InputOrAttribute(1, "axes") is { } axes ? RuleCall.Axes(axes, x.Length) : null;
        return gone is null
            ? c.Like(null)
            : [new ValueState(state.Type, [.. x.Where((_, i) => !gone.Contains(i))]) { Integers = state.Integers, Reals = state.Reals }];
    }

    static ValueState?[] Unsqueeze(RuleCall c)
    {
        if (c.Input(0) is not { Shape: { } x } state || c.InputOrAttribute(1, "axes") is not { } axes)
            return c.Like(null);
        if (RuleCall.Axes(axes, x.Length + axes.Length) is not { } added || added.Distinct().Count() != added.Length)
            return RuleCall.Absent;
        var left = new Queue<Extent>(x);
        Extent[] shape = [.. Enumerable.Range(0, x.Length + axes.Length).Select(i => added.Contains(i) ? Extent.Of(1) : left.Dequeue())];
        return [new ValueState(state.Type, shape) { Integers = state.Integers, Reals = state.Reals }];
    }

    /// <remarks>X[n, c, h, w] -> Y[n, c/b^2, h*b, w*b].</remarks>
    static ValueState?[] DepthToSpace(RuleCall c) =>
        c.Shape(0) is [var n, var maps, var h, var w] && c.Node.Int("blocksize") is { } b and > 0 && maps.TryDivide(b * b, out var fewer)
            ? c.Like([n, fewer, h * b, w * b])
            : RuleCall.Absent;

    /// <remarks>X[n, c, h, w] -> Y[n, c*b^2, h/b, w/b].</remarks>
    static ValueState?[] SpaceToDepth(RuleCall c) =>
        c.Shape(0) is [var n, var maps, var h, var w] && c.Node.Int("blocksize") is { } b and > 0
            ? c.Like([n, maps * (b * b), h.FloorDivide(b), w.FloorDivide(b)])
            : RuleCall.Absent;
}

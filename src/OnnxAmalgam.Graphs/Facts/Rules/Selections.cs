using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Operators that pick, join, repeat or pad parts of tensors.</summary>
internal static class Selections
{
    public static readonly FactRule[] Rows =
    [
        new("Concat", Concat),
        new("Split", Split),
        new("Slice", Slices.Slice),
        new("Gather", Gather),
        new("GatherElements", c => c.Like(c.Shape(1))),
        new("GatherND", GatherNd),
        new("ScatterElements", c => c.Like(c.Shape(0))),
        new("ScatterND", c => c.Like(c.Shape(0))),
        new("Scatter", c => c.Like(c.Shape(0))),
        new("Expand", Expand),
        new("Tile", Tile),
        new("Pad", Pad),
        new("OneHot", OneHot),
        new("NonZero", c => c.Shape(0) is { } x ? [new ValueState(DataType.Int64, [x.Length, c.Fresh()])] : RuleCall.Absent),
    ];

    static ValueState?[] Concat(RuleCall c)
    {
        if (c.Shape(0) is not { Length: > 0 } first || RuleCall.Axis(c.Node.Int("axis", 1), first.Length) is not { } axis)
            return RuleCall.Absent;
        var shape = first.ToArray();
        for (var i = 1; i < c.InputCount; i++)
        {
            if (c.Shape(i) is not { } other || other.Length != first.Length)
                return RuleCall.Absent;
            shape[axis] += other[axis];
            for (var j = 0; j < shape.Length; j++)
            {
                if (j != axis && shape[j].Constant is null)
                    shape[j] = other[j].Constant is not null ? other[j] : shape[j];
            }
        }
        var parts = Enumerable.Range(0, c.InputCount).Select(i => c.Input(i)!).ToArray();
        var known = axis == 0 && parts.All(part => part.Integers is not null);
        var real = axis == 0 && parts.All(part => part.Reals is not null);
        return
        [
            new ValueState(c.Type(0), shape)
            {
                Integers = known ? [.. parts.SelectMany(part => part.Integers!)] : null,
                Reals = real ? [.. parts.SelectMany(part => part.Reals!)] : null,
            },
        ];
    }

    static ValueState?[] Split(RuleCall c)
    {
        var count = c.Node.Output.Count;
        if (c.Shape(0) is not { } x || RuleCall.Axis(c.Node.Int("axis", 0), x.Length) is not { } axis)
            return RuleCall.Absent;
        Extent[] sizes;
        if (c.States(1, "split"))
        {
            if (c.InputOrAttribute(1, "split") is not { } stated || stated.Length != count)
                return [.. Enumerable.Range(0, count).Select(_ => With(c.Fresh()))];
            sizes = [.. stated.Select(Extent.Of)];
        }
        else
        {
            // opset 18: the last part may be smaller
            var part = x[axis].CeilingDivide(count);
            sizes = [.. Enumerable.Repeat(part, count - 1), x[axis] - (part * (count - 1))];
        }
        var starts = sizes.Select((_, i) => Extent.Product([]) * sizes.Take(i).Aggregate(Extent.Of(0), (sum, size) => sum + size)).ToArray();
        return [.. sizes.Select((size, i) => With(size) with { Integers = Part(starts[i].Constant, size.Constant) })];

        ValueState With(Extent size) => new(c.Type(0), [.. x[..axis], size, .. x[(axis + 1)..]]);

        Extent[]? Part(long? start, long? length) =>
            x.Length == 1 && c.Input(0)!.Integers is { } all && start is { } from && length is { } many && from + many <= all.Length
                ? all[(int)from..(int)(from + many)]
                : null;
    }

    /// <remarks>X, indices -> the axis of X replaced by the shape of indices.</remarks>
    static ValueState?[] Gather(RuleCall c)
    {
        if (c.Input(0) is not { Shape: { } x } data || c.Shape(1) is not { } indices || RuleCall.Axis(c.Node.Int("axis", 0), x.Length) is not { } axis)
            return RuleCall.Absent;
        var state = new ValueState(c.Type(0), [.. x[..axis], .. indices, .. x[(axis + 1)..]]);
        if (c.Constants(1) is not { } wanted || Array.Exists(x, size => size.Constant is null or > ValueState.MostElements) || RuleCall.Axes(wanted, (int)x[axis].Constant!.Value) is not { } counted)
            return [state];
        var picks = x.Select((size, i) => i == axis ? counted : [.. Enumerable.Range(0, (int)size.Constant!.Value)]).ToArray();
        return [state with { Integers = SmallTensors.Picked(data.Integers, x, picks), Reals = SmallTensors.Picked(data.Reals, x, picks) }];
    }

    static ValueState?[] GatherNd(RuleCall c)
    {
        var batch = (int)c.Node.Int("batch_dims", 0);
        if (c.Shape(0) is not { } x || c.Shape(1) is not { Length: > 0 } indices || indices[^1].Constant is not { } depth || depth < 0 || batch < 0 || batch + depth > x.Length)
            return RuleCall.Absent;
        return c.Like([.. indices[..^1], .. x[(batch + (int)depth)..]]);
    }

    static ValueState?[] Expand(RuleCall c)
    {
        if (c.Input(0) is not { Shape: { } x } state || c.Input(1)?.Integers is not { } wanted)
            return c.Like(null);
        if (Elementwise.BroadcastShapes(x, wanted, c.Engine) is not { } shape)
            return RuleCall.Absent;
        var count = Extent.Product(shape).Constant;
        return [new ValueState(state.Type, shape) { Integers = state.Integers is [var one] && count is <= ValueState.MostElements and >= 0 ? [.. Enumerable.Repeat(one, (int)count)] : null }];
    }

    static ValueState?[] Tile(RuleCall c) =>
        c.Shape(0) is { } x && c.Input(1)?.Integers is { } times && times.Length == x.Length
            ? c.Like([.. x.Zip(times, (size, many) => size * many)])
            : c.Like(c.Shape(0) is { } known ? c.FreshShape(known.Length) : null);

    /// <remarks>Pads as input from opset 11 (axes from 18), as attribute before (<c>paddings</c> in opset 1).</remarks>
    static ValueState?[] Pad(RuleCall c)
    {
        if (c.Shape(0) is not { } x)
            return c.Like(null);
        var pads = c.HasInput(1) ? c.Input(1)?.Integers : (c.Node.Ints("pads") ?? c.Node.Ints("paddings"))?.Select(Extent.Of).ToArray();
        var axes = c.HasInput(3) ? c.Constants(3) is { } stated ? RuleCall.Axes(stated, x.Length) : null : [.. Enumerable.Range(0, x.Length)];
        if (pads is null || axes is null || pads.Length != 2 * axes.Length)
            return c.Like(c.FreshShape(x.Length));
        var shape = x.ToArray();
        for (var i = 0; i < axes.Length; i++)
            shape[axes[i]] += pads[i] + pads[i + axes.Length];
        return c.Like(shape);
    }

    static ValueState?[] OneHot(RuleCall c)
    {
        if (c.Shape(0) is not { } x || c.Type(2) == DataType.Undefined || RuleCall.Axis(c.Node.Int("axis", -1), x.Length + 1) is not { } axis)
            return RuleCall.Absent;
        return [new ValueState(c.Type(2), [.. x[..axis], c.Input(1)?.Integers is [var depth] ? depth : c.Fresh(), .. x[axis..]])];
    }
}

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Slice: bounds as inputs from opset 10, as attributes before.</summary>
internal static class Slices
{
    public static ValueState?[] Slice(RuleCall c)
    {
        if (c.Input(0) is not { Shape: { } x } data)
            return c.Like(null);
        var starts = Bounds(c, 1, "starts");
        var ends = Bounds(c, 2, "ends");
        var steps = c.HasInput(4) ? c.Constants(4) : starts is null ? null : [.. Enumerable.Repeat(1L, starts.Length)];
        var stated = c.States(3, "axes");
        var axes = stated ? c.InputOrAttribute(3, "axes") : starts is null ? null : [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)];
        if (starts is null || ends is null || steps is null || axes is null
            || ends.Length != starts.Length || steps.Length != starts.Length || axes.Length != starts.Length
            || RuleCall.Axes(axes, x.Length) is not { } counted || steps.Contains(0))
            return c.Like(c.FreshShape(x.Length));

        var shape = x.ToArray();
        for (var i = 0; i < counted.Length; i++)
            shape[counted[i]] = Length(x[counted[i]], starts[i], ends[i], steps[i]) ?? c.Fresh();
        var picks = data.Integers is null && data.Reals is null ? null : Picks(x, counted, starts, ends, steps);
        return [new ValueState(data.Type, shape)
        {
            Integers = picks is null ? null : SmallTensors.Picked(data.Integers, x, picks),
            Reals = picks is null ? null : SmallTensors.Picked(data.Reals, x, picks),
        }];
    }

    /// <summary>The indices kept of every axis, where all numbers are known.</summary>
    static int[][]? Picks(Extent[] x, int[] axes, Extent[] starts, Extent[] ends, long[] steps)
    {
        if (Array.Exists(x, size => size.Constant is not (>= 0 and <= ValueState.MostElements)))
            return null;
        var picks = x.Select(size => Enumerable.Range(0, (int)size.Constant!.Value).ToArray()).ToArray();
        for (var i = 0; i < axes.Length; i++)
        {
            if (starts[i].Constant is not { } start || ends[i].Constant is not { } end)
                return null;
            var size = picks[axes[i]].Length;
            var (from, _) = Clamped(size, start, end, steps[i]);
            picks[axes[i]] = [.. Enumerable.Range(0, (int)Count(size, start, end, steps[i])).Select(step => (int)(from + (step * steps[i])))];
        }
        return picks;
    }

    static Extent[]? Bounds(RuleCall c, int index, string attribute) =>
        c.HasInput(index) ? c.Input(index)?.Integers : c.Node.Ints(attribute)?.Select(Extent.Of).ToArray();

    static Extent? Length(Extent size, Extent start, Extent end, long step)
    {
        if (size.Constant is { } n)
            return start.Constant is { } from && end.Constant is { } to ? Count(n, from, to, step) : null;
        if (step < 0)
            return start.Constant == -1 && end.Constant <= int.MinValue + 1L ? size.CeilingDivide(-step) : null;
        var first = Place(start, size);
        var last = end.Constant >= int.MaxValue ? size : Place(end, size);
        if (first is null || last is null)
            return null;
        var length = last - first;
        return length.IsNeverNegative || last.Equals(size) ? length.CeilingDivide(step) : null;
    }

    /// <summary>A bound counted from the front; null where clamping to the unknown size could matter.</summary>
    static Extent? Place(Extent bound, Extent size) => bound.Constant switch
    {
        0 => 0,
        < 0 => size + bound,
        null when (size - bound).IsNeverNegative => bound,
        // a positive start into a symbolic axis: what exporters write is meant to lie inside
        { } inside => inside,
        _ => null,
    };

    static long Count(long n, long start, long end, long step)
    {
        var (from, to) = Clamped(n, start, end, step);
        return n == 0 ? 0 : step > 0 ? Math.Max(0, (to - from + step - 1) / step) : Math.Max(0, (from - to - step - 1) / -step);
    }

    static (long From, long To) Clamped(long n, long start, long end, long step)
    {
        if (n == 0)
            return (0, 0);
        var from = start < 0 ? start + n : start;
        var to = end < 0 ? Math.Max(end, -n - 1) + n : end;
        return step > 0 ? (Math.Clamp(from, 0, n), Math.Clamp(to, 0, n)) : (Math.Clamp(from, 0, n - 1), Math.Clamp(to, -1, n - 1));
    }
}

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>Elements of small tensors of any rank under picking and transposing; null where a size is not a number.</summary>
internal static class SmallTensors
{
    /// <summary>For every axis the indices to keep, in order.</summary>
    public static T[]? Picked<T>(T[]? elements, Extent[] shape, int[][] picks)
    {
        if (elements is null || Strides(shape) is not { } strides)
            return null;
        List<long> offsets = [0];
        for (var axis = 0; axis < shape.Length; axis++)
            offsets = [.. offsets.SelectMany(offset => picks[axis].Select(index => offset + (index * strides[axis])))];
        return [.. offsets.Select(offset => elements[offset])];
    }

    /// <summary>Axes in a new order.</summary>
    public static T[]? Transposed<T>(T[]? elements, Extent[] shape, long[] order)
    {
        if (elements is null || Strides(shape) is not { } strides)
            return null;
        List<long> offsets = [0];
        foreach (var axis in order)
            offsets = [.. offsets.SelectMany(offset => Enumerable.Range(0, (int)shape[axis].Constant!.Value).Select(index => offset + (index * strides[axis])))];
        return [.. offsets.Select(offset => elements[offset])];
    }

    static long[]? Strides(Extent[] shape)
    {
        if (Array.Exists(shape, size => size.Constant is not (>= 0 and <= ValueState.MostElements)))
            return null;
        var strides = new long[shape.Length];
        var stride = 1L;
        for (var axis = shape.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= shape[axis].Constant!.Value;
        }
        return strides;
    }
}

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Axes as ONNX writes them: negative ones count from the end.</summary>
internal static class Axes
{
    /// <summary>The axis counted from 0.</summary>
    public static long Normal(long axis, int rank) => axis < 0 ? axis + rank : axis;

    /// <summary>The axes counted from 0, ascending; null or none means all.</summary>
    public static long[] NormalOrAll(long[]? axes, int rank) => axes is null or []
        ? [.. Enumerable.Range(0, rank).Select(axis => (long)axis)]
        : [.. axes.Select(axis => Normal(axis, rank)).Order()];
}

namespace OnnxAmalgam.Training.Caching;

/// <summary>One machine's share of the work: share <paramref name="Number"/> (from 1) of <paramref name="Count"/>. Equal pixels fall into one share.</summary>
public sealed record WorkShare(int Number, int Count)
{
    /// <summary>All of it.</summary>
    public static WorkShare All { get; } = new(1, 1);

    internal bool Has(CanvasKey key) => key.High % (ulong)Count == (ulong)(Number - 1);

    internal bool Has(int batch) => batch % Count == Number - 1;
}

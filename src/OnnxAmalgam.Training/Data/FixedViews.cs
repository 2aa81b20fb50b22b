namespace OnnxAmalgam.Training.Data;

/// <summary>A fixed number of augmented views of each image, shown in turn: epoch e shows view (e - 1) mod <paramref name="Count"/>.
/// View v is what a run of this seed without fixed views would show in epoch v + 1.</summary>
/// <param name="Count">Views of each image.</param>
/// <param name="Seed">Draws them.</param>
internal sealed record FixedViews(int Count, long Seed)
{
    /// <summary>The epoch, from 1, whose draws an epoch is augmented by.</summary>
    public int DrawsOf(int epoch) => ((epoch - 1) % Count) + 1;
}

using OnnxAmalgam.Training.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>What one batch's taps became.</summary>
/// <param name="Common">In the common space, and rebuilt; null where there is none.</param>
/// <param name="Student">The student's feature on its own grid, F[n, c, h, w] or F[n, c].</param>
/// <param name="Teachers">The teachers' features in the same form, standardised where asked: what terms compare with.</param>
internal sealed record ProjectedTaps(CommonFeatures? Common, Tensor Student, IReadOnlyList<Tensor> Teachers);

/// <summary>From taps as the graphs lay them out to the common space: <see cref="TapAdapter"/>, a standardiser, <see cref="CommonSpaceBlock"/>.</summary>
internal sealed class CommonSpaceProjector : nn.Module
{
    readonly TapAdapter adapter;
    readonly CommonBlock? block;
    readonly ModuleList<nn.Module<Tensor, Tensor>> standardisers;

    /// <summary>Draws the block's weights for these taps; the module owns everything it makes.</summary>
    /// <param name="student">The student's tap.</param>
    /// <param name="teachers">The teachers' taps.</param>
    /// <param name="options">Size; its form is decided here. Null: taps are adapted and standardised only.</param>
    /// <param name="standardise">How teacher features are standardised.</param>
    /// <param name="source">Where weights come from, and device and dtype.</param>
    /// <param name="pools">Whether all taps are averaged over positions.</param>
    public CommonSpaceProjector(TapShape student, IReadOnlyList<TapShape> teachers, CommonSpaceOptions? options, Standardisation standardise, WeightSource source, bool pools = false) : base(nameof(CommonSpaceProjector))
    {
        adapter = new(student, teachers, pools);
        block = options is null ? null : CommonBlock.Create(student.Channels, [.. teachers.Select(t => t.Channels)], options with { Pooled = adapter.Pooled }, source);
        standardisers = new(standardise switch
        {
            Standardisation.Ema => [.. teachers.Select(t => (nn.Module<Tensor, Tensor>)new FeatureStandardiser(t.Channels, source.Device, source.Dtype))],
            Standardisation.Offline or Standardisation.PhiS =>
                [.. teachers.Select(t => (nn.Module<Tensor, Tensor>)new RotatedStandardiser(t.Channels, source.Device, source.Dtype, rotates: standardise == Standardisation.PhiS))],
            _ => [],
        });
        RegisterComponents();
    }

    /// <summary>Whether the block is linear on F[n, c].</summary>
    public bool Pooled => adapter.Pooled;

    /// <summary>Student's tap and teachers' taps, in tap order, to the common space; the caller owns the results.</summary>
    public ProjectedTaps Forward(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        var own = adapter.Student(student);
        var others = teachers.Select((tap, i) => Teacher(i, tap, own.dtype)).ToArray();
        var common = block?.Forward(own, others);
        foreach (var tensor in (Tensor[])[own, .. others]) tensor.MoveToOuterDisposeScope();
        if (common is not null)
            foreach (var tensor in (Tensor[])[common.Features, .. common.Reconstructions]) tensor.MoveToOuterDisposeScope();
        return new(common, own, others);
    }

    /// <summary>Empty moments of each tap where something is fitted before training, else null; the caller owns them until <see cref="EndFit"/>.</summary>
    public ChannelMoments[]? StartFit() =>
        standardisers.OfType<RotatedStandardiser>().ToArray() is { Length: > 0 } fitted ? [.. fitted.Select(f => new ChannelMoments(f.Channels))] : null;

    /// <summary>Adds a batch of the teachers' taps, in tap order, to the moments.</summary>
    public void Observe(ChannelMoments[] moments, IReadOnlyList<Tensor> taps)
    {
        for (var i = 0; i < moments.Length; i++) moments[i].Add(adapter.Teacher(i, taps[i], ScalarType.Float32));
    }

    /// <summary>Fits to the moments and disposes them.</summary>
    public void EndFit(ChannelMoments[] moments)
    {
        foreach (var (standardiser, seen) in standardisers.OfType<RotatedStandardiser>().Zip(moments))
        {
            standardiser.Fit(seen);
            seen.Dispose();
        }
    }

    Tensor Teacher(int index, Tensor tap, ScalarType dtype)
    {
        if (standardisers.Count == 0) return adapter.Teacher(index, tap, dtype);
        // a half-precision feature is rounded once it has mean 0 and deviation 1, not before
        var precise = dtype is ScalarType.BFloat16 or ScalarType.Float16 ? ScalarType.Float32 : dtype;
        return standardisers[index].forward(adapter.Teacher(index, tap, precise)).to_type(dtype);
    }
}

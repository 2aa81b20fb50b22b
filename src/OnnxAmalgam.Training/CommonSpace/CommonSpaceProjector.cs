using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>What one batch's taps became.</summary>
/// <param name="Common">In the common space, and rebuilt.</param>
/// <param name="Teachers">The teachers' features that the rebuilt ones are compared with: adapted, standardised where asked.</param>
internal sealed record ProjectedTaps(CommonFeatures Common, IReadOnlyList<Tensor> Teachers);

/// <summary>From taps as the graphs lay them out to the common space: <see cref="TapAdapter"/>, <see cref="FeatureStandardiser"/>, <see cref="CommonSpaceBlock"/>.</summary>
internal sealed class CommonSpaceProjector : nn.Module
{
    readonly TapAdapter adapter;
    readonly CommonSpaceBlock block;
    readonly ModuleList<FeatureStandardiser> standardisers;

    /// <summary>Draws the block's weights for these taps; the module owns everything it makes.</summary>
    /// <param name="student">The student's tap.</param>
    /// <param name="teachers">The teachers' taps, at least one.</param>
    /// <param name="options">Size; its form is decided here.</param>
    /// <param name="standardise">Whether teacher features are standardised per channel.</param>
    /// <param name="source">Where weights come from, and device and dtype.</param>
    public CommonSpaceProjector(TapShape student, IReadOnlyList<TapShape> teachers, CommonSpaceOptions options, bool standardise, WeightSource source) : base(nameof(CommonSpaceProjector))
    {
        adapter = new(student, teachers);
        block = new(student.Channels, [.. teachers.Select(t => t.Channels)], options with { Pooled = adapter.Pooled }, source);
        standardisers = new(standardise ? [.. teachers.Select(t => new FeatureStandardiser(t.Channels, source.Device, source.Dtype))] : []);
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
        var common = block.Forward(own, others);
        foreach (var tensor in (Tensor[])[common.Features, .. common.Reconstructions, .. others]) tensor.MoveToOuterDisposeScope();
        return new(common, others);
    }

    Tensor Teacher(int index, Tensor tap, ScalarType dtype)
    {
        var feature = adapter.Teacher(index, tap, dtype);
        return standardisers.Count == 0 ? feature : standardisers[index].forward(feature);
    }
}

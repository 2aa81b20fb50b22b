using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>Brings the taps of one batch to one form: channels first, on the student's grid, in the student's dtype.</summary>
/// <remarks>NHWC is permuted. Tokens F[n, l, c] with a square count become a grid (a class token in front of a square is dropped), others
/// are averaged to F[n, c]. Grids that differ from the student's are brought to it by adaptive average pooling, which repeats values
/// where the student's is finer. Where one tap has no grid, all are averaged to F[n, c]: a block has one form.</remarks>
internal sealed class TapAdapter
{
    readonly TapShape student;
    readonly IReadOnlyList<TapShape> teachers;
    readonly (long Height, long Width) grid;

    /// <summary>Decides the form.</summary>
    /// <param name="student">The student's tap.</param>
    /// <param name="teachers">The teachers' taps.</param>
    /// <param name="pools">Whether features are averaged to F[n, c] whatever their form.</param>
    /// <exception cref="InputException">A layout that a shape cannot have.</exception>
    public TapAdapter(TapShape student, IReadOnlyList<TapShape> teachers, bool pools = false)
    {
        this.student = student.Checked();
        this.teachers = [.. teachers.Select(t => t.Checked())];
        Pooled = pools || student.Grid is null || teachers.Any(t => t.Grid is null);
        grid = student.Grid ?? default;
    }

    /// <summary>Whether features leave as F[n, c] instead of F[n, c, h, w].</summary>
    public bool Pooled { get; }

    /// <summary>The student's tap as F[n, c, h, w] or F[n, c]; the caller owns it.</summary>
    public Tensor Student(Tensor tap) => Adapt(tap, student);

    /// <summary>A teacher's tap in the student's form and dtype; the caller owns it.</summary>
    /// <param name="index">Which tap, in tap order.</param>
    /// <param name="tap">Its feature.</param>
    /// <param name="dtype">The student's element type.</param>
    public Tensor Teacher(int index, Tensor tap, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        return Adapt(tap.to_type(dtype), teachers[index]).MoveToOuterDisposeScope();
    }

    Tensor Adapt(Tensor tap, TapShape shape)
    {
        using var scope = NewDisposeScope();
        var feature = ChannelsFirst(tap, shape);
        if (Pooled) feature = feature.dim() == 2 ? feature.alias() : feature.flatten(2).mean([2]);
        else if (feature.shape[2] != grid.Height || feature.shape[3] != grid.Width)
            feature = OnGrid(feature);
        if (feature.device_type == TorchSharp.DeviceType.CPU) feature = ChannelsLast.Of(feature);
        return feature.MoveToOuterDisposeScope();
    }

    /// <summary>Adaptive average pooling; where each of the grid's positions lies in one of the feature's, that is repetition, which is faster by far.</summary>
    Tensor OnGrid(Tensor feature)
    {
        var (n, c, h, w) = (feature.shape[0], feature.shape[1], feature.shape[2], feature.shape[3]);
        if (grid.Height % h != 0 || grid.Width % w != 0) return nn.functional.adaptive_avg_pool2d(feature, (grid.Height, grid.Width));
        var positions = feature.permute(0, 2, 3, 1).contiguous().view(n, h, 1, w, 1, c);
        return positions.expand(n, h, grid.Height / h, w, grid.Width / w, c).reshape(n, grid.Height, grid.Width, c).permute(0, 3, 1, 2);
    }

    static Tensor ChannelsFirst(Tensor tap, TapShape shape)
    {
        var first = shape.Axis == 1 ? tap.alias() : tap.movedim([shape.Axis], [1]);
        if (shape.Kind != TapKind.Tokens || shape.Grid is not (long height, long width)) return first;
        var patches = shape.HasClassToken ? first.narrow(2, 1, height * width) : first;
        return patches.unflatten(2, height, width);
    }
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.CommonSpace;

public sealed class TapAdapterTests
{
    static TapShape Grid(long c, long h, long w) => new("grid", TapKind.Spatial, 1, [-1, c, h, w]);

    static Tensor Count(params long[] shape) => arange(shape.Aggregate(1L, (a, b) => a * b), ScalarType.Float64).view(shape);

    [Fact]
    public void Channels_last_is_brought_forward()
    {
        using var scope = NewDisposeScope();
        TapAdapter adapter = new(Grid(3, 4, 5), [new("t", TapKind.Spatial, 3, [-1, 4, 5, 2])]);
        var tap = Count(2, 4, 5, 2);
        var feature = adapter.Teacher(0, tap, ScalarType.Float64);
        Assert.Equal([2L, 2, 4, 5], feature.shape);
        Assert.Equal(tap[1, 3, 2, 1].item<double>(), feature[1, 1, 3, 2].item<double>());
    }

    [Theory]
    [InlineData(9, 2, 0)]
    [InlineData(10, 2, 1)]
    [InlineData(10, 1, 1)]
    public void Square_tokens_become_a_grid_without_their_class_token(long tokens, int axis, long first)
    {
        using var scope = NewDisposeScope();
        long[] shape = axis == 2 ? [2, tokens, 4] : [2, 4, tokens];
        TapAdapter adapter = new(Grid(3, 3, 3), [new("t", TapKind.Tokens, axis, shape)]);
        Assert.False(adapter.Pooled);
        var tap = Count(shape);
        var feature = adapter.Teacher(0, tap, ScalarType.Float64);
        Assert.Equal([2L, 4, 3, 3], feature.shape);
        var source = axis == 2 ? tap[1, first + 5, 3] : tap[1, 3, first + 5];
        Assert.Equal(source.item<double>(), feature[1, 3, 1, 2].item<double>());
    }

    [Fact]
    public void Other_grids_are_pooled_adaptively_to_the_students()
    {
        using var scope = NewDisposeScope();
        TapAdapter adapter = new(Grid(3, 2, 2), [Grid(1, 4, 4), Grid(1, 1, 1), Grid(1, 3, 2)]);
        Tensors.Close(tensor(new[] { 2.5, 4.5, 10.5, 12.5 }, 1, 1, 2, 2), adapter.Teacher(0, Count(1, 1, 4, 4), ScalarType.Float64));
        Tensors.Close(full(1, 1, 2, 2, 7.0, ScalarType.Float64), adapter.Teacher(1, full(1, 1, 1, 1, 7.0), ScalarType.Float64));
        Tensors.Close(tensor(new[] { 1.0, 2, 3, 4 }, 1, 1, 2, 2), adapter.Teacher(2, Count(1, 1, 3, 2), ScalarType.Float64));
    }

    [Theory]
    [InlineData(4, 4)]
    [InlineData(2, 8)]
    [InlineData(1, 1)]
    [InlineData(3, 4)]
    [InlineData(12, 4)]
    public void Every_grid_gets_there_as_by_adaptive_average_pooling(long height, long width)
    {
        using var scope = NewDisposeScope();
        TapAdapter adapter = new(Grid(3, 8, 8), [Grid(5, height, width), new("t", TapKind.Spatial, 3, [-1, height, width, 5])]);
        var tap = Count(2, 5, height, width);
        var pooled = nn.functional.adaptive_avg_pool2d(tap, [8, 8]);
        Tensors.Close(pooled, adapter.Teacher(0, tap, ScalarType.Float64));
        Tensors.Close(pooled, adapter.Teacher(1, tap.permute(0, 2, 3, 1).contiguous(), ScalarType.Float64));
    }

    [Fact]
    public void Where_one_tap_has_no_grid_all_are_averaged()
    {
        using var scope = NewDisposeScope();
        TapAdapter adapter = new(Grid(3, 2, 2), [Grid(1, 4, 4), new("t", TapKind.Tokens, 2, [-1, 7, 2]), new("p", TapKind.Pooled, 1, [-1, 5]), new("v", TapKind.Tokens, 2, [-1, 5, 2])]);
        Assert.True(adapter.Pooled);
        Tensors.Close(tensor(new[] { 1.5, 5.5, 9.5 }, 1, 3), adapter.Student(Count(1, 3, 2, 2)));
        Tensors.Close(full(1, 1, 7.5, ScalarType.Float64), adapter.Teacher(0, Count(1, 1, 4, 4), ScalarType.Float64));
        Tensors.Close(tensor(new[] { 6.0, 7 }, 1, 2), adapter.Teacher(1, Count(1, 7, 2), ScalarType.Float64));
        Tensors.Close(Count(2, 5), adapter.Teacher(2, Count(2, 5), ScalarType.Float64));
        Tensors.Close(tensor(new[] { 5.0, 6 }, 1, 2), adapter.Teacher(3, Count(1, 5, 2), ScalarType.Float64), what: "class token is no patch");
    }

    [Fact]
    public void A_pooled_student_pools_its_teachers()
    {
        TapAdapter adapter = new(new("s", TapKind.Pooled, 1, [-1, 8]), [Grid(1, 4, 4)]);
        Assert.True(adapter.Pooled);
    }

    [Fact]
    public void Features_come_in_the_students_dtype()
    {
        using var scope = NewDisposeScope();
        TapAdapter adapter = new(Grid(3, 2, 2), [Grid(1, 2, 2)]);
        Assert.Equal(ScalarType.BFloat16, adapter.Teacher(0, Count(1, 1, 2, 2).to_type(ScalarType.Float16), ScalarType.BFloat16).dtype);
    }

    [Fact]
    public void The_gradient_reaches_the_students_tap_only_through_it()
    {
        using var scope = NewDisposeScope();
        TapAdapter adapter = new(new("s", TapKind.Tokens, 2, [-1, 5, 2]), [Grid(1, 2, 2)]);
        var tap = zeros(1, 5, 2, ScalarType.Float64, requires_grad: true);
        adapter.Student(tap).sum().backward();
        Assert.Equal([0.0, 0, 1, 1, 1, 1, 1, 1, 1, 1], tap.grad!.Values());
    }

    [Theory]
    [InlineData(TapKind.Spatial, 1, new long[] { -1, 3, 4 })]
    [InlineData(TapKind.Spatial, 2, new long[] { -1, 3, 4, 4 })]
    [InlineData(TapKind.Tokens, 2, new long[] { -1, 3, 4, 4 })]
    [InlineData(TapKind.Pooled, 0, new long[] { -1, 3 })]
    public void A_layout_that_the_shape_cannot_have_is_refused(TapKind kind, int axis, long[] shape)
    {
        var error = Assert.Throws<InputException>(() => new TapAdapter(Grid(3, 2, 2), [new("odd", kind, axis, shape)]));
        Assert.Contains("tap 'odd'", error.Message, StringComparison.Ordinal);
        Assert.Contains($"[{string.Join(", ", shape)}]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Adapting_leaves_nothing_but_its_result()
    {
        using var tap = Count(2, 10, 3);
        TapAdapter adapter = new(Grid(3, 2, 2), [new("t", TapKind.Tokens, 2, [-1, 10, 3])]);
        Tensors.LeavesNothingAlive(() => adapter.Teacher(0, tap, ScalarType.Float32).Dispose());
    }
}

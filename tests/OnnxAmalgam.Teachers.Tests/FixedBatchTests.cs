using OnnxAmalgam.Graphs;
using static Onnx.TensorProto.Types;
using static OnnxAmalgam.Teachers.Tests.TinyModel;

namespace OnnxAmalgam.Teachers.Tests;

public sealed class FixedBatchTests
{
    [Fact]
    public void A_fixed_batch_that_can_be_freed_runs_any_batch_at_once()
    {
        using FrozenModel model = new(Classifier(batch: 1), ["logits"]);
        PinnedTensor<float> x = PinnedTensor.Noise(5, 3);

        Assert.Null(model.FixedBatch);
        Assert.Equal([-1, 3], model.Input.Shape);
        Assert.Equal(ClassifierLogits(x.Values), model.Run(x).Values.ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 4)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(3, 3)]
    [InlineData(3, 4)]
    [InlineData(3, 6)]
    [InlineData(3, 8)]
    public void A_fixed_batch_that_cannot_be_freed_runs_in_pieces(int fixedBatch, int images)
    {
        using FrozenModel model = new(Stubborn(fixedBatch), ["y", "flat"]);
        PinnedTensor<float> x = PinnedTensor.Noise(images, 2, 3), y = PinnedTensor.Floats(images, 6), flat = PinnedTensor.Floats(images * 2, 3);

        model.Run(x.View, [y.View, flat.View]);

        Assert.Equal(fixedBatch, model.FixedBatch);
        Assert.Equal([-1, 2, 3], model.Input.Shape);
        Assert.Equal([-1, 6], model.Outputs[0].Shape);
        Assert.Equal([[images, 6], [images * 2, 3]], model.OutputShapes([images, 2, 3]));
        Assert.Equal(x.Values.ToArray().Select(v => -v), y.Values.ToArray());
        Assert.Equal(y.Values.ToArray(), flat.Values.ToArray());
        Assert.True(y.BandsAreIntact && flat.BandsAreIntact);
    }

    [Fact]
    public void A_rewritten_graph_that_computes_something_else_is_not_used()
    {
        OnnxModel original = Centred(batch: 2), rewritten = Centred(batch: -1);
        using BoundSession session = new(original, ["y"], new());

        Assert.Null(FreeBatch.TryOpen(session, rewritten, ["y"], new()));
    }

    [Fact]
    public void A_rewritten_graph_that_does_not_run_is_not_used()
    {
        using BoundSession session = new(Stubborn(2), ["y"], new());

        Assert.Null(FreeBatch.TryOpen(session, Stubborn(2, declared: -1), ["y"], new()));
    }

    [Fact]
    public void An_output_without_a_batch_cannot_be_cut_and_says_so()
    {
        OnnxModel model = Of(Value("x", DataType.Float, 2, 3), [Node("ReduceSum", ["x"], ["y"], Int("keepdims", 0))], [Value("y", DataType.Float)]);
        using FrozenModel teacher = new(model, ["y"]);

        var error = Assert.Throws<InputException>(() => teacher.OutputShapes([4, 3]));

        Assert.Contains("output 'y': expected a first axis that holds the batch of 2, got []", error.Message, StringComparison.Ordinal);
    }

    /// <summary>y[n, 6] and flat[2n, 3] of -x[n, 2, 3]; a Gather of the images 0..n-1 looks as if it depended on n.</summary>
    internal static OnnxModel Stubborn(long batch, long? declared = null) => Of(
        Value("x", DataType.Float, declared ?? batch, 2, 3),
        [Node("Gather", ["x", "images"], ["all"]), Node("Neg", ["all"], ["n"]), Node("Reshape", ["n", "shape"], ["y"]), Node("Reshape", ["n", "rows"], ["flat"])],
        [Value("y", DataType.Float, declared ?? batch, 6), Value("flat", DataType.Float, declared ?? (batch * 2), 3)],
        [Indices("images", [.. Enumerable.Range(0, (int)batch).Select(i => (long)i)]), Indices("shape", batch, 6), Indices("rows", batch * 2, 3)]);

    /// <summary>y = x - mean of x over the batch.</summary>
    static OnnxModel Centred(long batch) => Of(
        Value("x", DataType.Float, batch, 3),
        [Node("ReduceMean", ["x"], ["mean"], Ints("axes", 0)), Node("Sub", ["x", "mean"], ["y"])],
        [Value("y", DataType.Float, batch, 3)]);
}

using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Tests.Tools;
using Dimension = Onnx.TensorShapeProto.Types.Dimension;

namespace OnnxAmalgam.Graphs.Tests;

public sealed class DimensionsTests
{
    [Fact]
    public void A_name_nothing_and_a_negative_number_are_free_and_any_other_number_is_fixed()
    {
        Dimension[] free = [new() { DimParam = "batch" }, new(), new() { DimValue = -1 }];
        Assert.All(free, dimension => Assert.Null(dimension.FixedSize()));
        Assert.Equal(3, new Dimension { DimValue = 3 }.FixedSize());
        Assert.Equal(0, new Dimension { DimValue = 0 }.FixedSize());
    }

    [Fact]
    public void A_batch_of_minus_one_needs_not_be_set_free()
    {
        var paddle = OnnxModel.Load(Path.Combine(Python.Root, "tests/fixtures/exports/paddle_opset11.onnx"));
        Assert.Equal(-1, paddle.Proto.Graph.Input[0].Type.TensorType.Shape.Dim[0].DimValue);
        Assert.Equal(paddle.Proto, GraphEdits.WithSymbolicBatch(paddle, out var obstacle)!.Proto);
        Assert.Null(obstacle);
    }
}

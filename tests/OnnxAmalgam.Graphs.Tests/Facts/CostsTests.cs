using Onnx;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Inference;

public sealed class CostsTests
{
    [Fact]
    public void A_small_classifier_is_counted_by_hand()
    {
        var model = Classifier();
        var costs = Costs.Of(model);

        // 8x8 places, 6 channels, 3x3 of 3 channels; 6 features, 4 classes
        Assert.Equal(8 * 8 * 6 * 27, costs.MacsByNode[model.Proto.Graph.Node[0]]);
        Assert.Equal(6 * 4, costs.MacsByNode[model.Proto.Graph.Node[4]]);
        Assert.Equal((8 * 8 * 6 * 27) + 24, costs.Macs);
        Assert.Equal((6 * 27) + 24 + 4, costs.Parameters);
        Assert.Empty(costs.Unknown);
    }

    [Theory]
    [InlineData("strided", 4 * 4 * 6 * 27)]
    [InlineData("grouped", 8 * 8 * 6 * 9)]
    [InlineData("transposed", 8 * 8 * 3 * 6 * 9)]
    [InlineData("product", 3 * 8 * 8 * 5)]
    public void Convolutions_and_products_count_what_they_multiply(string kind, long macs)
    {
        var (node, weight) = kind switch
        {
            "strided" => (Node("Conv", ["image", "w"], ["y"], Ints("pads", 1, 1, 1, 1), Ints("strides", 2, 2)), Floats("w", 6, 3, 3, 3)),
            "grouped" => (Node("Conv", ["image", "w"], ["y"], Ints("pads", 1, 1, 1, 1), Int("group", 3)), Floats("w", 6, 1, 3, 3)),
            "transposed" => (Node("ConvTranspose", ["image", "w"], ["y"], Ints("strides", 2, 2)), Floats("w", 3, 6, 3, 3)),
            _ => (Node("MatMul", ["image", "w"], ["y"]), Floats("w", 8, 5)),
        };
        Assert.Equal(macs, Costs.Of(Model(Image("N", 3, 8, 8), [node], ["y"], weight)).Macs);
    }

    [Fact]
    public void A_fixed_batch_is_counted_for_one_image_and_a_free_size_needs_one()
    {
        var conv = Node("Conv", ["image", "w"], ["y"]);
        Assert.Equal(64 * 15, Costs.Of(Model(Image(7, 3, 8, 8), [conv], ["y"], Floats("w", 5, 3, 1, 1))).Macs);
        var free = Model(Image("N", 3, "H", "W"), [conv.Clone()], ["y"], Floats("w", 5, 3, 1, 1));
        Assert.Null(Costs.Of(free).Macs);
        Assert.Equal(free.Proto.Graph.Node, Costs.Of(free).Unknown);
        Assert.Equal(100 * 15, Costs.Of(free, size: 10).Macs);
        Assert.Equal("H", free.Proto.Graph.Input[0].Type.TensorType.Shape.Dim[2].DimParam);
    }

    [Fact]
    public void A_batch_that_a_Reshape_states_is_divided_out()
    {
        var model = Model(Image(8, 3, 2, 2), [Node("Reshape", ["image", "rows"], ["r"]), Node("MatMul", ["r", "w"], ["y"])], ["y"], Integers("rows", 8, 12), Floats("w", 12, 5));
        Assert.Equal(12 * 5, Costs.Of(model).Macs);
    }

    [Fact]
    public void Sizes_beyond_all_measure_are_not_counted()
    {
        var model = Model(Image(1, 1, 1L << 32, 1L << 32), [Node("Conv", ["image", "w"], ["y"])], ["y"], Floats("w", 1, 1, 1, 1));
        Assert.Null(Costs.Of(model).Macs);
        Assert.Single(Costs.Of(model).Unknown);
    }

    [Fact]
    public void Integers_that_shapes_are_made_of_and_single_numbers_are_no_parameters()
    {
        var model = Classifier(
            Node("Constant", [], ["c"], new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = Floats("", 10) }),
            Node("Reshape", ["scores", "shape"], ["y"]));
        var before = Costs.Of(model).Parameters;
        model.Proto.Graph.Initializer.Add([Integers("shape", -1, 4), Scalar("epsilon", 1e-5f)]);
        Assert.Equal((6 * 27) + 24 + 4 + 10, before);
        Assert.Equal(before, Costs.Of(model).Parameters);
    }

    [Fact]
    public void A_ResNet_8_of_widths_16_32_80_has_the_weights_of_its_layers()
    {
        static long Conv(long inputs, long outputs, long kernel) => (inputs * outputs * kernel * kernel) + outputs;
        var expected = Conv(1, 16, 3)
            + Conv(16, 16, 3) + Conv(16, 16, 3)
            + Conv(16, 32, 3) + Conv(32, 32, 3) + Conv(16, 32, 1)
            + Conv(32, 80, 3) + Conv(80, 80, 3) + Conv(32, 80, 1)
            + (80 * 10) + 10;
        Assert.Equal(expected, Costs.Of(Teacher("digits_resnet")).Parameters);
    }

    [Theory]
    [InlineData("digits_resnet")]
    [InlineData("fashion_mixer")]
    [InlineData("cifar_animals")]
    [InlineData("cifar_vehicles")]
    public void Every_layer_of_the_delivered_teachers_is_counted(string teacher)
    {
        var model = Teacher(teacher);
        var costs = Costs.Of(model);
        Assert.Empty(costs.Unknown);
        Assert.Equal(model.Proto.Graph.Node.Count(node => node.OpType is "Conv" or "Gemm" or "MatMul"), costs.MacsByNode.Count);
        Assert.Equal(costs.MacsByNode.Values.Sum(), costs.Macs);
        Assert.All(costs.MacsByNode.Values, macs => Assert.True(macs > 0));
    }
}

using Onnx;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Classifiers;

public sealed class ConvolutionTests
{
    [Theory]
    [InlineData("resnet_folded_opset11", 7, 0, 0, null)]
    [InlineData("resnet_folded_opset17", 7, 0, 0, null)]
    [InlineData("resnet_batchnorm_opset11", 0, 0, 7, "BatchNormalization")]
    [InlineData("resnet_training_opset17", 0, 0, 7, "BatchNormalization")]
    [InlineData("mobilenet_opset13", 0, 2, 5, "BatchNormalization")]
    [InlineData("vit_opset13", 0, 0, 1, "LayerNormalization")]
    [InlineData("vit_opset17", 0, 0, 1, "LayerNormalization")]
    [InlineData("nhwc_tf2onnx", 2, 0, 0, null)]
    [InlineData("sklearn_zipmap", 0, 0, 0, null)]
    public void An_exports_convolutions_are_bare_or_linear_layers_or_normalised(string name, int bare, int linear, int normalised, string? by)
    {
        var all = Graphs.Anatomy.Convolutions(Export(name));
        Assert.Equal((bare, linear, normalised), (all.Count(c => c.IsBare), all.Count(c => c.IsLinearLayer && c.Normalisation is null), all.Count(c => c.Normalisation is not null)));
        Assert.All(all, c => Assert.True(c.Normalisation is null || c.Normalisation == by, c.Normalisation));
    }

    [Theory]
    [InlineData("digits_resnet", 9, 0)]
    [InlineData("cifar_animals", 15, 0)]
    [InlineData("cifar_vehicles", 21, 0)]
    [InlineData("fashion_mixer", 0, 13)]
    public void A_teachers_folded_BatchNorm_is_missed_and_one_behind_the_activation_is_seen(string name, int bare, int normalised)
    {
        var all = Graphs.Anatomy.Convolutions(Teacher(name));
        Assert.Equal((bare, normalised), (all.Count(c => c.IsBare), all.Count(c => c.Normalisation == "BatchNormalization")));
    }

    [Fact]
    public void One_way_past_the_normalisation_leaves_a_convolution_bare()
    {
        // pre-activation: the sum goes on to a normalisation, and past it to the next sum
        OnnxModel Ending(params NodeProto[] end) => Model(
            Image("N", 3, 8, 8),
            [
                Node("Conv", ["image", "first"], ["a"], Ints("pads", 1, 1, 1, 1)),
                Node("BatchNormalization", ["a", "v", "v", "v", "v"], ["normed"]),
                Node("Conv", ["normed", "second"], ["b"], Ints("pads", 1, 1, 1, 1)),
                Node("Add", ["a", "b"], ["sum"]),
                .. end,
                Node("GlobalAveragePool", ["end"], ["pool"]),
                Node("Flatten", ["pool"], ["flat"]),
                Node("Gemm", ["flat", "fc"], ["scores"]),
            ],
            ["scores"], Floats("first", 6, 3, 3, 3), Floats("second", 6, 6, 3, 3), Floats("v", 6), Floats("fc", 6, 4));

        Assert.Equal(["BatchNormalization", "InstanceNormalization"], Graphs.Anatomy.Convolutions(Ending(Node("InstanceNormalization", ["sum", "v", "v"], ["end"]))).Select(c => c.Normalisation));
        Assert.Equal([null, null], Graphs.Anatomy.Convolutions(Ending(Node("Relu", ["sum"], ["end"]))).Select(c => c.Normalisation));
    }

    [Fact]
    public void A_map_that_a_global_pool_made_one_position_is_for_linear_layers_and_one_that_a_small_image_made_is_not()
    {
        var model = Model(
            Image("N", 3, 4, 4),
            [
                Node("Conv", ["image", "body"], ["small"], Ints("strides", 2, 2)), Node("Relu", ["small"], ["feature"]), Node("Conv", ["feature", "one"], ["map"]),
                Node("GlobalAveragePool", ["map"], ["pool"]), Node("Conv", ["pool", "one"], ["squeezed"]), Node("Relu", ["squeezed"], ["positive"]),
                Node("Conv", ["positive", "one"], ["excited"]), Node("Sigmoid", ["excited"], ["gate"]), Node("Mul", ["map", "gate"], ["gated"]),
                Node("Conv", ["gated", "one"], ["last"]), Node("Flatten", ["last"], ["flat"]), Node("Gemm", ["flat", "fc"], ["scores"]),
            ],
            ["scores"], Floats("body", 6, 3, 3, 3), Floats("one", 6, 6, 1, 1), Floats("fc", 6, 4));
        Assert.Equal("Float[N,6,1,1]", Facts.Infer(model)["small"].ToString());
        Assert.Equal([false, false, true, true, false], Graphs.Anatomy.Convolutions(model).Select(c => c.IsLinearLayer));
    }

    [Fact]
    public void The_head_is_a_linear_layer_wherever_it_stands()
    {
        var model = Model(
            Image("N", 3, 8, 8),
            [
                Node("Conv", ["image", "body"], ["map"]), Node("Relu", ["map"], ["feature"]), Node("Conv", ["feature", "head"], ["classes"]),
                Node("GlobalAveragePool", ["classes"], ["pool"]), Node("Flatten", ["pool"], ["scores"]),
            ],
            ["scores"], Floats("body", 6, 3, 3, 3), Floats("head", 4, 6, 1, 1));
        Assert.Equal([(true, false), (false, true)], Graphs.Anatomy.Convolutions(model).Select(c => (c.IsBare, c.IsLinearLayer)));
    }
}

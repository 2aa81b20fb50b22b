using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Classifiers;

public sealed class HeadTests
{
    [Theory]
    [InlineData("digits_resnet", "Gemm", 80, 10)]
    [InlineData("fashion_mixer", "Gemm", 96, 10)]
    [InlineData("cifar_animals", "Gemm", 64, 6)]
    public void The_delivered_teachers_have_a_head(string teacher, string type, int features, int classes)
    {
        var head = Graphs.Anatomy.Head(Teacher(teacher))!;
        Assert.Equal((type, "logits", features, classes), (head.Node.OpType, head.Logits, head.Features, head.Classes));
    }

    [Fact]
    public void A_MatMul_with_an_Add_behind_it_is_one_head()
    {
        var head = Graphs.Anatomy.Head(Export("nhwc_tf2onnx"))!;
        Assert.Equal("MatMul", head.Node.OpType);
        Assert.Equal("StatefulPartitionedCall/model/global_average_pooling2d/Mean:0", head.Feature);
        Assert.Equal("StatefulPartitionedCall/model/dense/BiasAdd:0", head.Logits);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_bias_may_be_on_either_side_of_the_Add(bool first)
    {
        var head = Graphs.Anatomy.Head(Model(Image("N", 6),
            [Node("MatMul", ["image", "w"], ["product"]), Node("Add", first ? ["b", "product"] : ["product", "b"], ["scores"])],
            ["scores"], Floats("w", 6, 4), Floats("b", 4)))!;
        Assert.Equal(("scores", 6, 4), (head.Logits, head.Features, head.Classes));
    }

    [Fact]
    public void An_Add_of_something_that_depends_on_the_image_is_no_bias()
    {
        var model = Model(Image("N", 4),
            [Node("MatMul", ["image", "w"], ["product"]), Node("Relu", ["product"], ["positive"]), Node("Add", ["product", "positive"], ["scores"])],
            ["scores"], Floats("w", 4, 4));
        Assert.Equal("product", Graphs.Anatomy.Head(model)!.Logits);
    }

    [Theory]
    [InlineData(0, 4, 6)]
    [InlineData(1, 6, 4)]
    public void Gemm_is_read_as_its_transposition_says(int transB, int features, int classes)
    {
        var head = Graphs.Anatomy.Head(Model(Image("N", features), [Node("Gemm", ["image", "w"], ["scores"], Int("transB", transB))], ["scores"], Floats("w", 4, 6)))!;
        Assert.Equal((features, classes), (head.Features, head.Classes));
    }

    [Fact]
    public void A_weight_that_a_Transpose_makes_of_an_initializer_is_fixed_too()
    {
        var head = Graphs.Anatomy.Head(Model(Image("N", 6),
            [Node("Transpose", ["w"], ["wt"]), Node("MatMul", ["image", "wt"], ["scores"])], ["scores"], Floats("w", 4, 6)))!;
        Assert.Equal((6, 4), (head.Features, head.Classes));
    }

    [Fact]
    public void A_convolution_of_one_by_one_is_a_head_and_a_wider_one_is_not()
    {
        OnnxModel Of(int kernel) => Model(Image("N", 3, 8, 8),
            [Node("GlobalAveragePool", ["image"], ["pool"]), Node("Conv", ["pool", "w", "b"], ["map"]), Node("Flatten", ["map"], ["scores"])],
            ["scores"], Floats("w", 5, 3, kernel, kernel), Floats("b", 5));
        var head = Graphs.Anatomy.Head(Of(1))!;
        Assert.Equal(("pool", "map", 3, 5), (head.Feature, head.Logits, head.Features, head.Classes));
        Assert.Null(Graphs.Anatomy.Head(Of(3)));
    }

    [Fact]
    public void A_layer_that_a_path_goes_round_is_no_head() => Assert.Null(Graphs.Anatomy.Head(Model(Image("N", 4),
        [Node("MatMul", ["image", "w"], ["product"]), Node("Relu", ["image"], ["round"]), Node("Add", ["product", "round"], ["scores"])],
        ["scores"], Floats("w", 4, 4))));

    [Fact]
    public void A_model_without_weights_or_with_a_product_of_two_values_has_no_head()
    {
        Assert.Null(Graphs.Anatomy.Head(Model(Image("N", 4), [Node("Softmax", ["image"], ["p"])], ["p"])));
        Assert.Null(Graphs.Anatomy.Head(Model(Image("N", 4), [Node("Transpose", ["image"], ["t"]), Node("MatMul", ["image", "t"], ["scores"])], ["scores"])));
        Assert.Null(Graphs.Anatomy.Head(Export("sklearn_zipmap")));
    }
}

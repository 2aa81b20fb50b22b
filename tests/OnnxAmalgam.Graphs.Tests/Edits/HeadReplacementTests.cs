using Onnx;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Tests.Files;
using OnnxAmalgam.Tests.Shared;
using static Onnx.TensorProto.Types;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Edits;

public sealed class HeadReplacementTests
{
    // [classes 3, features 6], row-major
    static readonly float[] Weight = [.. Enumerable.Range(0, 18).Select(i => 100f + i)];
    static readonly float[] Bias = [-1, -2, -3];

    [Fact]
    public void Gemm_gets_new_weights_under_the_old_names_and_nothing_else_changes()
    {
        var model = Classifier();
        model.Proto.Graph.Node[4].Attribute.Add([new AttributeProto { Name = "alpha", Type = AttributeProto.Types.AttributeType.Float, F = 2 }, new AttributeProto { Name = "beta", Type = AttributeProto.Types.AttributeType.Float, F = 3 }]);
        var before = model.ToBytes();
        var edited = GraphEdits.ReplaceHead(model, Weight, Bias);

        Assert.Equal(Weight, Elements(edited, "fc.weight"));
        Assert.Equal(Bias, Elements(edited, "fc.bias"));
        Assert.Equal(Value("scores", "N", 3), Assert.Single(edited.Proto.Graph.Output));
        Assert.Equal([("transB", 0), ("alpha", 1), ("beta", 1)], edited.Proto.Graph.Node[4].Attribute.Select(attribute => (attribute.Name, attribute.F)));
        Assert.Equal(model.Proto.Graph.Node.Take(4), edited.Proto.Graph.Node.Take(4));
        Assert.Equal(model.Proto.Graph.Initializer.Select(tensor => tensor.Name), edited.Proto.Graph.Initializer.Select(tensor => tensor.Name));
        Assert.Equal(Elements(model, "conv.weight"), Elements(edited, "conv.weight"));
        Assert.Equal((model.Proto.IrVersion, model.Proto.OpsetImport), (edited.Proto.IrVersion, edited.Proto.OpsetImport));
        Assert.Equal(before, model.ToBytes());
    }

    [Fact]
    public void Gemm_without_transposition_holds_features_first()
    {
        var edited = GraphEdits.ReplaceHead(Linear(Node("Gemm", ["image", "w", "b"], ["scores"]), Floats("w", 6, 4), Floats("b", 4)), Weight, Bias);
        Assert.Equal(Transposed(Weight), Elements(edited, "w"));
        Assert.Equal([6, 3], Initializer(edited, "w").Dims);
    }

    [Fact]
    public void Gemm_without_bias_gets_one()
    {
        var edited = GraphEdits.ReplaceHead(Linear(Node("Gemm", ["image", "head.weight"], ["scores"], Int("transB", 1)), Floats("head.weight", 4, 6)), Weight, Bias);
        Assert.Equal(["image", "head.weight", "head.bias"], edited.Proto.Graph.Node[0].Input);
        Assert.Equal(Bias, Elements(edited, "head.bias"));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(1, 4)]
    public void MatMul_and_Add_keep_their_two_nodes_and_the_biass_rank(params int[] dims)
    {
        var model = Model(Image("N", 6), [Node("MatMul", ["image", "w"], ["product"]), Node("Add", ["b", "product"], ["scores"])], ["scores"],
            Floats("w", 6, 4), Floats("b", [.. dims.Select(dim => (long)dim)]));
        var edited = GraphEdits.ReplaceHead(model, Weight, Bias);

        Assert.Equal(model.Proto.Graph.Node, edited.Proto.Graph.Node);
        Assert.Equal(Transposed(Weight), Elements(edited, "w"));
        Assert.Equal(Bias, Elements(edited, "b"));
        Assert.Equal([.. dims[..^1].Select(dim => (long)dim), 3L], Initializer(edited, "b").Dims);
    }

    [Fact]
    public void MatMul_alone_gets_an_Add_behind_it_and_the_scores_keep_their_name()
    {
        var edited = GraphEdits.ReplaceHead(Linear(Node("MatMul", ["image", "w"], ["scores"]), Floats("w", 6, 4)), Weight, Bias);

        Assert.Equal(["MatMul", "Add"], edited.Proto.Graph.Node.Select(node => node.OpType));
        Assert.Equal("scores", edited.Proto.Graph.Node[1].Output[0]);
        Assert.Equal(edited.Proto.Graph.Node[0].Output[0], edited.Proto.Graph.Node[1].Input[0]);
        Assert.Equal(Bias, Elements(edited, edited.Proto.Graph.Node[1].Input[1]));
        Assert.Equal(Transposed(Weight), Elements(edited, "w"));
        Assert.NotEmpty(Validated(edited).Proto.Graph.Node);
    }

    [Fact]
    public void A_convolution_of_one_by_one_keeps_its_rank_and_what_follows_it()
    {
        var model = Model(Image("N", 6, 8, 8),
            [Node("GlobalAveragePool", ["image"], ["pool"]), Node("Conv", ["pool", "w", "b"], ["map"]), Node("Flatten", ["map"], ["scores"])],
            ["scores"], Floats("w", 4, 6, 1, 1), Floats("b", 4));
        var edited = GraphEdits.ReplaceHead(model, Weight, Bias);

        Assert.Equal(Weight, Elements(edited, "w"));
        Assert.Equal([3, 6, 1, 1], Initializer(edited, "w").Dims);
        Assert.Equal(Value("scores", "N", 3), Assert.Single(edited.Proto.Graph.Output));
        Assert.Equal(model.Proto.Graph.Node, edited.Proto.Graph.Node);
    }

    [Theory]
    [InlineData("Softmax")]
    [InlineData("Sigmoid")]
    [InlineData("LogSoftmax")]
    public void A_tail_that_squashes_is_cut(string type)
    {
        var edited = GraphEdits.ReplaceHead(Classifier(Node(type, ["scores"], ["p"]), Node("ArgMax", ["p"], ["label"], Int("axis", 1))), Weight, Bias);
        Assert.Equal(["Conv", "Relu", "GlobalAveragePool", "Flatten", "Gemm"], edited.Proto.Graph.Node.Select(node => node.OpType));
        Assert.Equal(Value("scores", "N", 3), Assert.Single(edited.Proto.Graph.Output));
    }

    [Fact]
    public void A_weight_that_others_use_stays_as_it_is_and_the_head_gets_its_own()
    {
        var model = Model(Image("N", 6),
            [Node("Gemm", ["image", "tied"], ["hidden"], Int("transB", 1)), Node("Relu", ["hidden"], ["h"]), Node("Gemm", ["h", "tied", "bias"], ["scores"], Int("transB", 1))],
            ["scores"], Floats("tied", 6, 6), Floats("bias", 6));
        var edited = GraphEdits.ReplaceHead(model, Weight, Bias);

        Assert.Equal("tied", edited.Proto.Graph.Node[0].Input[1]);
        Assert.Equal(Elements(model, "tied"), Elements(edited, "tied"));
        var own = edited.Proto.Graph.Node[2].Input[1];
        Assert.NotEqual("tied", own);
        Assert.Equal(Weight, Elements(edited, own));
        Assert.Equal("bias", edited.Proto.Graph.Node[2].Input[2]);
    }

    [Fact]
    public void A_weight_behind_a_Transpose_becomes_the_heads_own_and_the_Transpose_goes()
    {
        var model = Model(Image("N", 6), [Node("Transpose", ["w"], ["wt"]), Node("MatMul", ["image", "wt"], ["product"]), Node("Add", ["product", "b"], ["scores"])],
            ["scores"], Floats("w", 4, 6), Floats("b", 4));
        var edited = Validated(GraphEdits.ReplaceHead(model, Weight, Bias));

        Assert.Equal(["MatMul", "Add"], edited.Proto.Graph.Node.Select(node => node.OpType));
        Assert.Equal(Transposed(Weight), Elements(edited, edited.Proto.Graph.Node[0].Input[1]));
        Assert.DoesNotContain(edited.Proto.Graph.Initializer, tensor => tensor.Name == "w");
    }

    [Fact]
    public void A_weight_in_a_Constant_node_becomes_an_initializer()
    {
        static NodeProto Constant(string name, TensorProto tensor) =>
            Node("Constant", [], [name], new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = tensor });
        var model = Model(Image("N", 6), [Constant("w", Floats("", 4, 6)), Constant("b", Floats("", 4)), Node("Gemm", ["image", "w", "b"], ["scores"], Int("transB", 1))], ["scores"]);
        var edited = Validated(GraphEdits.ReplaceHead(model, Weight, Bias));

        var gemm = Assert.Single(edited.Proto.Graph.Node);
        Assert.Equal(Weight, Elements(edited, gemm.Input[1]));
        Assert.Equal(Bias, Elements(edited, gemm.Input[2]));
    }

    [Fact]
    public void Names_that_bodies_use_are_not_given_to_new_tensors()
    {
        var body = TinyModel.BodyOf("made", [TinyModel.Node("Identity", ["head.bias"], ["made"])], Floats("head.bias", 1));
        var model = Model(Image("N", 6),
            [
                Node("If", ["condition"], ["one"], TinyModel.Body("then_branch", body), TinyModel.Body("else_branch", body.Clone())),
                Node("Mul", ["image", "one"], ["scaled"]),
                Node("Gemm", ["scaled", "head.weight"], ["scores"], Int("transB", 1)),
            ],
            ["scores"], Floats("head.weight", 4, 6), TinyModel.Tensor("condition", DataType.Bool, [1]));
        var edited = GraphEdits.ReplaceHead(model, Weight, Bias);
        Assert.Equal("head.bias_1", edited.Proto.Graph.Node[^1].Input[2]);
    }

    [Fact]
    public void A_Reshape_behind_the_head_that_names_the_old_width_names_the_new_one()
    {
        var model = Model(Image("N", 6, 1, 1), [Node("Conv", ["image", "w", "b"], ["map"]), Node("Reshape", ["map", "shape"], ["scores"])],
            ["scores"], Floats("w", 4, 6, 1, 1), Floats("b", 4), Integers("shape", -1, 4));
        var edited = GraphEdits.ReplaceHead(model, Weight, Bias);
        Assert.Equal(Value("scores", "N", 3), Assert.Single(edited.Proto.Graph.Output));
        Assert.Single(edited.Proto.Graph.Initializer, tensor => tensor.DataType == (int)DataType.Int64);
    }

    [Fact]
    public void A_tail_that_is_made_for_the_old_width_is_refused()
    {
        var model = Classifier(Node("Mul", ["scores", "per.class"], ["calibrated"]));
        model.Proto.Graph.Initializer.Add(Floats("per.class", 4));
        var e = Assert.Throws<InputException>(() => GraphEdits.ReplaceHead(model, Weight, Bias));
        Assert.Contains("'tiny.onnx': expected scores of width 3 behind the new head 'Gemm_scores'", e.Message);
        Assert.Contains("what follows the head is made for 4 classes; export the model up to its logits", e.Message);
    }

    [Fact]
    public void A_tail_of_one_number_is_kept()
    {
        var model = Classifier(Node("Mul", ["scores", "scale"], ["scaled"]));
        model.Proto.Graph.Initializer.Add(Scalar("scale", 0.5f));
        var edited = GraphEdits.ReplaceHead(model, Weight, Bias);
        Assert.Equal(Value("scaled", "N", 3), Assert.Single(edited.Proto.Graph.Output));
        Assert.Equal("Mul", edited.Proto.Graph.Node[^1].OpType);
    }

    [Theory]
    [InlineData("sklearn_zipmap")]
    [InlineData("encoder")]
    public void Without_a_head_there_is_none_to_replace(string file) =>
        Assert.Throws<InputException>(() => GraphEdits.ReplaceHead(Export(file), Weight, Bias));

    [Fact]
    public void Weights_of_another_width_than_the_feature_are_the_callers_mistake() =>
        Assert.Contains("expected 6 weights for each of 3 classes, got 17 weights", Assert.Throws<ArgumentException>(() => GraphEdits.ReplaceHead(Classifier(), Weight.AsSpan(1), Bias)).Message);

    [Theory]
    [InlineData("digits_resnet", 80)]
    [InlineData("fashion_mixer", 96)]
    [InlineData("cifar_animals", 64)]
    [InlineData("cifar_vehicles", -1)]
    public void A_teachers_new_head_reads_back_from_its_file(string teacher, int features)
    {
        var model = Teacher(teacher);
        var head = Graphs.Anatomy.Head(model)!;
        var weight = Enumerable.Range(0, 3 * head.Features).Select(i => (float)i).ToArray();
        var edited = Validated(GraphEdits.ReplaceHead(model, weight, Bias));

        Assert.True(features < 0 || features == head.Features);
        Assert.Equal(weight, Elements(edited, head.Node.Input[1]));
        Assert.Equal(new LogitsOutput("logits", false, 3, null), Graphs.Anatomy.Logits(edited));
        Assert.Equal(3, Graphs.Anatomy.Head(edited)!.Classes);
        Assert.Equal(model.Proto.Graph.Node, edited.Proto.Graph.Node);
        Assert.Equal(Graphs.Anatomy.AutoTap(model), Graphs.Anatomy.AutoTap(edited));
        foreach (var tensor in model.Proto.Graph.Initializer.Where(tensor => !head.Node.Input.Contains(tensor.Name)))
            Assert.Equal(model.ReadRaw(tensor), edited.ReadRaw(Initializer(edited, tensor.Name)));
    }

    [Fact]
    public void Declared_inputs_of_an_old_IR_version_follow_the_new_width()
    {
        var model = Export("weights_as_inputs");
        var head = Graphs.Anatomy.Head(model)!;
        var edited = Validated(GraphEdits.ReplaceHead(model, Weight, Bias));
        Assert.Equal([3, head.Features], edited.Proto.Graph.Input.Single(input => input.Name == head.Node.Input[1]).Type.TensorType.Shape.Dim.Select(dim => dim.DimValue));
    }

    [Theory]
    [InlineData(DataType.Float16, 0x5640, 0xBC00)]
    [InlineData(DataType.Bfloat16, 0x42C8, 0xBF80)]
    public void A_narrow_head_stays_narrow(DataType type, int weight, int bias)
    {
        var model = Model(Image("N", 6), [Node("Gemm", ["image", "w", "b"], ["scores"], Int("transB", 1))], ["scores"],
            TinyModel.Tensor("w", type, new byte[48], 4, 6), TinyModel.Tensor("b", type, new byte[8], 4));
        model.Proto.Graph.Input[0].Type.TensorType.ElemType = (int)type;
        var edited = GraphEdits.ReplaceHead(model, Weight, Bias);
        Assert.Equal((weight, bias), (BitConverter.ToUInt16(edited.ReadRaw(Initializer(edited, "w"))), BitConverter.ToUInt16(edited.ReadRaw(Initializer(edited, "b")))));
    }

    static OnnxModel Linear(NodeProto node, params TensorProto[] weights) => Model(Image("N", 6), [node], ["scores"], weights);

    static TensorProto Initializer(OnnxModel model, string name) => model.Proto.Graph.Initializer.Single(tensor => tensor.Name == name);

    static float[] Transposed(float[] weight) => [.. Enumerable.Range(0, 18).Select(i => weight[(i % 3 * 6) + (i / 3)])];

    /// <summary>The model as it comes back from its file, which every rule has looked at.</summary>
    static OnnxModel Validated(OnnxModel model)
    {
        using var folder = new TempFolder();
        model.Save(folder["edited.onnx"]);
        return OnnxModel.Load(folder["edited.onnx"]);
    }
}

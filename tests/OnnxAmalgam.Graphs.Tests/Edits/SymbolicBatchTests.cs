using OnnxAmalgam.Graphs.Edits;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Edits;

public sealed class SymbolicBatchTests
{
    [Fact]
    public void A_batch_that_only_the_declarations_fix_gets_a_name()
    {
        var model = Export("fixed_batch_1");
        var before = model.ToBytes();
        var freed = GraphEdits.WithSymbolicBatch(model)!;

        Assert.Equal("batch", freed.Proto.Graph.Input[0].Type.TensorType.Shape.Dim[0].DimParam);
        Assert.Equal(Value("logits", "batch", 4), Assert.Single(freed.Proto.Graph.Output));
        Assert.Equal(model.Proto.Graph.Node, freed.Proto.Graph.Node);
        Assert.Equal(before, model.ToBytes());
    }

    [Fact]
    public void A_batch_written_into_a_Reshape_is_written_out_of_it()
    {
        var freed = GraphEdits.WithSymbolicBatch(Export("fixed_batch_1_reshape"))!;

        Assert.Equal(Value("logits", "batch", 4), Assert.Single(freed.Proto.Graph.Output));
        var reshape = Assert.Single(freed.Proto.Graph.Node, node => node.OpType == "Reshape");
        Assert.Equal(["batch", "6", "64"], Graphs.Facts.Infer(freed)[reshape.Output[0]].Shape!.Select(dim => dim.ToString()));
    }

    [Fact]
    public void A_batch_that_is_free_already_stays_as_it_is()
    {
        var model = Export("resnet_folded_opset17");
        Assert.Equal(model.ToBytes(), GraphEdits.WithSymbolicBatch(model)!.ToBytes());
    }

    [Fact]
    public void A_name_that_is_taken_is_not_taken_again()
    {
        var model = Model(Image(1, 3, "batch", 8), [Node("GlobalAveragePool", ["image"], ["y"])], ["y"]);
        Assert.Equal(["batch_1", "3", "batch", "8"], Graphs.Facts.Infer(GraphEdits.WithSymbolicBatch(model)!)["image"].Shape!.Select(dim => dim.ToString()));
    }

    [Theory]
    [InlineData("Flatten")]
    [InlineData("Softmax")]
    [InlineData("LayerNormalization scale")]
    [InlineData("ReduceMean #axes=1,2,3 #keepdims=0")]
    [InlineData("Transpose #perm=0,3,1,2")]
    [InlineData("MatMul product")]
    [InlineData("Add product")]
    [InlineData("Reshape shape.free")]
    [InlineData("Reshape shape.zero")]
    [InlineData("Reshape shape.fixed")]
    [InlineData("Conv kernel")]
    public void What_leaves_samples_apart_is_let_through(string node) => Assert.NotNull(GraphEdits.WithSymbolicBatch(Of(node)));

    [Theory]
    [InlineData("ReduceMean #axes=0 #keepdims=1")]
    [InlineData("ReduceMean #axes=0,1,2,3 #keepdims=1")]
    [InlineData("Softmax #axis=0")]
    [InlineData("Concat image #axis=0")]
    [InlineData("Gather first #axis=0")]
    [InlineData("CumSum first")]
    [InlineData("Custom")]
    [InlineData("BatchNormalization scale8 scale8 scale8 scale8 #training_mode=1")]
    [InlineData("MatMul turned")]
    [InlineData("LayerNormalization scale #axis=0")]
    public void What_mixes_samples_or_is_not_known_is_not_and_named(string node)
    {
        Assert.Null(GraphEdits.WithSymbolicBatch(Of(node), out var obstacle));
        var type = node.Split(' ')[0];
        Assert.Equal($"node '{type}_y' ({type})", obstacle);
    }

    [Fact]
    public void A_constant_with_a_row_for_each_sample_is_refused()
    {
        OnnxModel Added(params long[] rows) => Model(Image(4, 3), [Node("Gemm", ["image", "w", "c"], ["y"])], ["y"], Floats("w", 3, 5), Floats("c", rows));
        Assert.NotNull(GraphEdits.WithSymbolicBatch(Added(5)));
        Assert.NotNull(GraphEdits.WithSymbolicBatch(Added(1, 5)));
        Assert.Null(GraphEdits.WithSymbolicBatch(Added(4, 5)));

        OnnxModel Summed(string equation, params long[] other) => Model(Image(4, 3), [Node("Einsum", ["image", "w"], ["y"], Text("equation", equation))], ["y"], Floats("w", other));
        Assert.NotNull(GraphEdits.WithSymbolicBatch(Summed("bi,ij->bj", 3, 5)));
        Assert.Null(GraphEdits.WithSymbolicBatch(Summed("bi,bij->bj", 4, 3, 5)));
    }

    [Theory]
    [InlineData("Reshape shape.flat", "512*batch")]
    [InlineData("Reshape shape.mixed", "8*batch,1,64")]
    public void Rows_folded_into_the_batch_stay_together_sample_by_sample(string node, string shape) =>
        Assert.Equal(shape, string.Join(',', Graphs.Facts.Infer(GraphEdits.WithSymbolicBatch(Of(node))!)["y"].Shape!));

    [Fact]
    public void An_output_that_loses_the_batch_is_refused()
    {
        var model = Model(Image(1, 3, 8, 8), [Node("Shape", ["image"], ["sizes"])], ["sizes"]);
        Assert.Null(GraphEdits.WithSymbolicBatch(model, out var obstacle));
        Assert.Equal("output 'sizes', whose first axis is no batch", obstacle);
        Assert.Null(GraphEdits.WithSymbolicBatch(Of("Flatten #axis=0"), out obstacle));
        Assert.Equal("output 'y', whose first axis is no batch", obstacle);
    }

    [Fact]
    public void What_can_be_freed_has_no_obstacle_and_an_input_without_shape_is_one()
    {
        Assert.NotNull(GraphEdits.WithSymbolicBatch(Export("fixed_batch_1"), out var none));
        Assert.Null(none);
        Assert.Null(GraphEdits.WithSymbolicBatch(Model(Files.TinyModel.Value("image"), [Node("Relu", ["image"], ["y"])], ["y"]), out var obstacle));
        Assert.Equal("an image input of unknown shape", obstacle);
    }

    [Fact]
    public void Tokens_in_front_of_the_samples_may_be_folded_with_them_into_rows_and_back()
    {
        // as torch writes attention for batch 1: [L, N, E] -> [L * N, E] -> Gemm -> [L, N, E]
        var model = Model(Image(1, 5, 6),
            [
                Node("Transpose", ["image"], ["tokens"], Ints("perm", 1, 0, 2)), Node("Reshape", ["tokens", "rows"], ["r"]), Node("Gemm", ["r", "w"], ["mixed"]),
                Node("Reshape", ["mixed", "back"], ["b"]), Node("Add", ["b", "tokens"], ["sum"]), Node("Transpose", ["sum"], ["y"], Ints("perm", 1, 0, 2)),
            ],
            ["y"], Floats("w", 6, 6), Integers("rows", 5, 6), Integers("back", 5, 1, 6));
        var freed = GraphEdits.WithSymbolicBatch(model, out var obstacle);

        Assert.Null(obstacle);
        Assert.Equal("5*batch,6", string.Join(',', Graphs.Facts.Infer(freed!)["r"].Shape!));
        Assert.Equal(Value("y", "batch", 5, 6), Assert.Single(freed!.Proto.Graph.Output));
    }

    [Fact]
    public void Rows_of_samples_and_tokens_do_not_meet_rows_of_tokens_and_samples()
    {
        var model = Model(Image(1, 5, 6),
            [
                Node("Transpose", ["image"], ["tokens"], Ints("perm", 1, 0, 2)), Node("Reshape", ["tokens", "rows"], ["a"]), Node("Reshape", ["image", "rows"], ["b"]),
                Node("Add", ["a", "b"], ["sum"]), Node("Reshape", ["sum", "back"], ["y"]),
            ],
            ["y"], Integers("rows", 5, 6), Integers("back", 1, 5, 6));
        Assert.Null(GraphEdits.WithSymbolicBatch(model, out var obstacle));
        Assert.Equal("node 'Add_sum' (Add)", obstacle);
    }

    [Fact]
    public void A_class_token_of_one_sample_is_repeated_for_all()
    {
        var model = Model(Image(1, 5, 6), [Node("Concat", ["token", "image"], ["tokens"], Int("axis", 1))], ["tokens"], Floats("token", 1, 1, 6));
        var freed = GraphEdits.WithSymbolicBatch(model)!;
        Assert.Equal(Value("tokens", "batch", 6, 6), Assert.Single(freed.Proto.Graph.Output));
        Assert.Equal(["Shape", "Gather", "Concat", "Expand", "Concat"], freed.Proto.Graph.Node.Select(one => one.OpType));
    }

    [Fact]
    public void A_fixed_batch_of_more_than_one_is_freed_too()
    {
        var model = Model(Image(4, 3, 8, 8), [Node("Reshape", ["image", "shape"], ["y"])], ["y"], Integers("shape", 4, 192));
        Assert.Equal(Value("y", "batch", 192), Assert.Single(GraphEdits.WithSymbolicBatch(model)!.Proto.Graph.Output));
    }

    static OnnxModel Of(string text)
    {
        var words = text.Split(' ');
        var attributes = words.Where(word => word[0] == '#').Select(word => word[1..].Split('=')).Select(pair =>
            pair[1].Contains(',', StringComparison.Ordinal) || pair[0] is "axes" or "perm"
                ? Ints(pair[0], [.. pair[1].Split(',').Select(long.Parse)])
                : Int(pair[0], long.Parse(pair[1], System.Globalization.CultureInfo.InvariantCulture)));
        return Model(Image(1, 8, 8, 8),
            [
                Node("Transpose", ["image"], ["turned"], Ints("perm", 3, 2, 1, 0)),
                Node(words[0], ["image", .. words.Skip(1).Where(word => word[0] != '#')], ["y"], [.. attributes]),
            ],
            ["y"],
            Floats("scale", 8), Floats("scale8", 8), Floats("product", 8, 8), Floats("kernel", 4, 8, 3, 3), Integers("first", 0),
            Integers("shape.free", -1, 512), Integers("shape.zero", 0, -1), Integers("shape.fixed", 1, 8, 64), Integers("shape.flat", 512), Integers("shape.mixed", 8, 1, 64));
    }
}

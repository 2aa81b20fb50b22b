using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Opsets;

/// <summary>What the cases of the operator table do not reach: edges of attributes, shapes that are not known, constants that are computed.</summary>
public sealed class OpsetStepTests : IDisposable
{
    readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    static Tensor X(params long[] shape) => rand(shape, generator: new Generator(5)) * 6 - 3;

    [Theory]
    [InlineData(1, 4, false)]
    [InlineData(0, 4, false)]
    [InlineData(2, 4, false)]
    [InlineData(3, 4, true)]
    [InlineData(-1, 4, true)]
    [InlineData(-2, 3, false)]
    [InlineData(-1, 3, true)]
    [InlineData(1, 2, true)]
    [InlineData(0, 2, false)]
    [InlineData(0, 1, true)]
    public void Softmax_along_the_last_axis_stays_one_node_and_along_others_works_on_a_matrix(int axis, int rank, bool staysOne)
    {
        var x = X([.. ((long[])[2, 3, 4, 5]).Take(rank)]);
        foreach (var type in (string[])["Softmax", "LogSoftmax", "Hardmax"])
        {
            var known = Upward.Same(new TinyModel(11).Input("x", x).Node(type, "x", "y", A("axis", axis)).Output("y"), 13, ("x", x));
            Assert.Equal(staysOne ? [type] : ["Shape", "Flatten", type, "Reshape"], Upward.Operators(known));
            var unknown = Upward.Same(new TinyModel(11).Typed("x", x).Node(type, "x", "y", A("axis", axis)).Output("y"), 13, ("x", x));
            Assert.Equal(axis == -1 ? [type] : ["Shape", "Flatten", type, "Reshape"], Upward.Operators(unknown));
        }
    }

    [Theory]
    [InlineData(new long[] { 2, 3 }, "Softmax")]
    [InlineData(new long[] { 2, 3, 1, 1 }, "Softmax")]
    [InlineData(new long[] { 2, 3, 4 }, "Shape Flatten Softmax Reshape")]
    public void Softmax_without_an_axis_meant_axis_1(long[] shape, string operators)
    {
        var x = X(shape);
        var newer = Upward.Same(new TinyModel(7).Input("x", x).Node("Softmax", "x", "y").Output("y"), 23, ("x", x));
        Assert.Equal(operators.Split(' '), Upward.Operators(newer));
    }

    [Theory]
    [InlineData(0.6, 0.7)]
    [InlineData(0.5, 2.3)]
    [InlineData(1.0, 0.45)]
    [InlineData(1.3, 2.7)]
    [InlineData(1.0, 1.0)]
    public void Resize_10_nearest_rounds_as_it_did_whether_it_shrinks_or_enlarges(double height, double width)
    {
        var x = X(2, 2, 5, 7);
        var model = new TinyModel(10).Input("x", x).Stored("s", tensor((float[])[1, 1, (float)height, (float)width])).Node("Resize", "x s", "y").Output("y");
        foreach (var to in (int[])[11, 13, 18, 23]) Upward.Same(model, to, ("x", x));
    }

    [Fact]
    public void Resize_10_nearest_that_shrinks_one_axis_and_enlarges_the_other_is_refused()
    {
        var model = new TinyModel(10).Input("x", X(2, 2, 5, 7)).Stored("s", tensor((float[])[1, 1, 0.6f, 2])).Node("Resize", "x s", "y").Output("y");
        Assert.Equal(
            "'tiny.onnx' cannot be brought to opset 13: node 'make_y' (Resize-10): expected scales that enlarge or scales that shrink, because nearest rounds down for the one and up for the other, got both; export the model again at opset 13, or go no further than opset 10",
            Upward.Refused(model, 13));
    }

    [Fact]
    public void Scales_that_are_computed_do_where_nothing_depends_on_them()
    {
        Tensor x = X(2, 2, 5, 4), s = tensor((float[])[1, 1, 1.6f, 2]);
        TinyModel Model(int opset, string type, string mode) => new TinyModel(opset).Input("x", x).Input("s", s).Node(type, "x s", "y", A("mode", mode)).Output("y");
        Upward.Same(Model(10, "Resize", "linear"), 23, ("x", x), ("s", s));
        Upward.Same(Model(9, "Upsample", "linear"), 23, ("x", x), ("s", s));
        Upward.Same(Model(9, "Upsample", "nearest"), 23, ("x", x), ("s", s));
        Assert.Contains("node 'make_y' (Resize-10): expected constant scales", Upward.Refused(Model(10, "Resize", "nearest"), 23), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1.6, 0.7)]
    [InlineData(2, 3)]
    [InlineData(0.5, 0.34)]
    public void Half_pixels_of_TensorFlow_become_half_pixels_that_round_otherwise(double height, double width)
    {
        var x = X(1, 2, 6, 7);
        TinyModel Model(string rounding) => new TinyModel(11).Input("x", x).Stored("roi", zeros(0)).Stored("s", tensor((float[])[1, 1, (float)height, (float)width]))
            .Node("Resize", "x roi s", "y", A("coordinate_transformation_mode", "tf_half_pixel_for_nn"), A("nearest_mode", rounding)).Output("y");
        foreach (var rounding in (string[])["floor", "round_prefer_floor"])
        {
            Upward.Same(Model(rounding), 13, ("x", x));
            Upward.Same(Model(rounding), 23, ("x", x));
        }

        Assert.Contains("expected 'tf_half_pixel_for_nn', which opset 13 has no more, with mode nearest and nearest_mode floor or round_prefer_floor, got mode nearest and nearest_mode ceil", Upward.Refused(Model("ceil"), 13), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    public void Empty_roi_and_scales_beside_sizes_are_left_out_and_go(int from)
    {
        var x = X(1, 2, 4, 5);
        var model = new TinyModel(from).Input("x", x).Stored("empty", zeros(0)).Stored("sizes", tensor((long[])[1, 2, 7, 3]))
            .Node("Resize", "x empty empty sizes", "y", A("mode", "linear")).Output("y");
        var node = Assert.Single(Upward.Same(model, 23, ("x", x)).Proto.Graph.Node);
        Assert.Equal(["x", from == 11 ? "" : "empty", "", "sizes"], node.Input);
    }

    [Theory]
    [InlineData(float.NaN, -1f, ScalarType.Float32)]
    [InlineData(0.5f, float.NaN, ScalarType.Float32)]
    [InlineData(-0.3f, 1.7f, ScalarType.Float32)]
    [InlineData(float.NaN, float.NaN, ScalarType.Float32)]
    public void Limits_of_Clip_become_numbers_of_its_type_and_missing_ones_stay_missing(float low, float high, ScalarType type)
    {
        var x = X(3, 4).to_type(type);
        Onnx.AttributeProto[] limits = [.. new[] { (Name: "min", Value: low), (Name: "max", Value: high) }.Where(limit => !float.IsNaN(limit.Value)).Select(limit => A(limit.Name, limit.Value))];
        // the limit is passed on through a value whose type only inference knows
        var newer = Upward.Same(new TinyModel(7).Input("x", x).Node("Neg", "x", "n").Node("Clip", "n", "y", limits).Output("y"), 23, ("x", x));
        Assert.Equal(limits.Length, newer.Proto.Graph.Initializer.Count);
    }

    /// <summary>ONNX Runtime has Clip-6 for float32 alone.</summary>
    [Theory]
    [InlineData(ScalarType.Float16, new byte[] { 0x00, 0x3E })]
    [InlineData(ScalarType.Float64, new byte[] { 0, 0, 0, 0, 0, 0, 0xF8, 0x3F })]
    public void Limits_are_of_the_type_that_is_clipped(ScalarType type, byte[] bytes)
    {
        var x = X(3, 4).to_type(type);
        var newer = GraphEdits.WithOpset(new TinyModel(10).Input("x", x).Node("Clip", "x", "y", A("max", 1.5f)).Output("y").Build(), 12);
        Assert.Equal(bytes, Assert.Single(newer.Proto.Graph.Initializer).RawData.ToByteArray());
        Assert.Equal(["x", "", "y_max"], newer.Proto.Graph.Node[0].Input);
        var clipped = Ort.Run(newer.ToBytes(), new Dictionary<string, Tensor> { ["x"] = x })[0];
        Compare.Close(x.to_type(ScalarType.Float64).minimum(1.5), clipped.to_type(ScalarType.Float64), 0, 0, "clipped");
    }

    [Fact]
    public void A_Clip_of_unknown_type_is_refused()
    {
        var model = new TinyModel(10).Import("com.microsoft", 1).Input("x", X(2, 3)).Node("Scale", "x", "s").Node("Clip", "s", "y", A("max", 6f)).Output("y");
        model.Proto.Graph.Node[0].Domain = "com.microsoft";
        Assert.Contains("node 'make_y' (Clip-6): expected an input whose float type is known, because the number becomes a tensor of that type, got an unknown type", Upward.Refused(model, 11), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("constant", 2.5f, ScalarType.Float32, 3)]
    [InlineData("constant", 2.5f, ScalarType.Float64, 3)]
    [InlineData("constant", 0f, ScalarType.Float32, 2)]
    [InlineData("edge", 2.5f, ScalarType.Float32, 2)]
    [InlineData("reflect", 0f, ScalarType.Float32, 2)]
    public void Pads_and_their_value_become_inputs(string mode, float value, ScalarType type, int inputs)
    {
        var x = X(2, 3, 4).to_type(type);
        var newer = Upward.Same(new TinyModel(10).Input("x", x).Node("Pad", "x", "y", A("mode", mode), A("value", value), A("pads", [0, 1, 2, 0, 0, 1])).Output("y"), 23, ("x", x));
        Assert.Equal(inputs, newer.Proto.Graph.Node[0].Input.Count);
    }

    [Fact]
    public void Pads_that_cut_stay()
    {
        var x = X(2, 3, 4);
        Upward.Same(new TinyModel(10).Input("x", x).Node("Pad", "x", "y", A("pads", [0, -1, 2, 0, 0, -1])).Output("y"), 23, ("x", x));
    }

    [Fact]
    public void Slices_with_and_without_axes_and_beyond_the_ends()
    {
        var x = X(4, 5, 6);
        Upward.Same(new TinyModel(9).Input("x", x).Node("Slice", "x", "y", A("starts", [1, -3]), A("ends", [long.MaxValue, -1])).Output("y"), 23, ("x", x));
        var newer = Upward.Same(new TinyModel(9).Input("x", x).Node("Slice", "x", "y", A("starts", [0, 2]), A("ends", [-1, 100]), A("axes", [2, 0])).Output("y"), 13, ("x", x));
        Assert.Equal(["x", "y_starts", "y_ends", "y_axes"], newer.Proto.Graph.Node[0].Input);
    }

    [Fact]
    public void Lists_that_are_empty_are_left_out_where_the_operator_can_do_without()
    {
        var x = X(2, 3);
        TinyModel Model(string type, params Onnx.AttributeProto[] attributes) => new TinyModel(9).Input("x", x).Node(type, "x", "y", attributes).Output("y");
        Assert.Equal(["x"], Upward.Same(Model("ReduceSum", A("axes", Array.Empty<long>())), 13, ("x", x)).Proto.Graph.Node[0].Input);
        Assert.Equal(["x", "y_starts", "y_ends"], Upward.Same(Model("Slice", A("starts", Array.Empty<long>()), A("ends", Array.Empty<long>())), 13, ("x", x)).Proto.Graph.Node[0].Input);
        Assert.Equal(["x", "y_axes"], GraphEdits.WithOpset(Model("Unsqueeze", A("axes", Array.Empty<long>())).Build(), 13).Proto.Graph.Node[0].Input);
    }

    [Fact]
    public void Splits_by_length_and_in_equal_parts()
    {
        var x = X(2, 6);
        var byLength = Upward.Same(new TinyModel(11).Input("x", x).Node("Split", "x", "a b", A("axis", -1), A("split", [2, 4])).Output("a", "b"), 23, ("x", x));
        Assert.False(byLength.Proto.Graph.Node[0].HasAttribute("num_outputs"));
        var equal = Upward.Same(new TinyModel(11).Input("x", x).Node("Split", "x", "a b c", A("axis", 1)).Output("a", "c"), 23, ("x", x));
        Assert.Equal(3, equal.Proto.Graph.Node[0].Int("num_outputs"));
    }

    [Fact]
    public void Axes_are_inputs_from_13_for_sums_and_from_18_for_the_other_reductions()
    {
        var x = X(2, 3, 4);
        TinyModel Model(string type, params Onnx.AttributeProto[] attributes) => new TinyModel(11).Input("x", x).Node(type, "x", "y", attributes).Output("y");
        foreach (var (type, first) in (IEnumerable<(string, int)>)[("ReduceSum", 13), ("ReduceMean", 18), ("ReduceMax", 18), ("ReduceL2", 18)])
        {
            Assert.Single(Upward.Same(Model(type, A("axes", [-1, 0]), A("keepdims", 0)), first - 1, ("x", x)).Proto.Graph.Node[0].Input);
            Assert.Equal(["x", "y_axes"], Upward.Same(Model(type, A("axes", [-1, 0]), A("keepdims", 0)), first, ("x", x)).Proto.Graph.Node[0].Input);
            Assert.Single(Upward.Same(Model(type), first, ("x", x)).Proto.Graph.Node[0].Input);
        }
    }

    [Fact]
    public void Squeeze_without_axes_and_Unsqueeze_with_negative_ones()
    {
        var x = X(1, 3, 1);
        Upward.Same(new TinyModel(11).Input("x", x).Node("Squeeze", "x", "y").Output("y"), 23, ("x", x));
        Upward.Same(new TinyModel(11).Input("x", x).Node("Squeeze", "x", "s", A("axes", [-1])).Node("Unsqueeze", "s", "y", A("axes", [-1, 0])).Output("y"), 23, ("x", x));
    }

    [Fact]
    public void A_ratio_of_Dropout_becomes_an_input_and_a_mask_that_nobody_reads_goes()
    {
        var x = X(2, 3);
        var model = new TinyModel(7).Input("x", x).Node("Dropout", "x", "y mask", A("ratio", 0.3f)).Output("y");
        model.Proto.Graph.ValueInfo.Add(new Onnx.ValueInfoProto { Name = "mask" });
        var newer = Upward.Same(model, 23, ("x", x)).Proto.Graph;
        Assert.Equal(["x", "y_ratio"], newer.Node[0].Input);
        Assert.Equal(["y"], newer.Node[0].Output);
        Assert.Empty(newer.ValueInfo);
    }

    [Theory]
    [InlineData(7, 12, "Dropout-7")]
    [InlineData(10, 12, "Dropout-10")]
    public void A_mask_that_is_read_is_refused(int from, int to, string name)
    {
        var read = new TinyModel(from).Input("x", X(2, 3)).Node("Dropout", "x", "y mask").Output("y", "mask");
        Assert.Contains($"node 'make_y' ({name}): expected a mask that nothing reads, because what it holds changed, got 'mask', which is read", Upward.Refused(read, to), StringComparison.Ordinal);
    }

    [Fact]
    public void Statistics_of_each_element_are_refused()
    {
        var x = X(2, 3, 4);
        TinyModel Model(long spatial) => new TinyModel(8).Input("x", x).Stored("s", ones(3)).Stored("b", zeros(3)).Stored("m", zeros(3)).Stored("v", ones(3))
            .Node("BatchNormalization", "x s b m v", "y", A("spatial", spatial)).Output("y");
        Assert.False(Upward.Same(Model(1), 23, ("x", x)).Proto.Graph.Node[0].HasAttribute("spatial"));
        Assert.Contains("node 'make_y' (BatchNormalization-7): expected statistics of each channel, got 'spatial' 0", Upward.Refused(Model(0), 9), StringComparison.Ordinal);
    }

    [Fact]
    public void Batch_normalisation_in_training_form_is_refused()
    {
        var model = new TinyModel(9).Input("x", X(2, 3, 4)).Stored("s", ones(3)).Stored("b", zeros(3)).Stored("m", zeros(3)).Stored("v", ones(3))
            .Node("BatchNormalization", "x s b m v", "y mean var").Output("y");
        Assert.Contains("node 'make_y' (BatchNormalization-9): expected the inference form, which has one output, got the training form with 'mean', 'var'", Upward.Refused(model, 14), StringComparison.Ordinal);
        Assert.Equal(13, GraphEdits.WithOpset(model.Build(), 13).Proto.OpsetImport[0].Version);
    }

    [Fact]
    public void Scale_and_bias_of_groups_are_spread_over_channels_and_stay_the_weights_they_were()
    {
        var x = X(2, 6, 4);
        var model = new TinyModel(18).Input("x", x).Stored("s", tensor((float[])[1.5f, -2])).Stored("b", tensor((float[])[0.25f, 3]))
            .Node("GroupNormalization", "x s b", "y", A("num_groups", 2)).Output("y");
        var newer = Upward.Same(model, 23, ("x", x));
        Assert.Equal(["Gather", "Gather", "GroupNormalization"], Upward.Operators(newer));
        using var graph = new TrainableGraph(newer);
        Assert.Equal(["b", "s"], graph.named_parameters().Select(parameter => parameter.name).Order());

        var unknown = new TinyModel(18).Typed("x", x).Stored("s", ones(2)).Stored("b", zeros(2)).Node("GroupNormalization", "x s b", "y", A("num_groups", 2)).Output("y");
        Assert.Contains("node 'make_y' (GroupNormalization-18): expected a known number of channels", Upward.Refused(unknown, 21), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    public void Windows_that_reach_beyond_the_padding_are_averaged_as_before(int ceils, int countsPadding)
    {
        var x = X(1, 1, 6, 6);
        var model = new TinyModel(10).Input("x", x).Node("AveragePool", "x", "y", A("kernel_shape", [3, 3]), A("strides", [2, 2]), A("pads", [1, 1, 1, 1]), A("ceil_mode", ceils), A("count_include_pad", countsPadding)).Output("y");
        foreach (var to in (int[])[11, 19, 22]) Upward.Same(model, to, ("x", x));
    }

    [Fact]
    public void Defaults_that_changed_are_stated()
    {
        Tensor x = X(1, 2, 4, 5), grid = X(1, 3, 3, 2) / 3;
        var sampled = Upward.Same(new TinyModel(16).Input("x", x).Input("g", grid).Node("GridSample", "x g", "y", A("mode", "bicubic")).Output("y"), 23, ("x", x), ("g", grid));
        Assert.Equal("cubic", sampled.Proto.Graph.Node[0].String("mode"));
        Upward.Same(new TinyModel(16).Input("x", x).Input("g", grid).Node("GridSample", "x g", "y").Output("y"), 23, ("x", x), ("g", grid));

        var signal = X(1, 4, 6, 1);
        Upward.Same(new TinyModel(17).Input("x", signal).Node("DFT", "x", "y").Output("y"), 23, ("x", signal));
        Upward.Same(new TinyModel(17).Input("x", signal).Stored("n", tensor(5L)).Node("DFT", "x n", "y", A("axis", 2), A("onesided", 1)).Output("y"), 23, ("x", signal));

        Tensor boxes = tensor((float[])[0.3f, 0.4f, 3.1f, 2.9f]).reshape(1, 4), of = zeros(1, ScalarType.Int64);
        Upward.Same(
            new TinyModel(10).Input("x", x).Stored("r", boxes).Stored("i", of).Node("RoiAlign", "x r i", "y", A("output_height", 2), A("output_width", 2), A("sampling_ratio", 2)).Output("y"),
            21, ("x", x));
    }

    [Fact]
    public void Erf_of_integers_is_refused()
    {
        var model = new TinyModel(9).Input("x", ones(2, ScalarType.Int64)).Node("Erf", "x", "y").Output("y");
        Assert.Contains("node 'make_y' (Erf-9): expected a float type, got int64", Upward.Refused(model, 13), StringComparison.Ordinal);
    }
}

using Onnx;
using static Onnx.AttributeProto.Types;
using static Onnx.TensorProto.Types;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>Values at the edge of what an operator takes: norms of zero, whole numbers between others, places beyond an axis, numbers that float16 lacks.</summary>
public sealed class EdgeValueTests
{
    static AttributeProto A(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    static AttributeProto A(string name, params long[] values) => new() { Name = name, Type = AttributeType.Ints, Ints = { values } };

    [Theory]
    [InlineData("ReduceL2", 13, "axes")]
    [InlineData("LpNormalization", 17, "")]
    [InlineData("MeanVarianceNormalization", 17, "")]
    [InlineData("LpPool", 17, "kernel_shape")]
    [InlineData("GlobalLpPool", 17, "")]
    public void A_norm_of_zero_has_a_gradient_that_is_finite(string type, int opset, string attribute)
    {
        using var scope = NewDisposeScope();
        var x = cat([zeros(1, 1, 2, 2), ones(1, 1, 2, 2) * tensor(new float[] { 1, 2 })], 1).requires_grad_(true);
        var model = new TinyModel(opset).Input("x", x).Node(type, "x", "y", attribute.Length == 0 ? [] : [attribute == "axes" ? A("axes", [2, 3]) : A(attribute, [2, 2])]).Output("y").Build();
        using var graph = new TrainableGraph(model);
        var y = graph.forward(x);
        (y * rand_like(y)).sum().backward();
        Assert.True(x.grad!.isfinite().all().item<bool>());
        // of the norm itself it is zero; what divides by it is the identity there, or divides by 1e-9
        Assert.Equal(type.EndsWith("Normalization", StringComparison.Ordinal), x.grad[0, 0].abs().sum().item<float>() > 0);
        using var guard = no_grad();
        if (type == "MeanVarianceNormalization") return; // ONNX Runtime leaves the 1e-9 out and gives NaN
        Compare.Close(Ort.Run(model.ToBytes(), new Dictionary<string, Tensor> { ["x"] = x.detach() })[0], graph.forward(x.detach()), 1e-5, 1e-6, type);
    }

    [Fact]
    public void Whole_numbers_are_resized_as_numbers()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new byte[] { 0, 100, 200, 40 }, 1, 1, 2, 2);
        var mode = new AttributeProto { Name = "mode", Type = AttributeType.String, S = Google.Protobuf.ByteString.CopyFromUtf8("linear") };
        var model = new TinyModel().Input("x", x).Node("Resize", "x - s", "y", mode).Output("y").Stored("s", tensor(new float[] { 1, 1, 2, 2 })).Build();
        using var graph = new TrainableGraph(model);
        Compare.Close(Ort.Run(model.ToBytes(), new Dictionary<string, Tensor> { ["x"] = x })[0].to(ScalarType.Float32), graph.forward(x).to(ScalarType.Float32), 0, 1, "bytes");
        Assert.True(graph.forward(x).max().item<byte>() > 150);
    }

    [Fact]
    public void A_start_before_the_axis_is_its_first_place_whatever_the_step()
    {
        using var scope = NewDisposeScope();
        var x = arange(5, ScalarType.Float32);
        var model = new TinyModel().Input("x", x).Node("Slice", "x b e a s", "y").Output("y")
            .Stored("b", tensor((long[])[-100])).Stored("e", tensor((long[])[long.MinValue])).Stored("a", tensor((long[])[0])).Stored("s", tensor((long[])[-1])).Build();
        using var graph = new TrainableGraph(model);
        Compare.Close(Ort.Run(model.ToBytes(), new Dictionary<string, Tensor> { ["x"] = x })[0], graph.forward(x), 0, 0, "slice");
    }

    [Fact]
    public void Whole_numbers_to_a_power_of_floats_stay_exact()
    {
        using var scope = NewDisposeScope();
        var x = tensor((long[])[5001, 3]);
        var model = new TinyModel().Input("x", x).Node("Pow", "x p", "y").Output("y").Stored("p", tensor((float[])[2])).Build();
        using var graph = new TrainableGraph(model);
        Assert.Equal([25010001, 9], graph.forward(x).data<long>().ToArray());
    }

    [Fact]
    public void Halves_are_rounded_where_asked_for()
    {
        using var scope = NewDisposeScope();
        var x = tensor((float[])[2049, 300]);
        AttributeProto To(DataType type) => A("to", (long)type);
        var model = new TinyModel().Input("x", x).Node("Cast", "x", "h", To(DataType.Float16)).Node("Mul", "h h", "p").Node("Cast", "p", "w", To(DataType.Float)).Node("Mul", "w s", "y")
            .Stored("s", tensor(1e-4f)).Output("y").Build();
        using var graph = new TrainableGraph(model);
        Assert.True(graph.forward(x).allclose(x * x * 1e-4));
        graph.RoundsHalves = true;
        // 2049 is 2048 in float16, and neither square is below 65504
        Assert.True(graph.forward(x).isinf().all().item<bool>());
        Assert.True(graph.forward(tensor((float[])[2.0005f])).allclose(tensor((float[])[4e-4f])));
    }

    static void SameAsRuntime(TinyModel tiny, params (string Name, Tensor Value)[] inputs)
    {
        var model = tiny.Build();
        using var graph = new TrainableGraph(model);
        using var guard = no_grad();
        var feed = inputs.ToDictionary(i => i.Name, i => i.Value);
        var expected = Ort.Run(model.ToBytes(), feed);
        var actual = graph.Run(feed, graph.OutputNames);
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Compare.Close(expected[i], actual[i], 1e-6, 1e-5, graph.OutputNames[i]);
    }

    [Fact]
    public void A_place_on_an_element_has_the_slope_to_the_next()
    {
        using var scope = NewDisposeScope();
        var x = full([1, 1, 3, 3], 5f);
        var grid = zeros(1, 1, 1, 2).requires_grad_(true);
        var model = new TinyModel(16).Input("x", x).Input("g", grid).Node("GridSample", "x g", "y", A("align_corners", 1L)).Output("y").Build();
        using var graph = new TrainableGraph(model);
        graph.Run(new Dictionary<string, Tensor> { ["x"] = x, ["g"] = grid }, ["y"])[0].sum().backward();
        // of a flat picture: none
        Assert.Equal([0f, 0f], grid.grad!.data<float>().ToArray());
    }

    [Theory]
    [InlineData(0L, new float[] { 1, 1e8f, 2 }, new float[] { 0, 1, 1e8f })]
    [InlineData(1L, new float[] { 2, 1e8f, 1 }, new float[] { 1e8f, 1, 0 })]
    [InlineData(0L, new float[] { 0.5f, float.NegativeInfinity }, new float[] { 0, 0.5f })]
    public void A_running_sum_without_the_element_loses_no_digits(long reverse, float[] elements, float[] sums)
    {
        using var scope = NewDisposeScope();
        var x = tensor(elements);
        var tiny = new TinyModel().Input("x", x).Node("CumSum", "x a", "y", A("exclusive", 1L), A("reverse", reverse)).Output("y").Stored("a", tensor(0L));
        SameAsRuntime(tiny, ("x", x));
        using var graph = new TrainableGraph(tiny.Build());
        Assert.Equal(sums, graph.forward(x).data<float>().ToArray());
    }

    [Fact]
    public void A_query_that_may_look_at_no_key_is_as_in_the_runtime()
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = (rand(1, 1, 2, 4), rand(1, 1, 3, 4), rand(1, 1, 3, 4));
        var mask = tensor(new[] { true, false, true, false, false, false }).reshape(2, 3);
        SameAsRuntime(new TinyModel(23).Input("q", q).Input("k", k).Input("v", v).Input("m", mask).Node("Attention", "q k v m", "y").Output("y"), ("q", q), ("k", k), ("v", v), ("m", mask));
    }

    [Fact]
    public void A_limit_that_is_computed_of_a_weight_learns()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[] { -1, 1, 3 }, 1, 3);
        var tiny = new TinyModel().Input("x", x).Node("MatMul", "x w", "m").Node("Squeeze", "m", "max").Node("Clip", "x min max", "y").Output("y")
            .Stored("w", tensor(new float[] { 0, 2, 0 }, 3, 1)).Stored("min", tensor(0f));
        SameAsRuntime(tiny, ("x", x));
        using var graph = new TrainableGraph(tiny.Build());
        var y = graph.forward(x);
        Assert.Equal([0f, 1f, 2f], y.data<float>().ToArray());
        y.sum().backward();
        // the limit is 2, and one element is above it
        Assert.Equal([-1f, 1f, 3f], graph.Initializers["w"].grad!.data<float>().ToArray());
    }

    [Fact]
    public void A_spectrogram_takes_a_signal_without_a_last_axis()
    {
        using var scope = NewDisposeScope();
        var x = rand(1, 16);
        SameAsRuntime(new TinyModel().Input("x", x).Node("STFT", "x step window", "y").Output("y").Stored("step", tensor(4L)).Stored("window", ones(6)), ("x", x));
    }

    [Theory]
    [InlineData("y")]
    [InlineData("y i")]
    public void Pools_of_bytes_are_padded(string outputs)
    {
        using var scope = NewDisposeScope();
        var x = arange(9, ScalarType.Byte).reshape(1, 1, 3, 3);
        SameAsRuntime(new TinyModel().Input("x", x).Node("MaxPool", "x", outputs, A("kernel_shape", [2, 2]), A("strides", [2, 2]), A("pads", [0, 0, 1, 1])).Output(outputs.Split(' ')), ("x", x));
        SameAsRuntime(new TinyModel().Input("x", x).Node("MaxPool", "x", outputs, A("kernel_shape", [2, 2]), A("strides", [2, 2]), A("pads", [1, 1, 0, 0])).Output(outputs.Split(' ')), ("x", zeros_like(x)));
        var y = x.to_type(ScalarType.Int8).neg();
        SameAsRuntime(new TinyModel().Input("x", y).Node("MaxPool", "x", outputs, A("kernel_shape", [2, 2]), A("strides", [2, 2]), A("pads", [0, 0, 1, 1])).Output(outputs.Split(' ')), ("x", y));
    }

    [Fact]
    public void No_updates_leave_the_input_to_its_owner()
    {
        using var scope = NewDisposeScope();
        var x = rand(2, 3);
        var (places, updates) = (zeros([0, 3], ScalarType.Int64), zeros(0, 3));
        var reduction = new AttributeProto { Name = "reduction", Type = AttributeType.String, S = Google.Protobuf.ByteString.CopyFromUtf8("max") };
        var model = new TinyModel(18).Input("x", x).Input("i", places).Input("u", updates).Node("ScatterElements", "x i u", "y", reduction).Node("Relu", "y", "z").Output("z").Build();
        using var graph = new TrainableGraph(model);
        for (var i = 0; i < 2; i++)
            Compare.Close(x, graph.Run(new Dictionary<string, Tensor> { ["x"] = x, ["i"] = places, ["u"] = updates }, ["z"])[0], 0, 0, "z");
        Assert.False(x.IsInvalid);
    }

    [Fact]
    public void Nothing_is_split_and_counted_too()
    {
        using var scope = NewDisposeScope();
        var x = zeros(0, 4);
        SameAsRuntime(new TinyModel().Input("x", x).Node("Split", "x", "a b", A("axis", 0L)).Output("a", "b"), ("x", x));
        SameAsRuntime(new TinyModel().Input("x", x).Node("Unique", "x", "y i j n").Output("y", "i", "j", "n"), ("x", x));
    }

    [Fact]
    public void Large_whole_numbers_differ()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 1L << 53, (1L << 53) + 1, 1L << 53 });
        SameAsRuntime(new TinyModel().Input("x", x).Node("Unique", "x", "y").Output("y"), ("x", x));
    }

    [Fact]
    public void Whole_numbers_are_shrunk_to_whole_numbers()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { -3, 0, 3 });
        using var graph = new TrainableGraph(new TinyModel().Input("x", x).Node("Shrink", "x", "y", new AttributeProto { Name = "lambd", Type = AttributeType.Float, F = 1 }).Output("y").Build());
        var y = graph.forward(x);
        Assert.Equal((ScalarType.Int32, 3), (y.dtype, y[2].item<int>()));
    }

    [Fact]
    public void A_loop_of_no_rounds_gives_nothing_of_each()
    {
        using var scope = NewDisposeScope();
        var (x, rounds) = (rand(1, 3), tensor(0L));
        var body = new TinyModel().Input("r", tensor(0L)).Input("c", tensor(true)).Input("s", x).Node("Identity", "c", "goes").Node("Add", "s s", "t").Node("Identity", "s", "each").Output("goes", "t", "each").Proto.Graph;
        foreach (var (output, like) in body.Output.Zip([tensor(true), x, x]))
            output.Type = Conformance.CaseModel.Value("", like).Type;
        var loop = new AttributeProto { Name = "body", Type = AttributeType.Graph, G = body };
        SameAsRuntime(new TinyModel().Input("x", x).Input("n", rounds).Node("Loop", "n - x", "y all", loop).Output("y", "all"), ("x", x), ("n", rounds));
    }
}

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
}

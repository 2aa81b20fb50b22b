using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxAmalgam.Graphs;
using static Onnx.TensorProto.Types;
using static OnnxAmalgam.Teachers.Tests.TinyModel;

namespace OnnxAmalgam.Teachers.Tests;

public sealed class FrozenModelTests
{
    [Fact]
    public void The_callers_memory_holds_the_result_and_nothing_around_it_changes()
    {
        using FrozenModel model = new(Classifier(), ["logits"]);
        PinnedTensor<float> x = PinnedTensor.Noise(5, 3), logits = PinnedTensor.Floats(5, 2);
        float[] before = x.Values.ToArray();

        model.Run(x.View, [logits.View]);

        Assert.Equal(ClassifierLogits(before), logits.Values.ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal(before, x.Values.ToArray());
        Assert.True(logits.BandsAreIntact && x.BandsAreIntact);
    }

    [Fact]
    public void Values_inside_the_graph_come_in_the_order_asked_for()
    {
        using FrozenModel model = new(Classifier(), ["logits", "features"]);
        PinnedTensor<float> x = PinnedTensor.Floats([1, 3], [1, 2, 3]), logits = PinnedTensor.Floats(1, 2), features = PinnedTensor.Floats(1, 3);

        model.Run(x.View, [logits.View, features.View]);

        Assert.Equal(["logits", "features"], model.Outputs.Select(o => o.Name));
        Assert.Equal([28.5f, 279.5f], logits.Values.ToArray());
        Assert.Equal([2, 4, 6], features.Values.ToArray());
    }

    [Fact]
    public void What_nobody_reads_is_not_computed()
    {
        Onnx.NodeProto unknown = Node("Frobnicate", ["features"], ["other"]);
        unknown.Domain = "com.example";
        OnnxModel model = Classifier();
        model.Proto.Graph.Node.Add(unknown);
        model.Proto.Graph.Output.Add(Value("other", DataType.Float, -1, 3));
        model.Proto.OpsetImport.Add(new Onnx.OperatorSetIdProto { Domain = "com.example", Version = 1 });

        using FrozenModel teacher = new(model, ["logits"]);

        Assert.Equal([28.5f, 279.5f], teacher.Run(PinnedTensor.Floats([1, 3], [1, 2, 3])).Values.ToArray());
    }

    [Fact]
    public void Shapes_are_told_as_the_graph_makes_them()
    {
        using FrozenModel model = new(Classifier(), ["features", "logits"]);

        Assert.Equal("x", model.InputName);
        Assert.Equal([-1, 3], model.Input.Shape);
        Assert.Equal([-1, 2], model.Outputs[1].Shape);
        Assert.Equal([[7, 3], [7, 2]], model.OutputShapes([7, 3]));
        Assert.Equal([[2, 3], [2, 2]], model.OutputShapes([2, 3]));
    }

    [Fact]
    public void Bytes_go_in_and_halves_and_doubles_come_out()
    {
        OnnxModel cast = Of(
            Value("x", DataType.Uint8, -1, 2),
            [Node("Cast", ["x"], ["half"], Int("to", (long)DataType.Float16)), Node("Cast", ["x"], ["double"], Int("to", (long)DataType.Double))],
            [Value("half", DataType.Float16, -1, 2), Value("double", DataType.Double, -1, 2)]);
        using FrozenModel model = new(cast, ["half", "double"]);
        PinnedTensor<byte> x = new(TensorElementType.UInt8, [2, 2], 9);
        PinnedTensor<Half> half = new(TensorElementType.Float16, [2, 2], (Half)9);
        PinnedTensor<double> wide = new(TensorElementType.Double, [2, 2], 9);
        ((byte[])[0, 1, 128, 255]).CopyTo(x.Values);

        model.Run(x.View, [half.View, wide.View]);

        Assert.Equal(TensorElementType.UInt8, model.Input.Type);
        Assert.Equal([TensorElementType.Float16, TensorElementType.Double], model.Outputs.Select(o => o.Type));
        Assert.Equal([(Half)0, (Half)1, (Half)128, (Half)255], half.Values.ToArray());
        Assert.Equal([0, 1, 128, 255], wide.Values.ToArray());
        Assert.True(half.BandsAreIntact && wide.BandsAreIntact);
    }

    [Fact]
    public void Halves_go_in()
    {
        using FrozenModel model = new(Of(Value("x", DataType.Float16, -1, 2), [Node("Neg", ["x"], ["y"])], [Value("y", DataType.Float16, -1, 2)]), ["y"]);
        PinnedTensor<Half> x = new(TensorElementType.Float16, [1, 2], default), y = new(TensorElementType.Float16, [1, 2], default);
        (x.Values[0], x.Values[1]) = ((Half)0.5, (Half)(-3));

        model.Run(x.View, [y.View]);

        Assert.Equal([(Half)(-0.5), (Half)3], y.Values.ToArray());
    }

    [Fact]
    public void A_classifier_of_ai_onnx_ml_gives_probabilities_before_its_ZipMap()
    {
        Onnx.NodeProto linear = Node("LinearClassifier", ["x"], ["label", "probabilities"], Floats("coefficients", 1, 0, 0, 1), Floats("intercepts", 0, 0), Ints("classlabels_ints", 4, 7));
        linear.Attribute.Add(new Onnx.AttributeProto { Name = "post_transform", Type = Onnx.AttributeProto.Types.AttributeType.String, S = Google.Protobuf.ByteString.CopyFromUtf8("SOFTMAX") });
        Onnx.NodeProto zip = Node("ZipMap", ["probabilities"], ["zipped"], Ints("classlabels_int64s", 4, 7));
        linear.Domain = zip.Domain = "ai.onnx.ml";
        Onnx.ValueInfoProto zipped = new()
        {
            Name = "zipped",
            Type = new() { SequenceType = new() { ElemType = new() { MapType = new() { KeyType = (int)DataType.Int64, ValueType = new() { TensorType = new() { ElemType = (int)DataType.Float } } } } } },
        };
        OnnxModel model = Of(Value("x", DataType.Float, -1, 2), [linear, zip], [Value("label", DataType.Int64, -1), zipped]);

        using FrozenModel teacher = new(model, ["probabilities"]);
        PinnedTensor<float> p = teacher.Run(PinnedTensor.Floats([2, 2], [0, 0, MathF.Log(3), 0]));

        Assert.Equal([0.5f, 0.5f, 0.75f, 0.25f], p.Values.ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
        var refused = Assert.Throws<InputException>(() => new FrozenModel(model, ["zipped"]));
        Assert.Contains("'zipped': expected a tensor, got ONNX_TYPE_SEQUENCE", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_threads_share_one_model()
    {
        using FrozenModel model = new(Classifier(), ["logits"], new() { Threads = 1 });
        Parallel.For(0, 64, i =>
        {
            PinnedTensor<float> x = PinnedTensor.Floats([2, 3], [i, 1, 2, 3, 4, -i]);
            Assert.Equal(ClassifierLogits(x.Values), model.Run(x).Values.ToArray(), (a, b) => Math.Abs(a - b) < 1e-3);
        });
    }
}

using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Tests.Conformance;
using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static TorchSharp.torch;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class WriteBackTests
{
    [Fact]
    public void After_a_step_the_written_model_computes_in_ORT_what_the_graph_computes()
    {
        using var scope = NewDisposeScope();
        using var trained = Trained.Step();
        var expected = trained.Evaluate();
        var actual = Ort.Run(trained.Graph.WriteBack().ToBytes(), trained.Feeds)[0];
        Compare.Close(actual, expected, 1e-4, 1e-4, "written back");
        Assert.True(trained.Before.sub(expected).abs().max().item<float>() > 1e-2, "the step changed nothing");
    }

    [Fact]
    public void Only_the_bytes_of_what_was_trained_differ()
    {
        using var scope = NewDisposeScope();
        using var trained = Trained.Step();
        var original = trained.Model.ToBytes();
        var written = trained.Graph.WriteBack();
        var changed = new List<string>();
        foreach (var (before, after) in Tensors(trained.Model.Proto).Zip(Tensors(written.Proto)))
        {
            if (!before.Tensor.Equals(after.Tensor)) changed.Add(before.Name);
            after.Tensor.MergeFrom(new TensorProto { RawData = before.Tensor.RawData });
            after.Tensor.FloatData.Clear();
            after.Tensor.FloatData.AddRange(before.Tensor.FloatData);
            if (!before.Tensor.HasRawData) after.Tensor.ClearRawData();
        }

        Assert.Equal(["b", "constant_weight", "mean", "scale", "shift", "variance", "w", "w16", "w64"], changed.Order(StringComparer.Ordinal));
        Assert.Equal(original, written.ToBytes());
    }

    [Fact]
    public void Weights_come_back_in_the_type_and_form_that_the_file_stores()
    {
        using var scope = NewDisposeScope();
        using var trained = Trained.Step();
        var tensors = Tensors(trained.Graph.WriteBack().Proto).ToDictionary(pair => pair.Name, pair => pair.Tensor);
        Assert.Equal((int)DataType.Float16, tensors["w16"].DataType);
        Assert.Equal((int)DataType.Double, tensors["w64"].DataType);
        Assert.Equal(4 * 4 * 2, tensors["w16"].RawData.Length);
        Assert.Equal(4 * 4 * 8, tensors["w64"].RawData.Length);
        Assert.False(tensors["b"].HasRawData);
        Assert.Equal(4, tensors["b"].FloatData.Count);
        Assert.Equal(trained.Graph.Initializers["b"].data<float>().ToArray(), tensors["b"].FloatData);
        Assert.True(trained.Graph.Initializers["w64"].dtype == ScalarType.Float64, "a double weight is trained in double");
        Assert.True(trained.Graph.Initializers["w16"].dtype == ScalarType.Float32, "a float16 weight is trained in float32");
    }

    [Fact]
    public void Writing_back_without_a_step_gives_the_same_bytes()
    {
        using var scope = NewDisposeScope();
        var model = Trained.Load();
        using var graph = new TrainableGraph(model);
        Assert.Equal(model.ToBytes(), graph.WriteBack().ToBytes());
    }

    [Fact]
    public void The_loaded_model_is_not_changed_by_training()
    {
        using var scope = NewDisposeScope();
        var before = Trained.Load().ToBytes();
        using var trained = Trained.Step();
        trained.Graph.WriteBack();
        Assert.Equal(before, trained.Model.ToBytes());
    }

    static IEnumerable<(string Name, TensorProto Tensor)> Tensors(ModelProto model)
    {
        foreach (var tensor in model.Graph.Initializer) yield return (tensor.Name, tensor);
        foreach (var node in model.Graph.Node.Where(node => node.OpType == "Constant")) yield return (node.Output[0], node.Attribute[0].T);
    }

    /// <summary>A model with weights of every kind, one SGD step on.</summary>
    sealed class Trained : IDisposable
    {
        Trained(OnnxModel model)
        {
            (Model, Graph) = (model, new TrainableGraph(model));
            Feeds = new() { ["x"] = Draw(3, 4) };
            Before = Evaluate();
        }

        public OnnxModel Model { get; }

        public TrainableGraph Graph { get; }

        public Dictionary<string, Tensor> Feeds { get; }

        public Tensor Before { get; }

        public static Trained Step()
        {
            var trained = new Trained(Load());
            trained.Graph.train();
            using var optimizer = optim.SGD(trained.Graph.parameters(), 0.5);
            trained.Graph.forward(trained.Feeds["x"]).square().mean().backward();
            Assert.All(trained.Graph.Initializers, pair => Assert.True(pair.Value.grad is not null, $"'{pair.Key}' got no gradient"));
            optimizer.step();
            return trained;
        }

        public Tensor Evaluate()
        {
            Graph.eval();
            using var guard = no_grad();
            return Graph.forward(Feeds["x"]);
        }

        public void Dispose() => Graph.Dispose();

        public static OnnxModel Load()
        {
            var tiny = new TinyModel().Input("x", Draw(3, 4)).Stored("w", Draw(4, 4)).Stored("b", Draw(4))
                .Stored("w16", Draw(4, 4).to_type(ScalarType.Float16)).Stored("w64", Draw(4, 4).to_type(ScalarType.Float64))
                .Stored("shape", tensor([0L, -1L])).Stored("epsilon", tensor(1e-3f))
                .Stored("scale", ones(4)).Stored("shift", zeros(4)).Stored("mean", zeros(4)).Stored("variance", ones(4).mul(2))
                .Node("Gemm", "x w b", "h0").Node("Tanh", "h0", "h1").Node("Cast", "w16", "w16_32", A("to", 1)).Node("MatMul", "h1 w16_32", "h2")
                .Node("BatchNormalization", "h2 scale shift mean variance", "h3", A("training_mode", 0))
                .Node("Cast", "h3", "h3_64", A("to", 11)).Node("MatMul", "h3_64 w64", "h4_64").Node("Cast", "h4_64", "h4", A("to", 1))
                .Node("Constant", "", "constant_weight", A("value", CaseModel.Proto("inner name", Draw(4, 2)))).Node("MatMul", "h4 constant_weight", "h5")
                .Node("Add", "h5 epsilon", "h6").Node("Reshape", "h6 shape", "y").Output("y");
            var bias = tiny.Proto.Graph.Initializer.Single(tensor => tensor.Name == "b");
            bias.FloatData.AddRange([0.1f, -0.2f, 0.3f, 0.4f]);
            bias.ClearRawData();
            tiny.Proto.DocString = "a model";
            tiny.Proto.ProducerName = "somebody";
            tiny.Proto.MetadataProps.Add(new StringStringEntryProto { Key = "labels", Value = "a,b" });
            tiny.Proto.Graph.DocString = "a graph";
            tiny.Proto.Graph.Node[0].DocString = "a node";
            tiny.Proto.Graph.Initializer[0].DocString = "a weight";
            byte[] unknown = [0xC2, 0xB8, 0x02, 3, (byte)'n', (byte)'e', (byte)'w'];
            tiny.Proto.Graph.Node[1].MergeFrom(unknown);
            tiny.Proto.Graph.Initializer[0].MergeFrom(unknown);
            tiny.Proto.MergeFrom(unknown);
            return tiny.Build();
        }

        static Tensor Draw(params long[] shape)
        {
            var random = new Random(11);
            return tensor(Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(_ => (float)random.NextDouble() - 0.4f).ToArray()).reshape(shape);
        }
    }
}

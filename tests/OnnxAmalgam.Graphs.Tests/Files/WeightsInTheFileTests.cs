using System.Diagnostics;
using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Tests.Shared;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Tests.Files;

public sealed class WeightsInTheFileTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(1023, false)] // 4092 bytes
    [InlineData(1024, true)] // 4096 bytes
    [InlineData(300_000, true)]
    public void Large_weights_stay_in_the_file_and_read_the_same_as_small_ones(int elements, bool staysInFile)
    {
        var model = Load(TinyModel.Add(elements));
        var w = model.Proto.Graph.Initializer.Single();

        Assert.Equal(staysInFile, w.RawData.Length < 4 * elements);
        Assert.Equal(TinyModel.Numbers(elements), model.ReadRaw(w));
    }

    [Fact]
    public void Tensors_in_nodes_bodies_functions_sparse_initializers_and_training_graphs_stay_in_the_file_too()
    {
        var proto = ManyPlaces();
        var path = folder.Write("m.onnx", proto.ToByteArray());
        var model = OnnxModel.Load(path);

        var parsed = OnnxAmalgam.Graphs.Files.Tensors.Of(model.Proto).ToList();
        var made = OnnxAmalgam.Graphs.Files.Tensors.Of(proto).ToList();

        Assert.Equal(9, parsed.Count);
        Assert.All(parsed, t => Assert.True(t.RawData.Length < 100));
        Assert.Equal(made.Select(t => t.RawData.ToByteArray()), parsed.Select(model.ReadRaw));
        Assert.Null(model.RoundTripNote);
        Assert.Equal(File.ReadAllBytes(path), model.ToBytes());
    }

    [Fact]
    public void Saving_over_the_file_it_came_from_works_and_the_old_model_can_still_be_read()
    {
        var path = folder.Write("m.onnx", TinyModel.Add(5000).ToByteArray());
        var before = OnnxModel.Load(path);
        var edited = before.Clone();
        edited.Proto.ProducerName = "edited";
        edited.WriteRaw(edited.Proto.Graph.Initializer[0], TinyModel.Numbers(5000, seed: 2));
        edited.Save(path);

        var after = OnnxModel.Load(path);
        Assert.Equal("edited", after.Proto.ProducerName);
        Assert.Equal(TinyModel.Numbers(5000, seed: 2), after.ReadRaw(after.Proto.Graph.Initializer[0]));
        Assert.Equal(TinyModel.Numbers(5000), before.ReadRaw(before.Proto.Graph.Initializer[0]));
        Assert.Equal(TinyModel.Add(5000).ToByteArray(), before.ToBytes());
        Assert.Equal(["m.onnx"], folder.Names);
    }

    [Fact]
    public void A_clone_shares_the_file_and_its_edits_are_its_own()
    {
        var model = Load(TinyModel.Add(5000));
        var clone = model.Clone();
        clone.WriteRaw(clone.Proto.Graph.Initializer[0], new byte[20_000]);
        clone.Proto.Graph.Name = "other";

        Assert.Equal(new byte[20_000], clone.ReadRaw(clone.Proto.Graph.Initializer[0]));
        Assert.Equal(TinyModel.Numbers(5000), model.ReadRaw(model.Proto.Graph.Initializer[0]));
        Assert.Equal("g", model.Proto.Graph.Name);
        Assert.Equal(model.Path, clone.Path);
    }

    [Fact]
    public void A_file_that_was_changed_in_place_is_an_error_and_not_other_weights()
    {
        var path = folder.Write("m.onnx", TinyModel.Add(5000).ToByteArray());
        var model = OnnxModel.Load(path);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Seek(-1000, SeekOrigin.End);
            file.WriteByte(1);
        }
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddSeconds(5));

        var e = Assert.Throws<InputException>(() => model.ReadRaw(model.Proto.Graph.Initializer[0]));
        Assert.Contains("changed in place", e.Message);
        File.WriteAllBytes(path, [8, 8]);
        Assert.Contains("changed in place", Assert.Throws<InputException>(() => model.Save(folder["out.onnx"])).Message);
        Assert.Equal(["m.onnx"], folder.Names);
    }

    [Fact]
    public void Data_that_looks_like_another_loads_placeholder_is_data()
    {
        var first = Load(TinyModel.Add(5000));
        var placeholder = first.Proto.Graph.Initializer[0].RawData;
        var second = Load(TinyModel.Of(TinyModel.Graph([TinyModel.Node("Add", ["x", "w"], ["y"])],
            new TensorProto { Name = "w", DataType = (int)DataType.Uint8, Dims = { placeholder.Length }, RawData = placeholder })), "second.onnx");

        Assert.Equal(placeholder.ToByteArray(), second.ReadRaw(second.Proto.Graph.Initializer[0]));
    }

    [Fact]
    public void A_model_of_500_MB_loads_in_a_second_and_little_memory()
    {
        const int Tensors = 10, Elements = 12_500_000;
        var path = folder["big.onnx"];
        SparseModel.Write(path, Tensors, Elements);
        Assert.True(new FileInfo(path).Length > 500_000_000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        var model = OnnxModel.Load(path);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"took {watch.Elapsed}");
        Assert.True(allocated < 5_000_000, $"allocated {allocated} bytes");
        Assert.Null(model.RoundTripNote);
        var last = model.ReadRaw(model.Proto.Graph.Initializer[^1]);
        Assert.Equal((4 * Elements, 0, Tensors), (last.Length, last[0], last[^1]));
    }

    [Fact]
    public void Saving_streams_the_weights_from_the_old_file()
    {
        var path = folder["m.onnx"];
        SparseModel.Write(path, tensors: 4, elements: 2_000_000);
        var model = OnnxModel.Load(path);

        var before = GC.GetAllocatedBytesForCurrentThread();
        model.Save(folder["copy.onnx"]);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(allocated < 5_000_000, $"allocated {allocated} bytes");
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(folder["copy.onnx"]));
    }

    OnnxModel Load(ModelProto proto, string name = "m.onnx") => OnnxModel.Load(folder.Write(name, proto.ToByteArray()));

    static ModelProto ManyPlaces()
    {
        var constant = new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = Big(1) };
        var tensors = new AttributeProto { Name = "many", Type = AttributeProto.Types.AttributeType.Tensors, Tensors = { Big(2), Big(3) } };
        var body = TinyModel.Body("then_branch", TinyModel.BodyOf("t", [TinyModel.Node("Add", ["x", "b"], ["t"])], Big(4, "b")));
        var other = TinyModel.Body("else_branch", TinyModel.BodyOf("e", [TinyModel.Node("Constant", [], ["e"], constant.Clone())]));
        other.G.Node[0].Attribute[0].T = Big(5);
        var graph = TinyModel.Graph(
            [
                TinyModel.Node("Constant", [], ["c"], constant),
                TinyModel.Node("Custom", ["x"], ["m"], tensors),
                TinyModel.Node("If", ["c"], ["i"], body, other),
                TinyModel.Node("Sum", ["i", "m", "w"], ["y"]),
            ],
            Big(6, "w"));
        graph.SparseInitializer.Add(new SparseTensorProto
        {
            Values = TinyModel.Tensor("s", DataType.Float, TinyModel.Numbers(2000, 7), 2000),
            Indices = TinyModel.Tensor("", DataType.Int64, new byte[16_000], 2000),
            Dims = { 100_000 },
        });
        var proto = TinyModel.Of(graph);
        proto.TrainingInfo.Add(new TrainingInfoProto { Initialization = TinyModel.BodyOf("z", [], Big(9, "z")) });
        return proto;
    }

    static TensorProto Big(int seed, string name = "") => TinyModel.Tensor(name, DataType.Float, TinyModel.Numbers(2000, seed), 2000);
}

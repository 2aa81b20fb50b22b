using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using static Onnx.TensorProto.Types;
using static OnnxAmalgam.Teachers.Tests.TinyModel;

namespace OnnxAmalgam.Teachers.Tests;

public sealed class ExternalDataTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("external-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Weights_beside_the_model_are_found_although_the_session_is_made_from_a_part_of_it()
    {
        OnnxModel model = OnnxModel.Load(Write(Classifier()));

        using FrozenModel teacher = new(model, ["logits"]);

        Assert.Equal([28.5f, 279.5f], teacher.Run(PinnedTensor.Floats([1, 3], [1, 2, 3])).Values.ToArray());
    }

    [Fact]
    public void A_batch_is_freed_with_weights_beside_the_model_too()
    {
        using FrozenModel teacher = new(OnnxModel.Load(Write(Classifier(batch: 1))), ["logits"]);
        PinnedTensor<float> x = PinnedTensor.Noise(3, 3);

        Assert.Equal(ClassifierLogits(x.Values), teacher.Run(x).Values.ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void A_model_too_large_for_one_message_is_opened_by_way_of_a_folder_that_is_gone_afterwards()
    {
        OnnxModel model = Of(
            Value("x", DataType.Float, -1, 1),
            [Node("Mul", ["x", "w"], ["y"])],
            [Value("y", DataType.Float, -1, 1000)],
            [Weight("w", [1, 1000], [.. Enumerable.Range(0, 1000).Select(i => (float)i)])]);
        HashSet<string> before = [.. Folders()];

        using InferenceSession session = SessionFactory.Open(model, new(), messageLimit: 1000);

        Assert.Equal(before, [.. Folders()]);
        using OrtValue x = OrtValue.CreateTensorValueFromMemory([2f], [1, 1]);
        using RunOptions options = new();
        using var results = session.Run(options, ["x"], [x], ["y"]);
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => 2f * i), results[0].GetTensorDataAsSpan<float>().ToArray());

        // named by the session alone: tests and benchmarks say what they are after the prefix
        static IEnumerable<string> Folders() => Directory.EnumerateDirectories(Path.GetTempPath(), "onnx-amalgam-*").Where(f => Path.GetFileName(f).Split('-').Length == 3);
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(10)]
    public void Two_models_with_weights_beside_them_run_as_one_even_where_one_message_does_not_hold_them(long messageLimit)
    {
        OnnxModel first = OnnxModel.Load(Write(Classifier()));
        OnnxModel merged = GraphEdits.Merge([.. new[] { first, Classifier() }.Select((model, i) => new MergePart(model, $"{i}/") { Inputs = new Dictionary<string, string> { ["x"] = "x" } })]);

        using InferenceSession session = SessionFactory.Open(GraphEdits.ShareSubexpressions(merged), new(), messageLimit);

        using OrtValue x = OrtValue.CreateTensorValueFromMemory([1f, 2f, 3f], [1, 3]);
        using RunOptions options = new();
        using var results = session.Run(options, ["x"], [x], ["0/logits", "1/logits"]);
        Assert.All(results, r => Assert.Equal([28.5f, 279.5f], r.GetTensorDataAsSpan<float>().ToArray()));
    }

    /// <summary>Moves the first initializer to a file of its own, after 4096 bytes of something else.</summary>
    string Write(OnnxModel model)
    {
        TensorProto weight = model.Proto.Graph.Initializer[0];
        File.WriteAllBytes(Path.Combine(folder, "weights.bin"), [.. new byte[4096], .. weight.RawData]);
        weight.DataLocation = DataLocation.External;
        weight.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights.bin" });
        weight.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = "4096" });
        weight.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = $"{weight.RawData.Length}" });
        weight.ClearRawData();
        string path = Path.Combine(folder, "model.onnx");
        File.WriteAllBytes(path, model.Proto.ToByteArray());
        return path;
    }
}

using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Export;
using OnnxAmalgam.Training.Tests.Ensemble;

namespace OnnxAmalgam.Training.Tests.Export;

public sealed class FurtherOutputTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void What_a_student_gives_beside_its_scores_is_verified_too()
    {
        OnnxModel model = StudentZoo.Build("resnet(widths=[4,8], blocks=[1,1])", 1, 28, 28, 20, 1);
        string feature = new GraphView(model.Proto.Graph).Producer("logits")!.Input[0];
        model.Proto.Graph.Initializer.Add(new TensorProto { Name = "factor", DataType = (int)TensorProto.Types.DataType.Float, FloatData = { 3 } });
        model.Proto.Graph.Node.Add(new NodeProto { OpType = "Mul", Name = "scaled", Input = { feature, "factor" }, Output = { "embedding" } });
        model = GraphEdits.ExposeOutputs(model, ["embedding"]);
        string[] labels = [.. Enumerable.Range(0, 10).Select(i => $"{i}"), "t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];
        ModelMetadata.Write(model, labels, new InputDescription { Channels = 1, Height = 28, Width = 28 }, new Dictionary<string, string>());
        model.Save(place["two.onnx"]);
        using var student = new FileStudent($"{{model: {place["two.onnx"]}, head: keep}}");
        var (written, agreement) = student.Export(place["out.onnx"]);
        Assert.True(agreement.Passes);
        Assert.Equal(["logits", "embedding"], written.Proto.Graph.Output.Select(o => o.Name));

        using var graph = new TrainableGraph(student.Setup.Student.Model);
        EditedStudent Broken(OnnxModel edited)
        {
            edited.Proto.Graph.Initializer.Single(t => t.Name == "factor").FloatData[0] = 3.01f;
            return new(edited, student.Setup.Student.Input);
        }

        Assert.Contains("got a difference of 0.003", Assert.Throws<CheckFailedException>(() => StudentExport.Write(graph, student.Setup, place["broken.onnx"], Broken, [])).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(place["broken.onnx"]));
    }
}

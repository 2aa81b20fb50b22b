using Onnx;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Tests.Files;
using OnnxAmalgam.Tests.Shared;
using static Onnx.TensorProto.Types;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Edits;

public sealed class ExtractTests
{
    [Fact]
    public void Exposed_values_become_outputs_behind_the_others_with_their_shapes()
    {
        var model = Classifier();
        var before = model.ToBytes();
        var edited = GraphEdits.ExposeOutputs(model, ["features", "scores", "pool"]);

        Assert.Equal(["scores", "features", "pool"], edited.Proto.Graph.Output.Select(output => output.Name));
        Assert.Equal(Value("features", "N", 6, 8, 8), edited.Proto.Graph.Output[1]);
        Assert.Equal(model.Proto.Graph.Node, edited.Proto.Graph.Node);
        Assert.Equal(model.Proto.Graph.Initializer, edited.Proto.Graph.Initializer);
        Assert.Equal(before, model.ToBytes());
    }

    [Fact]
    public void A_values_own_declaration_is_used_and_stated_once()
    {
        var model = Classifier();
        var declared = Value("features", "batch", 6, "height", 8);
        model.Proto.Graph.ValueInfo.Add(declared);
        var edited = GraphEdits.ExposeOutputs(model, ["features"]);

        Assert.Equal(declared, edited.Proto.Graph.Output[1]);
        Assert.Empty(edited.Proto.Graph.ValueInfo);
        Assert.Single(model.Proto.Graph.ValueInfo);
    }

    [Fact]
    public void A_value_that_does_not_exist_is_refused_with_the_closest()
    {
        var e = Assert.Throws<InputException>(() => GraphEdits.ExposeOutputs(Classifier(), ["featurs"]));
        Assert.Equal("value 'featurs' does not exist in 'tiny.onnx'; closest: 'features' (see: onnx-amalgam inspect tiny.onnx)", e.Message);
        Assert.Throws<InputException>(() => GraphEdits.Extract(Classifier(), ["featurs"]));
    }

    [Fact]
    public void What_nobody_reads_any_more_is_not_there()
    {
        var model = Classifier(Node("Softmax", ["scores"], ["p"]));
        model.Proto.Graph.ValueInfo.Add(Value("flat", "N", 6));
        model.Proto.Graph.ValueInfo.Add(Value("map", "N", 6, 8, 8));
        model.Proto.Graph.Initializer.Add(Floats("unused", 3));
        model.Proto.Graph.SparseInitializer.Add(new SparseTensorProto { Values = Floats("sparse", 1), Indices = Integers("", 0), Dims = { 5 } });
        model.Proto.Graph.QuantizationAnnotation.Add(new TensorAnnotation { TensorName = "flat" });
        var edited = GraphEdits.Extract(model, ["pool"]).Proto.Graph;

        Assert.Equal(["Conv", "Relu", "GlobalAveragePool"], edited.Node.Select(node => node.OpType));
        Assert.Equal(["conv.weight"], edited.Initializer.Select(tensor => tensor.Name));
        Assert.Equal(["pool"], edited.Output.Select(output => output.Name));
        Assert.Equal(["map"], edited.ValueInfo.Select(info => info.Name));
        Assert.Empty(edited.SparseInitializer);
        Assert.Empty(edited.QuantizationAnnotation);
        Assert.Equal(6, model.Proto.Graph.Node.Count);
    }

    [Fact]
    public void Outputs_come_in_the_order_asked_for_each_once()
    {
        var edited = GraphEdits.Extract(Classifier(), ["scores", "features", "scores"]).Proto.Graph;
        Assert.Equal(["scores", "features"], edited.Output.Select(output => output.Name));
        Assert.Equal(5, edited.Node.Count);
    }

    [Fact]
    public void An_input_that_nobody_reads_goes_and_the_image_stays()
    {
        var model = Classifier(Node("Add", ["scores", "shift"], ["shifted"]));
        model.Proto.Graph.Input.Add(Value("shift", "N", 4));
        Assert.Equal(["image"], GraphEdits.Extract(model, ["scores"]).Proto.Graph.Input.Select(input => input.Name));
        Assert.Equal(["image", "shift"], GraphEdits.Extract(model, ["shifted"]).Proto.Graph.Input.Select(input => input.Name));
    }

    [Theory]
    [InlineData("If")]
    [InlineData("Loop")]
    public void What_a_body_takes_from_outside_survives(string type)
    {
        // the inner body reads 'features' (a value) and 'secret' (an initializer) two levels down; 'own' hides an outer name
        var inner = TinyModel.BodyOf("deep", [TinyModel.Node("Add", ["features", "secret"], ["deep"])]);
        var body = TinyModel.BodyOf("made",
            [
                TinyModel.Node("Identity", ["own"], ["o"]),
                TinyModel.Node("If", ["condition"], ["made"], TinyModel.Body("then_branch", inner), TinyModel.Body("else_branch", inner.Clone())),
            ],
            Floats("own", 1));
        if (type == "Loop")
        {
            body.Input.Add([Value("i"), Value("c")]);
            body.Output.Insert(0, new ValueInfoProto { Name = "c" });
        }
        AttributeProto[] bodies = type == "If"
            ? [TinyModel.Body("then_branch", body), TinyModel.Body("else_branch", body.Clone())]
            : [TinyModel.Body("body", body)];
        var model = Classifier(Node(type, type == "If" ? ["condition"] : ["trips", "condition"], ["y"], bodies));
        model.Proto.Graph.Initializer.Add([TinyModel.Tensor("condition", DataType.Bool, [1]), Integers("trips", 1), Floats("secret", 1), Floats("own", 2)]);

        var edited = GraphEdits.Extract(model, ["y"]).Proto.Graph;
        Assert.Equal(["Conv", "Relu", type], edited.Node.Select(node => node.OpType));
        string[] kept = ["conv.weight", "condition", .. type == "Loop" ? new[] { "trips" } : [], "secret"];
        Assert.Equal(kept, edited.Initializer.Select(tensor => tensor.Name));
        Assert.True(new[] { "features", "secret" }.All(Captures.ReadBy(edited.Node[^1]).Contains));
    }

    [Fact]
    public void A_real_If_of_an_exporter_keeps_what_its_branches_need()
    {
        var model = OnnxModel.Load(Path.Combine(AppContext.BaseDirectory, "Files", "Exported", "torch_if_1_13.onnx"));
        var all = model.Proto.Graph.Output.Select(output => output.Name).ToArray();
        var edited = GraphEdits.Extract(model, all);
        Assert.Equal(model.Proto.Graph.Initializer.Select(tensor => tensor.Name), edited.Proto.Graph.Initializer.Select(tensor => tensor.Name));
        Assert.Equal(model.Proto.Graph.Node, edited.Proto.Graph.Node);
    }

    [Theory]
    [InlineData("digits_resnet")]
    [InlineData("cifar_vehicles")]
    public void A_teacher_cut_at_its_tap_is_a_valid_file_without_its_head(string teacher)
    {
        var model = Teacher(teacher);
        var tap = Graphs.Anatomy.AutoTap(model);
        using var folder = new TempFolder();
        GraphEdits.Extract(model, [tap.Value]).Save(folder["cut.onnx"]);

        var cut = OnnxModel.Load(folder["cut.onnx"]);
        Assert.DoesNotContain(cut.Proto.Graph.Node, node => node.OpType is "Gemm" or "GlobalAveragePool" or "ReduceMean");
        Assert.Equal(Graphs.Facts.Infer(model)[tap.Value].ToString(), Graphs.Facts.Infer(cut)[tap.Value].ToString());
        foreach (var tensor in cut.Proto.Graph.Initializer)
            Assert.Equal(model.ReadRaw(model.Proto.Graph.Initializer.Single(one => one.Name == tensor.Name)), cut.ReadRaw(tensor));
        Assert.True(cut.Proto.Graph.Initializer.Count < model.Proto.Graph.Initializer.Count);
    }
}

using Onnx;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary><c>export --opset</c>: a run's student, or any model, at a newer opset.</summary>
[Collection(TrainedRunTests.Name)]
public sealed class OpsetTests(TrainedRun run) : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    static long Opset(string file) => OnnxModel.Load(file).Proto.OpsetImport.Single(import => import.Domain.Length == 0).Version;

    [Fact]
    public void A_student_at_a_newer_opset_is_verified_against_the_trained_graph()
    {
        string file = place["student.onnx"];
        CliResult result = InProcess.Run("export", run.Folder, "-o", file, "--opset", "23", "--threads", "1").Ends(0);
        Assert.Matches(@"opset +23\n", result.Output);
        Assert.Matches(@"verified +max difference \d\.\de-\d to the trained graph on (25[6-9]|[3-9]\d\d) images\n", result.Output);
        OnnxModel old = OnnxModel.Load(run.Student), newer = OnnxModel.Load(file);
        Assert.Equal((17L, 23L, 11L), (Opset(run.Student), Opset(file), newer.Proto.IrVersion));
        foreach (var (before, after) in old.Proto.Graph.Initializer.Zip(newer.Proto.Graph.Initializer))
        {
            Assert.Equal(before.Name, after.Name);
            Assert.Equal(old.ReadRaw(before), newer.ReadRaw(after));
        }

        Assert.Equal(old.Proto.MetadataProps, newer.Proto.MetadataProps);
        Assert.Equal(ModelMetadata.Labels(old), ModelMetadata.Labels(newer));
    }

    [Fact]
    public void A_students_own_opset_gives_the_bytes_that_train_wrote_and_an_older_one_is_refused()
    {
        string file = place["student.onnx"];
        InProcess.Run("export", run.Folder, "-o", file, "--opset", "17", "--threads", "1").Ends(0);
        Assert.Equal(File.ReadAllBytes(run.Student), File.ReadAllBytes(file));
        CliResult refused = InProcess.Run("export", run.Folder, "-o", place["older.onnx"], "--opset", "13", "--threads", "1").Ends(2);
        Assert.Contains("expected an opset of at least 17, which it has, got 13; models are only brought upward", Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(["student.onnx"], place.Entries);
    }

    [Fact]
    public void Any_model_can_be_brought_to_a_newer_opset()
    {
        string old = place.Write("old.onnx", Models.With(model =>
        {
            model.OpsetImport[0].Version = 11;
            model.IrVersion = 6;
            model.Graph.Node.Insert(2, Clip());
            model.Graph.Node[3].Input[0] = "clipped";
        })), newer = place["newer.onnx"];
        CliResult result = InProcess.Run("export", old, "-o", newer, "--opset", "23", "--threads", "1").Ends(0);
        Assert.Equal($"file      {newer}\nopset     23, from 11\nbytes     {new FileInfo(newer).Length}\nverified  max difference 0.0e+0 between both files in ONNX Runtime, on seeded noise\n", result.Output);
        Assert.Equal("", result.Error);
        Assert.Equal(23, Opset(newer));
    }

    [Fact]
    public void What_cannot_be_brought_there_is_named_and_nothing_is_written()
    {
        string old = place.Write("old.onnx", Models.With(model =>
        {
            model.OpsetImport[0].Version = 10;
            NodeProto dropout = Models.Node("Dropout", ["feature"], "dropped");
            dropout.Output.Add("mask");
            model.Graph.Node.Insert(2, dropout);
            model.Graph.Output.Add(new ValueInfoProto { Name = "mask", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Bool } } });
        }));
        CliResult result = InProcess.Run("export", old, "-o", place["newer.onnx"], "--opset", "13", "--threads", "1").Ends(2);
        Assert.Equal(
            $"onnx-amalgam: '{old}' cannot be brought to opset 13: node 'Dropout_dropped' (Dropout-10): expected a mask that nothing reads, because what it holds changed, got 'mask', which is read; export the model again at opset 13, or go no further than opset 11",
            Assert.Single(result.ErrorLines));
        Assert.Equal(["old.onnx"], place.Entries);
    }

    [Fact]
    public void A_kernel_that_ONNX_Runtime_lacks_at_that_opset_is_named()
    {
        string old = place.Write("old.onnx", Models.With(model => model.Graph.Node[2].OpType = "GlobalLpPool"));
        CliResult result = InProcess.Run("export", old, "-o", place["newer.onnx"], "--opset", "22", "--threads", "1").Ends(2);
        Assert.Contains("got IR 10, opset 22: 'Could not find an implementation for GlobalLpPool(22) node with name 'GlobalAveragePool_pooled''; export it with another element type or a lower opset", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        InProcess.Run("export", old, "-o", place["newer.onnx"], "--opset", "21", "--threads", "1").Ends(0);
    }

    [Fact]
    public void A_model_needs_an_opset_and_is_not_replaced()
    {
        string old = place.Write("old.onnx", Models.With(_ => { }));
        byte[] before = File.ReadAllBytes(old);
        Assert.Contains($"--opset: expected the opset to bring '{old}' to, which is a model and no run, got none", Assert.Single(InProcess.Run("export", old, "-o", place["newer.onnx"]).Ends(1).ErrorLines), StringComparison.Ordinal);
        Assert.Contains($"-o '{old}': expected another file than the model itself and its data, got '{old}'; choose another name", Assert.Single(InProcess.Run("export", old, "-o", old, "--opset", "21").Ends(2).ErrorLines), StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(old));
    }

    [Fact]
    public void Free_dimensions_are_as_large_as_stated()
    {
        string old = place.Write("old.onnx", Models.With(model =>
        {
            foreach (int axis in (int[])[2, 3])
            {
                model.Graph.Input[0].Type.TensorType.Shape.Dim[axis].DimParam = "side";
            }
        }));
        // a kernel of 3 does not fit into 1 pixel
        InProcess.Run("export", old, "-o", place["newer.onnx"], "--opset", "21", "--threads", "1").Ends(2);
        InProcess.Run("export", old, "-o", place["newer.onnx"], "--opset", "21", "--threads", "1", "--shape", "side=9").Ends(0);
        Assert.Equal(21, Opset(place["newer.onnx"]));
    }

    /// <summary>Of opset 11, whose limits are inputs already.</summary>
    static NodeProto Clip() => Models.Node("Clip", ["feature"], "clipped");
}

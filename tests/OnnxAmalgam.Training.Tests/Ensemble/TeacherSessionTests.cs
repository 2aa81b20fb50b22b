using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Ensemble;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Ensemble;

public sealed class TeacherSessionTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    public void A_graph_that_insists_on_its_batch_takes_fewer_images_and_more(int images)
    {
        using var scope = NewDisposeScope();
        using var session = new TeacherSession(RowsOf(batch: 4), ["rows"], new InputDescription { Channels = 1, Height = 2, Width = 2, Scale = 1 }, new FrozenModelOptions());
        Assert.Equal(4, session.FixedBatch);
        byte[] pixels = [.. Enumerable.Range(0, images * 4).Select(i => (byte)i)];
        Tensor rows = session.Run(tensor(pixels).reshape(images, 1, 2, 2))[0];
        Assert.Equal([images * 2, 2], rows.shape);
        Assert.Equal(pixels.Select(p => (float)p), rows.data<float>().ToArray());
    }

    /// <summary>Image[batch, 1, 2, 2] -> rows[batch * 2, 2]: two rows an image, each picked by its number, so that the batch cannot be set free.</summary>
    static OnnxModel RowsOf(int batch)
    {
        var model = new ModelProto { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = 17 } }, Graph = new() { Name = "rows" } };
        var image = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = new() };
        image.Shape.Dim.AddRange(((int[])[batch, 1, 2, 2]).Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        model.Graph.Input.Add(new ValueInfoProto { Name = "image", Type = new() { TensorType = image } });
        model.Graph.Initializer.Add(new TensorProto { Name = "shape", DataType = (int)TensorProto.Types.DataType.Int64, Dims = { 2 }, Int64Data = { batch * 2, 2 } });
        model.Graph.Initializer.Add(new TensorProto { Name = "images", DataType = (int)TensorProto.Types.DataType.Int64, Dims = { batch }, Int64Data = { Enumerable.Range(0, batch).Select(i => (long)i) } });
        model.Graph.Node.Add(new NodeProto { Name = "pick", OpType = "Gather", Input = { "image", "images" }, Output = { "all" } });
        model.Graph.Node.Add(new NodeProto { Name = "fold", OpType = "Reshape", Input = { "all", "shape" }, Output = { "rows" } });
        var rows = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Float, Shape = new() };
        rows.Shape.Dim.AddRange(((int[])[batch * 2, 2]).Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        model.Graph.Output.Add(new ValueInfoProto { Name = "rows", Type = new() { TensorType = rows } });
        return new OnnxModel(model, "rows.onnx");
    }
}

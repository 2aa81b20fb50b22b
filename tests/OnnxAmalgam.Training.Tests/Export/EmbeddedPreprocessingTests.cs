using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Export;

public sealed class EmbeddedPreprocessingTests
{
    static readonly InputDescription s_colour = new() { Channels = 3, Height = 5, Width = 4 };

    public static TheoryData<string, InputDescription> Descriptions => new()
    {
        { "a network of torchvision", s_colour with { Mean = [0.485, 0.456, 0.406], Std = [0.229, 0.224, 0.225] } },
        { "one of TensorFlow", s_colour with { Layout = ImageLayout.Nhwc, Scale = 1 / 127.5, Mean = [1] } },
        { "one of Caffe, blue first", s_colour with { Order = ColorOrder.Bgr, Scale = 1, Mean = [103.939, 116.779, 123.68] } },
        { "one that divides itself", s_colour with { Layout = ImageLayout.Nhwc, Scale = 1 } },
        { "half precision", s_colour with { Dtype = ImageDtype.Float16, Std = [0.5] } },
        { "grey", new InputDescription { Channels = 1, Height = 5, Width = 4, Mean = [0.1307], Std = [0.3081] } },
        { "bytes, channels first", s_colour with { Dtype = ImageDtype.UInt8, Scale = 1 } },
        { "bytes as they are", s_colour with { Dtype = ImageDtype.UInt8, Layout = ImageLayout.Nhwc, Scale = 1 } },
    };

    [Theory]
    [MemberData(nameof(Descriptions))]
    public void The_file_does_to_bytes_what_whoever_fed_it_did(string about, InputDescription input)
    {
        Assert.NotEmpty(about);
        OnnxModel model = GraphEdits.EmbedPreprocessing(Identity(input), input, out InputDescription pixels);
        Assert.Equal(pixels, ModelMetadata.FromGraph(model) with { Resize = pixels.Resize });
        using var scope = NewDisposeScope();
        Tensor canvas = randint(0, 256, [3, input.Channels, input.Height, input.Width], ScalarType.Byte, generator: new Generator(1));
        Tensor expected = new Preprocess(input).Apply(canvas), bytes = canvas.permute(0, 2, 3, 1).contiguous();
        using var session = new FrozenModel(model, ["y"], new FrozenModelOptions { Threads = 1 });
        Tensor made = empty_like(expected);
        session.Run(TorchMemory.View(bytes), [TorchMemory.View(made)]);
        Assert.Equal(0, (made.to(ScalarType.Float32) - expected.to(ScalarType.Float32)).abs().max().item<float>());
    }

    [Fact]
    public void Names_that_are_taken_and_bodies_that_read_the_image_are_left_whole()
    {
        OnnxModel model = Identity(s_colour);
        model.Proto.Graph.Node[0].Name = "preprocessing/Cast";
        model.Proto.Graph.Node[0].Output[0] = "images_preprocessed";
        model.Proto.Graph.Node.Add(new NodeProto { OpType = "Identity", Input = { "images_preprocessed" }, Output = { "y" } });
        GraphProto graph = GraphEdits.EmbedPreprocessing(model, s_colour, out _).Proto.Graph;
        Assert.Equal(graph.Node.Count, graph.Node.Select(n => n.Name).Where(n => n.Length > 0).Distinct().Count() + 1);
        Assert.Equal("images_preprocessed_1", graph.Node.Single(n => n.OpType == "Transpose").Output[0]);
        Assert.Equal(["images"], graph.Input.Select(i => i.Name));
        Assert.Equal("images", model.Proto.Graph.Node[0].Input[0]);
    }

    [Fact]
    public void Bytes_are_not_scaled_and_an_old_opset_is_refused()
    {
        InputDescription bytes = s_colour with { Dtype = ImageDtype.UInt8 };
        Assert.Contains("expected floats to put scale, mean and std before, got bytes", Assert.Throws<InputException>(() => GraphEdits.EmbedPreprocessing(Identity(bytes), bytes, out _)).Message, StringComparison.Ordinal);
        OnnxModel old = Identity(s_colour);
        old.Proto.OpsetImport[0].Version = 6;
        Assert.Contains("expected opset 7 or newer", Assert.Throws<InputException>(() => GraphEdits.EmbedPreprocessing(old, s_colour, out _)).Message, StringComparison.Ordinal);
    }

    static OnnxModel Identity(InputDescription input)
    {
        var type = input.Dtype switch { ImageDtype.UInt8 => TensorProto.Types.DataType.Uint8, ImageDtype.Float16 => TensorProto.Types.DataType.Float16, _ => TensorProto.Types.DataType.Float };
        ValueInfoProto Value(string name)
        {
            var shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "batch" } } };
            shape.Dim.Add(input.ShapeOf(1).Skip(1).Select(size => new TensorShapeProto.Types.Dimension { DimValue = size }));
            return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } } };
        }

        return new OnnxModel(new ModelProto
        {
            IrVersion = 8,
            OpsetImport = { new OperatorSetIdProto { Version = 13 } },
            Graph = new GraphProto { Name = "one", Node = { new NodeProto { OpType = "Identity", Input = { "images" }, Output = { "y" } } }, Input = { Value("images") }, Output = { Value("y") } },
        }, "identity");
    }
}

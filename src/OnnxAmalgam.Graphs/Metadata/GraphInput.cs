using System.Globalization;
using OnnxAmalgam.Graphs.Classifiers;
using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>What the graph's image input alone says: layout, element type, channels, size.</summary>
internal sealed class GraphInput
{
    readonly ClassifierGraph graph;
    readonly ValueInfoProto image;
    readonly TensorShapeProto.Types.Dimension[] dims;

    public GraphInput(OnnxModel model)
    {
        graph = new ClassifierGraph(model);
        image = graph.Image;
        dims = [.. image.Type?.TensorType?.Shape?.Dim ?? []];
        if (dims.Length != 4)
            throw Error("a tensor of rank 4 (batch, channels, height, width in either order)", graph.Fact(image.Name)?.ToString() ?? "something else");
        Dtype = (DataType)image.Type!.TensorType.ElemType switch
        {
            DataType.Float => ImageDtype.Float32,
            DataType.Float16 => ImageDtype.Float16,
            DataType.Uint8 => ImageDtype.UInt8,
            var other => throw Error("elements of Float, Float16 or Uint8", other.ToString()),
        };
        Layout = FindLayout();
    }

    /// <summary>The graph's image input, or null where it has none.</summary>
    public static GraphInput? Of(OnnxModel model) => InputException.Attempt(() => new GraphInput(model)).Found;

    /// <summary>The input's axes as the file has them.</summary>
    public string Shape => $"[{string.Join(", ", dims.Select((_, axis) => axis == 0 ? "n" : Size(axis)?.ToString(CultureInfo.InvariantCulture) ?? "?"))}]";

    /// <summary>Whether no axis but the batch is fixed to another size.</summary>
    public bool Takes(long[] shape) => Enumerable.Range(1, 3).All(axis => (Size(axis) ?? shape[axis]) == shape[axis]);

    public ImageDtype Dtype { get; }

    public ImageLayout Layout { get; }

    /// <summary>1 or 3; null where the axis is free and no first convolution tells.</summary>
    public int? Channels => Size(ChannelAxis) ?? FirstConvolution();

    public int? Height => Size(Layout == ImageLayout.Nchw ? 2 : 1);

    public int? Width => Size(Layout == ImageLayout.Nchw ? 3 : 2);

    int ChannelAxis => Layout == ImageLayout.Nchw ? 1 : 3;

    public InputDescription Describe(int? height, int? width, int? channels) => new()
    {
        Layout = Layout,
        Dtype = Dtype,
        Channels = Agreed("channels", Channels, channels) switch
        {
            1 => 1,
            3 => 3,
            var other => throw Error("1 or 3 channels", $"{other}"),
        },
        Height = Agreed("height", Height, height),
        Width = Agreed("width", Width, width),
        Scale = Dtype == ImageDtype.UInt8 ? 1 : 1.0 / 255,
    };

    /// <summary>The graph's number; where it is free, the given one.</summary>
    int Agreed(string what, int? fixedSize, int? given)
    {
        if (fixedSize is { } size && given is { } wanted && size != wanted)
            throw Error($"{what} {size}, which the graph fixes", $"{wanted}; leave it out");
        return fixedSize ?? given ?? throw Error($"a stated {what}, because the graph leaves it free", $"none; state it (recipe: input.{(what == "channels" ? "channels" : "size")})");
    }

    InputException Error(string expected, string got) =>
        new($"'{graph.Model.Name}', input '{image.Name}': expected {expected}, got {got}");

    int? Size(int axis) => dims[axis] is { ValueCase: TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue, DimValue: > 0 and <= int.MaxValue } dim
        ? (int)dim.DimValue
        : null;

    /// <summary>Denotations, then the place of a 1 or 3, then what the first nodes do.</summary>
    ImageLayout FindLayout()
    {
        if (dims[3].Denotation == "DATA_CHANNEL")
            return ImageLayout.Nhwc;
        if (dims[1].Denotation == "DATA_CHANNEL")
            return ImageLayout.Nchw;
        var second = Size(1) is 1 or 3;
        var last = Size(3) is 1 or 3;
        if (second != last)
            return second ? ImageLayout.Nchw : ImageLayout.Nhwc;
        return FirstUses().Any(node => node.OpType == "Transpose" && node.Ints("perm") is [0, 3, 1, 2]) ? ImageLayout.Nhwc : ImageLayout.Nchw;
    }

    /// <summary>The first nodes behind the input that are more than arithmetic with constants.</summary>
    IEnumerable<NodeProto> FirstUses()
    {
        var open = new Queue<string>([image.Name]);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (open.TryDequeue(out var value))
        {
            foreach (var node in graph.View.Consumers(value))
            {
                if (node.OpType is "Cast" or "Identity" or "Sub" or "Add" or "Mul" or "Div" or "Clip" or "BatchNormalization")
                {
                    if (seen.Add(node.Output[0]))
                        open.Enqueue(node.Output[0]);
                }
                else
                {
                    yield return node;
                }
            }
        }
    }

    int? FirstConvolution()
    {
        var uses = FirstUses().SelectMany(node => node.OpType is "Transpose" or "Pad" ? graph.View.Consumers(node.Output[0]) : [node]);
        foreach (var node in uses.Where(node => node.OpType == "Conv"))
        {
            if (graph.Size(node.Input[1], 1) is { } perGroup && perGroup * node.Int("group", 1) is 1 or 3)
                return perGroup * (int)node.Int("group", 1);
        }
        return null;
    }
}

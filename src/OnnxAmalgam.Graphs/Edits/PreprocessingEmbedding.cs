using Onnx;
using OnnxAmalgam.Graphs.Classifiers;
using OnnxAmalgam.Graphs.Edits.Opsets;
using OnnxAmalgam.Graphs.Metadata;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Puts what a model wants done to its pixels in front of it: Cast, colour order, y = x a + b a channel, layout. The input then takes bytes
/// [batch, height, width, channels], red first, as image libraries hold them.</summary>
/// <remarks>a = scale / std and b = -mean / std are rounded to float32 once, as whoever feeds the model does by hand.</remarks>
internal sealed class PreprocessingEmbedding
{
    const string Prefix = "preprocessing";

    readonly InputDescription input;
    readonly NewInitializers initializers;
    readonly FreeNames names;
    readonly List<NodeProto> nodes = [];
    string value;

    PreprocessingEmbedding(InputDescription input, NewInitializers initializers, FreeNames names, string image) =>
        (this.input, this.initializers, this.names, value) = (input, initializers, names, image);

    /// <summary>What the new input is fed.</summary>
    public static InputDescription Pixels(InputDescription input) =>
        input with { Layout = ImageLayout.Nhwc, Dtype = ImageDtype.UInt8, Order = ColorOrder.Rgb, Scale = 1, Mean = [0], Std = [1] };

    public static OnnxModel Of(OnnxModel model, InputDescription input)
    {
        var edited = model.Clone();
        var graph = edited.Proto.Graph;
        var image = ClassifierGraph.ImageIn(new GraphView(graph)) ?? throw new InputException($"'{model.Name}': expected one image input to put the preprocessing before, got none");
        OwnOpset.Require(model, "to put the preprocessing before");
        var taken = new GraphInput(model);
        if (taken.Dtype != input.Dtype || !taken.Takes(input.ShapeOf(1)))
            throw new InputException($"'{model.Name}', input '{image.Name}': expected a description of {taken.Dtype} {taken.Shape}, got one of {input.Dtype} [n, {string.Join(", ", input.ShapeOf(1).Skip(1))}]");
        if (graph.Output.Any(output => output.Name == image.Name))
            throw new InputException($"'{model.Name}': expected outputs that the network computes, got its input '{image.Name}' among them; extract the others first");
        if (input.Dtype == ImageDtype.UInt8 && (Factors(input).Any(a => a != 1) || Offsets(input).Any(b => b != 0)))
            throw new InputException($"'{model.Name}', input '{image.Name}': expected floats to put scale, mean and std before, got bytes, which have none");

        var initializers = new NewInitializers(edited.Proto);
        string outer = image.Name, inner = initializers.Free($"{outer}_preprocessed");
        new Renaming(name => name == outer ? inner : name, name => name, (_, _) => { }).Apply(graph);
        var batch = image.Type.TensorType.Shape.Dim[0].Clone();
        image.Name = outer;
        image.Type = OutputDeclarations.TypeOf(new ValueFact(DataType.Uint8, [new Dim(null, null), new Dim(input.Height, null), new Dim(input.Width, null), new Dim(input.Channels, null)]));
        image.Type.TensorType.Shape.Dim[0] = batch;

        // what another producer says of floats is not true of bytes
        var metadata = new MetadataProperties(edited.Proto);
        foreach (var key in model.Proto.MetadataProps.Select(entry => entry.Key).Where(key => key.StartsWith("CustomVision.Preprocess.", StringComparison.Ordinal)))
            metadata.Remove(key);

        var chain = new PreprocessingEmbedding(input, initializers, new FreeNames(edited.Proto), outer);
        chain.Build(inner);
        for (int i = 0; i < chain.nodes.Count; i++)
            graph.Node.Insert(i, chain.nodes[i]);
        return edited;
    }

    static float[] Factors(InputDescription input) => [.. input.Std.Select(s => (float)(input.Scale / s))];

    static float[] Offsets(InputDescription input) => [.. Enumerable.Range(0, Math.Max(input.Mean.Count, input.Std.Count)).Select(c => (float)(-At(input.Mean, c) / At(input.Std, c)))];

    static double At(IReadOnlyList<double> values, int channel) => values[values.Count == 1 ? 0 : channel];

    void Build(string last)
    {
        if (input.Channels == 3 && input.Order == ColorOrder.Bgr)
        {
            var order = NewInitializers.Integers(initializers.Free($"{Prefix}_order"), [2, 1, 0]);
            initializers.Put(order);
            Add("Gather", order.Name).Attribute.Add(NodeUpgrade.Attribute("axis", 3));
        }

        if (input.Dtype != ImageDtype.UInt8)
        {
            Add("Cast").Attribute.Add(NodeUpgrade.Attribute("to", (int)DataType.Float));
            Arithmetic("Mul", "factor", Factors(input), nothing: 1);
            Arithmetic("Add", "offset", Offsets(input), nothing: 0);
        }

        if (input.Dtype == ImageDtype.Float16)
            Add("Cast").Attribute.Add(NodeUpgrade.Attribute("to", (int)DataType.Float16));
        if (input.Layout == ImageLayout.Nchw)
            Add("Transpose").Attribute.Add(new AttributeProto { Name = "perm", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 0, 3, 1, 2 } });
        else if (nodes.Count == 0)
            Add("Identity");
        nodes[^1].Output[0] = last;
    }

    void Arithmetic(string op, string name, float[] values, float nothing)
    {
        if (values.All(v => v == nothing))
            return;
        // a constant, not an initializer: whoever trains the file later trains the network, not its preprocessing
        var constant = initializers.Free($"{Prefix}_{name}");
        var tensor = NewInitializers.Floats(constant, DataType.Float, [values.Length], values);
        nodes.Add(new NodeProto
        {
            OpType = "Constant",
            Name = names.FreeNode($"{Prefix}/{name}"),
            Output = { constant },
            Attribute = { new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = tensor } },
        });
        Add(op, constant);
    }

    NodeProto Add(string op, params string[] others)
    {
        var node = new NodeProto { OpType = op, Name = names.FreeNode($"{Prefix}/{op}"), Input = { value }, Output = { initializers.Free($"{Prefix}_{op.ToLowerInvariant()}") } };
        node.Input.Add(others);
        nodes.Add(node);
        value = node.Output[0];
        return node;
    }
}

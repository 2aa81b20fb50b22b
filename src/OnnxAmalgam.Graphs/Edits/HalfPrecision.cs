using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs.Edits.Opsets;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Convolutions and matrix products in half precision, and with them what lies between and passes numbers on; inputs, outputs and all else (exponentials, sums over
/// many elements, normalisation by an image's own statistics, resizing, bodies) stay in single.</summary>
/// <remarks>A value keeps its name. Where one is needed in the other precision, a Cast makes it, once. A node stays whose constants half precision cannot hold (beyond 65,504, or a single
/// number that would become 0), or which would take one of several operands down from single precision.</remarks>
internal sealed class HalfPrecision
{
    static readonly HashSet<string> s_leading = ["Conv", "ConvTranspose", "Gemm", "MatMul"];
    static readonly HashSet<string> s_following =
    [
        "Add", "Sub", "Mul", "Div", "Min", "Max", "Neg", "Abs", "Where", "Relu", "LeakyRelu", "PRelu", "Elu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Gelu",
        "BatchNormalization", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Dropout",
        "Concat", "Split", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Gather", "Pad", "Identity", "Expand", "Tile", "DepthToSpace", "SpaceToDepth",
    ];

    readonly OnnxModel model;
    readonly GraphProto graph;
    readonly GraphView view;
    readonly StoredConstants constants;
    readonly IReadOnlyDictionary<string, ValueFact> facts;
    readonly NewInitializers initializers;
    readonly FreeNames names;
    readonly List<NodeProto> nodes = [];
    readonly HashSet<NodeProto> chosen = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<string, bool?> held = new(StringComparer.Ordinal);
    readonly Dictionary<string, string> halves = new(StringComparer.Ordinal), singles = new(StringComparer.Ordinal);

    HalfPrecision(OnnxModel model)
    {
        this.model = model;
        graph = model.Proto.Graph;
        view = new GraphView(graph);
        constants = new StoredConstants(model, view);
        facts = Facts.Infer(model);
        initializers = new NewInitializers(model.Proto);
        names = new FreeNames(model.Proto);
    }

    /// <param name="model">Not changed.</param>
    /// <param name="kept">Names of the nodes that go on computing floats.</param>
    public static OnnxModel Of(OnnxModel model, out IReadOnlyList<string> kept)
    {
        OwnOpset.Require(model, "for half precision");
        var edited = model.Clone();
        kept = new HalfPrecision(edited).Run();
        return edited;
    }

    string[] Run()
    {
        Choose();
        foreach (var node in view.Nodes)
        {
            if (chosen.Contains(node))
                ToHalf(node);
            else if (!PassesHalf(node))
                ToSingle(node);
        }

        graph.Node.Clear();
        graph.Node.Add(nodes);
        foreach (var info in graph.ValueInfo.Where(info => halves.GetValueOrDefault(info.Name) == info.Name && info.Type?.TensorType is not null))
            info.Type.TensorType.ElemType = (int)DataType.Float16;
        return [.. view.Nodes.Where(node => !chosen.Contains(node) && node.OpType is not ("Constant" or "Cast") && node.Output.Any(IsFloat)).Select(node => node.DisplayName())];
    }

    /// <summary>What is computed in half precision: the leading operators, and what follows one in the way of the numbers.</summary>
    void Choose()
    {
        var half = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in view.Nodes.Where(node => node.Domain is "" or "ai.onnx"))
        {
            var read = node.Input.Where(name => name.Length > 0).ToArray();
            var floats = read.Where(IsFloat).ToArray();
            bool fits = read.Concat(node.Output.Where(name => name.Length > 0)).All(facts.ContainsKey) && node.Output.Any(IsFloat) && floats.All(name => Holds(name) ?? true);
            bool follows = s_following.Contains(node.OpType) && floats.Any(half.Contains) && floats.All(name => half.Contains(name) || Holds(name) is not null);
            if (!fits || !(follows || (s_leading.Contains(node.OpType) && floats.Length > 0)))
                continue;
            chosen.Add(node);
            half.UnionWith(node.Output.Where(IsFloat));
        }
    }

    bool IsFloat(string name) => facts.GetValueOrDefault(name)?.Type == DataType.Float;

    /// <summary>Whether half precision holds every element of a constant; null: it is computed or fed. Each constant is read once.</summary>
    bool? Holds(string name)
    {
        if (!held.TryGetValue(name, out var known))
            held[name] = known = Look();
        return known;

        bool? Look() => Elements(name) is { } elements
            ? StoredReals.Write(DataType.Float16, elements) is not null && (elements is not [var only] || only == 0 || (double)(Half)only != 0)
            : view.IsConstant(name) && !constants.IsFed(name) ? false : null;
    }

    /// <summary>The elements of a constant, also of one that is only laid out anew; null: it is computed, or not stored densely.</summary>
    double[]? Elements(string name)
    {
        if (constants.Of(name) is { } tensor)
            return StoredReals.Read(model, tensor);
        return view.Producer(name) switch
        {
            { OpType: "Constant" } constant when constant.Attribute.FirstOrDefault(a => a.Name == "value_float") is { } one => [one.F],
            { OpType: "Constant" } constant when constant.Attribute.FirstOrDefault(a => a.Name == "value_floats") is { } several => [.. several.Floats.Select(f => (double)f)],
            { OpType: "ConstantOfShape" } filled => filled.Attribute.FirstOrDefault(a => a.Name == "value")?.T is { } value ? StoredReals.Read(model, value) : [0],
            { OpType: "Identity" or "Reshape" or "Transpose" or "Squeeze" or "Unsqueeze" or "Expand" or "Flatten" or "Tile" } laid => Elements(laid.Input[0]),
            _ => null,
        };
    }

    /// <summary>Whether a stored value is read in half precision alone, so that it can be stored so.</summary>
    bool IsOnlyHalf(string name) => !view.Outputs.Contains(name) && view.Consumers(name) is { Count: > 0 } readers && readers.All(chosen.Contains);

    void ToHalf(NodeProto node)
    {
        for (int i = 0; i < node.Input.Count; i++)
        {
            if (IsFloat(node.Input[i]))
                node.Input[i] = InHalf(node.Input[i]);
        }

        nodes.Add(node);
        for (int i = 0; i < node.Output.Count; i++)
        {
            string name = node.Output[i];
            if (!IsFloat(name))
                continue;
            halves[name] = name;
            if (!view.Outputs.Contains(name))
                continue;
            // an output goes out in single precision, under its name
            halves[name] = node.Output[i] = initializers.Free($"{name}_fp16");
            singles[name] = name;
            nodes.Add(Cast(halves[name], name, DataType.Float));
        }
    }

    /// <summary>A Constant node that is read in half precision alone holds it.</summary>
    bool PassesHalf(NodeProto node)
    {
        if (node.OpType != "Constant" || node.Output is not [var name] || !IsFloat(name) || constants.Of(name) is not { } tensor || !IsOnlyHalf(name))
            return false;
        node.Attribute.First(a => a.Name == "value").T = InHalf(tensor, tensor.Name);
        halves[name] = name;
        nodes.Add(node);
        return true;
    }

    void ToSingle(NodeProto node)
    {
        var read = Captures.ReadBy(node).Where(halves.ContainsKey).ToDictionary(name => name, Single, StringComparer.Ordinal);
        string Now(string name) => read.GetValueOrDefault(name, name);
        for (int i = 0; i < node.Input.Count; i++)
            node.Input[i] = Now(node.Input[i]);
        foreach (var body in Captures.Bodies(node))
            new Renaming(Now, name => name, (_, _) => { }).Apply(body);
        nodes.Add(node);
    }

    /// <summary>The name under which a float value is there in half precision.</summary>
    string InHalf(string name)
    {
        if (halves.TryGetValue(name, out var known))
            return known;
        if (view.Initializer(name) is { } tensor && !constants.IsFed(name))
        {
            halves[name] = IsOnlyHalf(name) ? name : initializers.Free($"{name}_fp16");
            initializers.Put(InHalf(tensor, halves[name]));
            return halves[name];
        }

        halves[name] = initializers.Free($"{name}_fp16");
        singles[name] = name;
        nodes.Add(Cast(name, halves[name], DataType.Float16));
        return halves[name];
    }

    /// <summary>The name under which a value of half precision is there in single.</summary>
    string Single(string name)
    {
        if (singles.TryGetValue(name, out var known))
            return known;
        if (view.Initializer(name) is not null && halves[name] != name)
            return name;
        singles[name] = initializers.Free($"{name}_fp32");
        nodes.Add(Cast(halves[name], singles[name], DataType.Float));
        return singles[name];
    }

    TensorProto InHalf(TensorProto tensor, string name)
    {
        var half = new TensorProto { Name = name, DataType = (int)DataType.Float16, DocString = tensor.DocString, RawData = ByteString.CopyFrom(StoredReals.Write(DataType.Float16, StoredReals.Read(model, tensor))!) };
        half.Dims.Add(tensor.Dims);
        return half;
    }

    NodeProto Cast(string from, string to, DataType type) => new()
    {
        OpType = "Cast",
        Name = names.FreeNode($"{to}/Cast"),
        Input = { from },
        Output = { to },
        Attribute = { NodeUpgrade.Attribute("to", (long)type) },
    };
}

using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Classifiers;

/// <summary>A model seen as a classifier: its view, its facts, its image input, and what depends on the image.</summary>
internal sealed class ClassifierGraph
{
    readonly Lazy<ValueInfoProto> image;
    readonly Lazy<IReadOnlyDictionary<string, ValueFact>> facts;
    readonly Lazy<HashSet<string>> dependents;
    readonly Lazy<HashSet<string>> fixedValues;

    public ClassifierGraph(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Model = model;
        View = new GraphView(model.Proto.Graph);
        image = new(() => ImageIn(View) ?? throw NoImage());
        facts = new(() => Graphs.Facts.Infer(model));
        dependents = new(FindDependents);
        fixedValues = new(FindFixed);
    }

    public OnnxModel Model { get; }

    public GraphView View { get; }

    public ValueInfoProto Image => image.Value;

    public IReadOnlyDictionary<string, ValueFact> Facts => facts.Value;

    public ValueFact? Fact(string value) => Facts.GetValueOrDefault(value);

    public int? Rank(string value) => Fact(value)?.Rank;

    /// <summary>Size of an axis where it is a known number.</summary>
    public int? Size(string value, int axis) =>
        Fact(value)?.Shape is { } shape && axis < shape.Count && shape[axis].Size is >= 0 and <= int.MaxValue and var size ? (int)size : null;

    /// <summary>Whether the value's elements (not only its shape) depend on the image.</summary>
    public bool DependsOnImage(string value) => dependents.Value.Contains(value);

    /// <summary>Whether a node passes on what is in its inputs; Shape and Size only look at how large they are.</summary>
    public static bool PassesData(NodeProto node) => node.OpType is not ("Shape" or "Size");

    /// <summary>Whether a value is the same for every image and every caller.</summary>
    public bool IsFixed(string value) => fixedValues.Value.Contains(value);

    public bool IsFloat(string value) => Fact(value) is { Type: DataType.Float or DataType.Float16 or DataType.Double or DataType.Bfloat16 };

    /// <summary>The only input, or the only one of rank 4; null where none or several fit.</summary>
    public static ValueInfoProto? ImageIn(GraphView view)
    {
        if (view.Inputs is [var only])
            return only;
        return view.Inputs.Where(input => input.Type?.TensorType?.Shape?.Dim.Count == 4).ToArray() is [var image] ? image : null;
    }

    InputException NoImage()
    {
        var list = string.Join(", ", View.Inputs.Select(input => $"'{input.Name}' (rank {Text(input.Type?.TensorType?.Shape?.Dim.Count)})"));
        return new InputException(
            $"'{Model.Name}': expected one image input (the only input, or the only one of rank 4), got {(list.Length == 0 ? "none" : list)}; export the classifier with its image as the only input");
    }

    static string Text(int? rank) => rank?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "unknown";

    HashSet<string> FindDependents()
    {
        var dependents = new HashSet<string>(StringComparer.Ordinal) { Image.Name };
        foreach (var node in View.Nodes.Where(PassesData))
        {
            if (Captures.ReadBy(node).Any(dependents.Contains))
                dependents.UnionWith(node.Output.Where(name => name.Length > 0));
        }
        return dependents;
    }

    HashSet<string> FindFixed()
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in View.Nodes)
        {
            if (Captures.ReadBy(node).All(name => known.Contains(name) || View.IsConstant(name)))
                known.UnionWith(node.Output.Where(name => name.Length > 0));
        }
        known.UnionWith(Model.Proto.Graph.Initializer.Select(tensor => tensor.Name));
        known.UnionWith(Model.Proto.Graph.SparseInitializer.Select(sparse => sparse.Values.Name));
        return known;
    }
}

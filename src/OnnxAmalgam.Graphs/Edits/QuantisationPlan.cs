using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>The least and the greatest element that a value was seen to have.</summary>
public readonly record struct ValueRange(float Least, float Greatest);

/// <summary>What of a model computes in 8-bit integers, and which values have to be measured for that: convolutions and matrix products whose weights are stored, and what lies between them
/// and has an integer form.</summary>
/// <remarks>A convolution's result is an integer, unless it is an output of the graph; Relu or Clip that follows it alone works on the sum before that is rounded. All else computes floats.</remarks>
public sealed class QuantisationPlan
{
    const int LeastOpset = 13;

    /// <summary>What gives back elements that it was given, so that they keep their scale.</summary>
    static readonly HashSet<string> s_passing = ["MaxPool", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze"];
    static readonly HashSet<string> s_following = [.. s_passing, "Add", "Mul", "Concat", "AveragePool", "GlobalAveragePool", "Relu", "Clip", "LeakyRelu", "Sigmoid"];

    readonly HashSet<NodeProto> chosen = new(ReferenceEqualityComparer.Instance), layers = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<string, string> sources = new(StringComparer.Ordinal);
    readonly IReadOnlyDictionary<string, ValueFact> facts;
    readonly StoredConstants constants;

    /// <summary>Looks what can be done with a model. BatchNormalization should be folded before.</summary>
    /// <param name="model">Not changed.</param>
    /// <param name="keep">Names of nodes that are to go on computing floats.</param>
    /// <exception cref="InputException">The opset is older than 13, a name is of no convolution or product that could be chosen, or none of these is left.</exception>
    public QuantisationPlan(OnnxModel model, IEnumerable<string>? keep = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (OwnOpset.Of(model) is < LeastOpset and var opset)
            throw new InputException($"'{model.Name}': expected opset {LeastOpset} or newer for 8-bit integers, got {opset}; ask for a newer one as well: --opset {LeastOpset}");
        Model = model;
        View = new GraphView(model.Proto.Graph);
        facts = Facts.Infer(model);
        constants = new StoredConstants(model, View);
        var all = View.Nodes.Where(IsLayer).Select(node => node.DisplayName()).ToArray();
        if (all.Length == 0)
            throw new InputException($"'{model.Name}': expected a convolution or a matrix product with stored float weights to compute in integers, got none; export it in fp32 or fp16");
        string[] kept = [.. keep ?? []];
        if (kept.FirstOrDefault(name => !all.Contains(name)) is { } wrong)
            throw new InputException($"'{model.Name}': expected the name of a convolution or matrix product to keep in floats, got '{wrong}'{NearestName.Hint(wrong, all)}");
        if (all.All(kept.Contains))
            throw new InputException($"'{model.Name}': expected a convolution or a matrix product to compute in integers, got all {all.Length} of them to keep in floats; keep fewer");
        Choose(kept.ToHashSet(StringComparer.Ordinal));
        Layers = [.. View.Nodes.Where(layers.Contains).Select(node => node.DisplayName())];
        Kept = [.. View.Nodes.Where(node => !chosen.Contains(node) && node.OpType != "Constant" && node.Output.Any(IsFloat)).Select(node => node.DisplayName())];
        Measured = [.. sources.Values.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Names of the convolutions and matrix products that compute integers, in the order of the graph.</summary>
    public IReadOnlyList<string> Layers { get; }

    /// <summary>Names of the nodes that go on computing floats.</summary>
    public IReadOnlyList<string> Kept { get; }

    /// <summary>The values whose range must be known.</summary>
    public IReadOnlyList<string> Measured { get; }

    internal OnnxModel Model { get; }

    internal GraphView View { get; }

    /// <summary>The same model with the planned nodes between QuantizeLinear and DequantizeLinear, from which runtimes make integer kernels: values in uint8 with a scale and a zero point each,
    /// weights in int8 with a scale for each output channel, biases in int32.</summary>
    /// <param name="ranges">Of each of <see cref="Measured"/>. 0 is taken into each.</param>
    /// <remarks>Weights use 7 of their 8 bits: products of two that are summed in 16 bits, as older x86 processors do, then never saturate.</remarks>
    /// <exception cref="InputException">A range is not finite.</exception>
    /// <exception cref="ArgumentException">A range is missing.</exception>
    public OnnxModel Apply(IReadOnlyDictionary<string, ValueRange> ranges)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        if (Measured.FirstOrDefault(value => !ranges.ContainsKey(value)) is { } missing)
            throw new ArgumentException($"expected the range of '{missing}', got none", nameof(ranges));
        return Quantisation.Of(this, ranges);
    }

    /// <summary>The value whose scale and zero point a value has in integers (itself, or what it was made of); null: it is a float.</summary>
    internal string? Source(string value) => sources.GetValueOrDefault(value);

    /// <summary>Whether the node is a convolution or matrix product in integers.</summary>
    internal bool IsInteger(NodeProto node) => layers.Contains(node);

    /// <summary>A stored tensor of the model.</summary>
    internal TensorProto Constant(string name) => constants.Of(name)!;

    bool IsFloat(string name) => facts.GetValueOrDefault(name)?.Type == DataType.Float;

    /// <summary>Whether a node multiplies by stored weights in a way that integers can.</summary>
    bool IsLayer(NodeProto node)
    {
        if (node.Domain is not ("" or "ai.onnx") || node.OpType is not ("Conv" or "Gemm" or "MatMul") || !IsFloat(node.Input[0]) || constants.Of(node.Input[0]) is not null || View.IsConstant(node.Input[0]))
            return false;
        bool isStored = constants.Of(node.Input[1]) is { } weight && (DataType)weight.DataType == DataType.Float && (node.OpType == "Conv" ? weight.Dims.Count > 2 : weight.Dims.Count == 2);
        bool isPlain = node.OpType != "Gemm" || (node.Int("transA", 0) == 0 && node.Float("alpha", 1) == 1 && node.Float("beta", 1) == 1);
        return isStored && isPlain && (node.InputOrNull(2) is not { } bias || constants.Of(bias) is { Dims.Count: 1 } one && one.Dims[0] == constants.Of(node.Input[1])!.Dims[Quantisation.ChannelAxis(node)]);
    }

    void Choose(HashSet<string> keep)
    {
        layers.UnionWith(View.Nodes.Where(node => IsLayer(node) && !keep.Contains(node.DisplayName())));
        chosen.UnionWith(layers);
        var integers = layers.Select(layer => layer.Input[0]).ToHashSet(StringComparer.Ordinal);
        foreach (var node in View.Nodes)
        {
            if (Follows(node) && Operands(node) is { Length: > 0 } operands && operands.All(integers.Contains) && node.Output is [var only] && IsFloat(only))
                chosen.Add(node);
            if (chosen.Contains(node))
                integers.UnionWith(node.Output);
        }

        // behind the last layer nothing is gained by integers, and scores would lose
        foreach (var node in View.Nodes.Reverse().Where(node => chosen.Contains(node) && !layers.Contains(node)))
        {
            if (!View.Consumers(node.Output[0]).Any(chosen.Contains) && !(IsAbsorbed(node.Input[0], node) && layers.Contains(View.Producer(node.Input[0])!)))
                chosen.Remove(node);
        }

        foreach (var node in View.Nodes.Where(chosen.Contains))
        {
            if (layers.Contains(node))
                Quantise(node.Input[0]);
            else if (Operands(node) is var operands && !operands.All(value => IsAbsorbed(value, node)))
                Array.ForEach(operands, Quantise);
        }

        // what an integer convolution makes is rounded also where only floats read it: no runtime has a kernel for it otherwise
        foreach (var node in View.Nodes.Where(node => layers.Contains(node) && node.OpType == "Conv"))
        {
            string made = node.Output[0];
            while (View.Consumers(made) is [var reader] && IsAbsorbed(made, reader))
                made = reader.Output[0];
            if (View.Consumers(made).Count > 0 && !View.Outputs.Contains(made))
                Quantise(made);
        }
    }

    static bool Follows(NodeProto node) => node.Domain is "" or "ai.onnx" && s_following.Contains(node.OpType);

    /// <summary>The floats that a node computes with; not the limits of Clip.</summary>
    string[] Operands(NodeProto node) => [.. node.Input.Where((name, i) => name.Length > 0 && IsFloat(name) && !(node.OpType == "Clip" && i > 0))];

    /// <summary>Whether an activation alone reads what a node makes, so that it works on the sums of that before they are rounded.</summary>
    bool IsAbsorbed(string value, NodeProto reader) =>
        reader.OpType is "Relu" or "Clip" && chosen.Contains(reader) && View.Consumers(value).Count == 1 && !View.Outputs.Contains(value)
        && View.Producer(value) is { OpType: "Conv" or "Gemm" or "MatMul" or "Add" } producer && chosen.Contains(producer);

    /// <summary>Makes a value an integer, with the scale of what it was taken from.</summary>
    void Quantise(string value)
    {
        if (sources.ContainsKey(value))
            return;
        if (View.Producer(value) is { } producer && chosen.Contains(producer) && s_passing.Contains(producer.OpType))
        {
            Quantise(producer.Input[0]);
            sources[value] = sources[producer.Input[0]];
        }
        else
        {
            sources[value] = value;
        }
    }
}

using OnnxAmalgam.Graphs.Inference;
using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Shows that each sample of a batch goes through the graph alone: the batch is followed from axis to axis, and every operator
/// on the way must be known to leave samples apart. What is not known counts as mixing.</summary>
/// <remarks>Sizes carry most of it: an operator that folds the batch, joins batches or moves one into another axis shows in the
/// symbolic shape. Operators that could mix without showing it have a rule here.</remarks>
internal sealed class BatchProof
{
    /// <summary>Each output element depends on input elements at the same place along the batch, or the shape shows otherwise.</summary>
    static readonly HashSet<string> Apart =
    [
        "Abs", "Add", "And", "ArgMax", "ArgMin", "Cast", "CastLike", "Ceil", "Celu", "Clip", "Cos", "DequantizeLinear", "Div", "Dropout", "Elu", "Equal", "Erf", "Exp", "Floor",
        "Gelu", "Greater", "GreaterOrEqual", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Less", "LessOrEqual", "Log", "Max", "Mean", "Min", "Mish",
        "Mod", "Mul", "Neg", "Not", "Or", "PRelu", "Pow", "QuantizeLinear", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Softplus",
        "Softsign", "Sqrt", "Sub", "Sum", "Swish", "Tanh", "ThresholdedRelu", "Where", "FastGelu", "QuickGelu", "BiasGelu",
        "Expand", "Squeeze", "Split", "Transpose", "Unsqueeze",
        "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare",
    ];

    /// <summary>Operators that treat the first axis as the batch.</summary>
    static readonly HashSet<string> FirstAxis =
    [
        "AveragePool", "Conv", "ConvTranspose", "DepthToSpace", "FusedConv", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "GroupNormalization",
        "InstanceNormalization", "LRN", "LpPool", "MaxPool", "Resize", "SpaceToDepth", "Upsample", "BatchNormalization",
    ];

    readonly Dictionary<string, ValueState> states;
    readonly Dictionary<string, int> places = new(StringComparer.Ordinal);
    readonly Dictionary<string, Extent> outer = new(StringComparer.Ordinal);
    readonly HashSet<string> fromShape = new(StringComparer.Ordinal);
    readonly HashSet<string> repeated = new(StringComparer.Ordinal);
    readonly IReadOnlySet<NodeProto> examined;
    readonly long opset;

    /// <param name="model">With a free batch.</param>
    /// <param name="image">The input whose first axis is the batch.</param>
    /// <param name="symbol">The name of that axis.</param>
    /// <param name="states">What inference gives with it.</param>
    /// <param name="examined">Reshapes that may fold other axes into the batch's: they do so for a reason, not by a -1 in the wrong place.</param>
    public BatchProof(OnnxModel model, string image, string symbol, Dictionary<string, ValueState> states, IReadOnlySet<NodeProto> examined)
    {
        this.examined = examined;
        Symbol = symbol;
        this.states = states;
        opset = model.Proto.OpsetImport.Where(set => set.Domain is "" or "ai.onnx").Select(set => set.Version).DefaultIfEmpty(1).Max();
        places[image] = 0;
        foreach (var node in new GraphView(model.Proto.Graph).Nodes)
        {
            if (!Follow(node))
            {
                Obstacle = node;
                return;
            }
        }
        Holds = true;
    }

    public string Symbol { get; }

    /// <summary>Whether every sample stays alone.</summary>
    public bool Holds { get; }

    /// <summary>The first node for which that could not be shown.</summary>
    public NodeProto? Obstacle { get; }

    /// <summary>The axis along which the samples of a value lie.</summary>
    public int? Place(string value) => places.TryGetValue(value, out var axis) ? axis : null;

    /// <summary>How many stretches of samples follow one another: the sizes of the axes before the samples' own, and of what was folded
    /// into that axis before them (tokens of a transformer: 17 times the batch).</summary>
    public Extent? Ahead(string value) => Place(value) is { } axis ? Extent.Product(states[value].Shape![..axis]) * Outer(value) : null;

    /// <summary>Whether the value, or its shape, comes from the image.</summary>
    public bool IsTouched(string value) => places.ContainsKey(value) || fromShape.Contains(value) || repeated.Contains(value);

    /// <summary>Where the samples are in a node's outputs; false where it cannot be shown that they stay apart.</summary>
    bool Follow(NodeProto node)
    {
        var read = Captures.ReadBy(node);
        var samples = read.Where(places.ContainsKey).ToArray();
        if (samples.Length == 0 || node.OpType is "Shape" or "Size")
        {
            if (samples.Length > 0 || read.Any(name => fromShape.Contains(name) || repeated.Contains(name)))
                (IsRepetition(node) ? repeated : fromShape).UnionWith(Made(node).Where(name => !IsSettled(name)));
            return true;
        }
        if (read.Any(DependsOnCount) || Captures.Bodies(node).Any() || !KeepsApart(node, samples))
            return false;
        foreach (var output in Made(node))
        {
            if (PlaceIn(states.GetValueOrDefault(output)?.Shape) is not { } axis)
                return false;
            places[output] = axis;
        }
        return node.OpType is "Reshape" or "Flatten" ? FollowFolding(node) : FollowAlike(node, samples);
    }

    static IEnumerable<string> Made(NodeProto node) => node.Output.Where(name => name.Length > 0);

    /// <summary>All samples come from axes folded alike, and leave along one of the same size.</summary>
    bool FollowAlike(NodeProto node, string[] samples)
    {
        foreach (var output in Made(node))
            outer[output] = Outer(samples[0]);
        return samples.All(name => Outer(name).Equals(Outer(samples[0]))) && Along(samples[0]).Equals(Along(node.Output[0]));
    }

    /// <summary>As many stretches of samples as before: those that are not axes ahead of the samples' own are folded into it.</summary>
    bool FollowFolding(NodeProto node)
    {
        var (from, to) = (node.Input[0], node.Output[0]);
        if (!Ahead(from)!.TryDivide(Extent.Product(states[to].Shape![..places[to]]), out var folded))
            return false;
        outer[to] = folded;
        if (!Along(to).TryDivide(folded * Extent.Named(Symbol), out _))
            return false;
        var isStated = states.GetValueOrDefault(node.InputOrNull(1) ?? "")?.Constants is not null;
        return Along(from).Equals(Along(to)) || examined.Contains(node) || !isStated;
    }

    /// <summary>The same numbers for every sample, as many times as there are samples.</summary>
    bool IsRepetition(NodeProto node) => node.OpType is "Expand" or "ConstantOfShape"
        && !(node.OpType == "Expand" && IsTouched(node.Input[0]));

    /// <summary>Elements that are known and have no batch in them, wherever they were computed from.</summary>
    bool IsSettled(string value) => states.TryGetValue(value, out var state)
        && (state.Reals is not null || (state.Integers is { } all && !Array.Exists(all, one => one.Mentions(Symbol))));

    /// <summary>A number that how large the batch is could change: it must not meet the samples. Sizes for Reshape and the like are integers.</summary>
    bool DependsOnCount(string value) => fromShape.Contains(value)
        && !(states.TryGetValue(value, out var state) && ValueState.IsInteger(state.Type));

    Extent Along(string value) => states[value].Shape![places[value]];

    /// <summary>The one axis that the batch is in; null where there is none or several.</summary>
    int? PlaceIn(Extent[]? shape)
    {
        if (shape is null)
            return null;
        var holding = Enumerable.Range(0, shape.Length).Where(axis => shape[axis].Mentions(Symbol)).ToArray();
        return holding is [var only] && shape[only].TryDivide(Extent.Named(Symbol), out var rest) && !rest.Mentions(Symbol) ? only : null;
    }

    Extent Outer(string value) => outer.GetValueOrDefault(value, Extent.Of(1));

    bool KeepsApart(NodeProto node, string[] samples) => node.OpType switch
    {
        "Reshape" or "Flatten" => node.Input[0] == samples[0] && samples.Length == 1,
        "MatMul" => AlignedFromRight(samples) && (samples.Length == 1 || samples.All(name => Place(name) < states[name].Rank - 2)),
        "Gemm" => samples.Length == 1 && AddsTheSame(node.InputOrNull(2)),
        "Einsum" => SameLetter(node),
        "BatchNormalization" => node.Int("training_mode", 0) == 0 && Place(node.Input[0]) == 0 && samples.Length == 1,
        "Slice" => SlicesElsewhere(node),
        "Pad" => samples is [var padded] && padded == node.Input[0] && PadsElsewhere(node),
        "Concat" => node.Input.All(name => Place(name) is null || Place(name) == Place(samples[0]))
            && node.Input.All(name => states.GetValueOrDefault(name)?.Shape is { } shape && shape[Place(samples[0])!.Value].Equals(Along(samples[0])))
            && AxisOf(node, "axis", 1, samples[0]) is { } joined && joined != Place(samples[0]),
        "Gather" => samples.Length == 1 && (samples[0] != node.Input[0] || AxisOf(node, "axis", 0, samples[0]) != Place(samples[0])),
        "Softmax" or "LogSoftmax" or "Hardmax" => opset < 13
            ? AxisOf(node, "axis", 1, samples[0]) > Place(samples[0])
            : AxisOf(node, "axis", -1, samples[0]) is { } axis && axis != Place(samples[0]),
        "LayerNormalization" or "RMSNormalization" or "SimplifiedLayerNormalization" => samples.Length == 1 && AxisOf(node, "axis", -1, samples[0]) > Place(samples[0]),
        "LpNormalization" or "TopK" => AxisOf(node, "axis", -1, samples[0]) is { } axis && axis != Place(samples[0]),
        _ when FirstAxis.Contains(node.OpType) => samples is [var only] && only == node.Input[0] && Place(only) == 0,
        _ => Apart.Contains(node.OpType) && AlignedFromRight(samples),
    };

    int? AxisOf(NodeProto node, string attribute, long otherwise, string value) =>
        states[value].Rank is { } rank ? RuleCall.Axis(node.Int(attribute, otherwise), rank) : null;

    bool AlignedFromRight(string[] samples) =>
        samples.Select(name => states[name].Rank - Place(name)).Distinct().Count() == 1;

    bool SameLetter(NodeProto node)
    {
        var sides = node.String("equation", "").Replace(" ", "", StringComparison.Ordinal).Split("->");
        var terms = sides[0].Split(',');
        var letters = node.Input.Select((name, i) => (Place: Place(name), Term: terms.ElementAtOrDefault(i) ?? ""))
            .Where(pair => pair.Place is not null)
            .Select(pair => pair.Term.ElementAtOrDefault(pair.Place!.Value)).Distinct().ToArray();
        return letters is [var letter] && char.IsLetter(letter) && sides.Length == 2 && sides[1].Contains(letter, StringComparison.Ordinal)
            && node.Input.Zip(terms).All(pair => Place(pair.First) is not null || !pair.Second.Contains(letter, StringComparison.Ordinal));
    }

    /// <summary>Whether what a Gemm adds is one row for all samples, or nothing.</summary>
    bool AddsTheSame(string? addend) =>
        addend is null || (states.GetValueOrDefault(addend)?.Shape is { } shape && (shape.Length < 2 || shape[0].Constant == 1));

    bool SlicesElsewhere(NodeProto node)
    {
        var value = node.Input[0];
        if (Place(value) is not { } place || states[value].Rank is not { } rank)
            return false;
        var axes = node.InputOrNull(3) is { } name ? states.GetValueOrDefault(name)?.Constants : node.Ints("axes");
        return axes is not null && RuleCall.Axes(axes, rank) is { } counted && !counted.Contains(place);
    }

    bool PadsElsewhere(NodeProto node)
    {
        var pads = node.InputOrNull(1) is { } name ? states.GetValueOrDefault(name)?.Constants : node.Ints("pads") ?? node.Ints("paddings");
        return node.InputOrNull(3) is null && Place(node.Input[0]) is { } place && states[node.Input[0]].Rank is { } rank
            && pads?.Length == 2 * rank && pads[place] == 0 && pads[place + rank] == 0;
    }
}

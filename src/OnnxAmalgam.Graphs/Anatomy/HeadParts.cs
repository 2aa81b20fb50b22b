using Onnx;

namespace OnnxAmalgam.Graphs.Classifiers;

/// <summary>The classifier's last linear layer with the places that hold its weights.</summary>
/// <param name="Head">What the public sees.</param>
/// <param name="Weight">The value the node reads as weight (an initializer, or what a Transpose makes of one).</param>
/// <param name="Bias">Where the bias is added, or null.</param>
internal sealed record HeadParts(ClassifierHead Head, string Weight, HeadBias? Bias)
{
    static readonly string[] Linear = ["Gemm", "MatMul", "Conv", "ConvTranspose", "Einsum", "FusedGemm", "FusedMatMul", "FusedConv", "QLinearConv", "QLinearMatMul"];

    /// <summary>The head, or null when the last layer with weights is none, or not on every path to the scores.</summary>
    public static HeadParts? Find(ClassifierGraph graph) =>
        InputException.Attempt(() => new LogitsWalk(graph).Find(null)).Found is { } logits ? MakerOf(graph, logits.Value) : null;

    /// <summary>The head that makes these scores.</summary>
    public static HeadParts? MakerOf(ClassifierGraph graph, string scores)
    {
        var path = new SinglePath(graph, graph.Image.Name, scores);
        return path.All.LastOrDefault(node => IsWeighted(graph, node)) is { } last && path.Nodes.Contains(last, ReferenceEqualityComparer.Instance)
            ? Parts(graph, last, path)
            : null;
    }

    /// <summary>Whether a node mixes channels with weights that are the same for every image.</summary>
    public static bool IsWeighted(ClassifierGraph graph, NodeProto node) =>
        Linear.Contains(node.OpType) && node.Input.Skip(1).Any(graph.IsFixed);

    static HeadParts? Parts(ClassifierGraph graph, NodeProto node, SinglePath path)
    {
        if (node.InputOrNull(1) is not { } weight || !graph.IsFixed(weight) || graph.Fact(weight)?.Shape is not { } shape)
            return null;
        var sizes = shape.Select(dim => dim.Size).ToArray();
        var widths = (node.OpType, sizes) switch
        {
            ("Gemm", [{ } a, { } b]) when node.Int("transA", 0) == 0 => node.Int("transB", 0) != 0 ? (Features: b, Classes: a) : (Features: a, Classes: b),
            ("MatMul", [{ } features, { } classes]) => (Features: features, Classes: classes),
            ("Conv", [{ } classes, { } features, .. var kernel]) when kernel.All(size => size == 1) && node.Int("group", 1) == 1 => (Features: features, Classes: classes),
            _ => ((long Features, long Classes)?)null,
        };
        if (widths is not { Features: <= int.MaxValue and > 0, Classes: <= int.MaxValue and > 0 } found)
            return null;
        var bias = node.OpType != "MatMul" && node.InputOrNull(2) is { } own ? new HeadBias(node, 2, own) : Added(graph, node, path, found.Classes);
        var logits = bias is { Node.OpType: "Add" } ? bias.Node.Output[0] : node.Output[0];
        return new HeadParts(new ClassifierHead(node, node.Input[0], logits, (int)found.Features, (int)found.Classes), weight, bias);
    }

    /// <summary>A bias that a following Add brings: a fixed value of one number a class.</summary>
    static HeadBias? Added(ClassifierGraph graph, NodeProto node, SinglePath path, long classes)
    {
        var users = graph.View.Consumers(node.Output[0]);
        if (users is not [{ OpType: "Add" } add] || !path.Nodes.Contains(add, ReferenceEqualityComparer.Instance))
            return null;
        var place = add.Input[0] == node.Output[0] ? 1 : 0;
        return graph.IsFixed(add.Input[place]) && graph.Fact(add.Input[place])?.Shape is { } shape
            && shape.Aggregate((long?)1, (count, dim) => count * dim.Size) == classes
            && (classes == 1 || shape[node.OpType == "Conv" && shape.Count > 1 ? ^(shape.Count - (shape.Count == 4 ? 1 : 0)) : ^1].Size == classes)
            ? new HeadBias(add, place, add.Input[place])
            : null;
    }
}

/// <summary>An input that brings a bias.</summary>
/// <param name="Node">The layer itself, or an Add behind it.</param>
/// <param name="Index">Which of its inputs.</param>
/// <param name="Value">The input's name.</param>
internal sealed record HeadBias(NodeProto Node, int Index, string Value);

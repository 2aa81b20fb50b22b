using Onnx;

namespace OnnxAmalgam.Graphs.Classifiers;

/// <summary>Finds BatchNormalization and the tensors that it stores.</summary>
internal static class NormalisationLayers
{
    public const float DefaultEpsilon = 1e-5f;

    public static IReadOnlyList<NormalisationLayer> Of(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var graph = model.Proto.Graph;
        var view = new GraphView(graph);
        string[] inside = [.. graph.Node.SelectMany(Captures.Bodies).SelectMany(Nested).Concat(model.Proto.Functions.SelectMany(function => function.Node)).Where(Is).Select(node => $"'{node.DisplayName()}'")];
        if (inside.Length > 0)
            throw new InputException($"'{model.Name}': expected BatchNormalization in the main graph only, got {string.Join(", ", inside)} inside an If, a Loop, a Scan or a local function");

        var layers = new List<NormalisationLayer>();
        var computed = new List<string>();
        foreach (var node in view.Nodes.Where(Is))
        {
            string?[] stored = [.. Enumerable.Range(1, 4).Select(i => Stored(view, node.Input[i])?.Name)];
            if (stored[2] is { } mean && stored[3] is { } variance)
                layers.Add(new(node.DisplayName(), node.Input[0], stored[0] ?? node.Input[1], stored[1] ?? node.Input[2], mean, variance, node.Float("epsilon", DefaultEpsilon)));
            else
                computed.Add($"'{node.DisplayName()}'");
        }
        return computed.Count == 0 ? layers : throw new InputException($"'{model.Name}': expected stored running statistics, got computed ones in node {string.Join(", ", computed)}");
    }

    public static bool Is(NodeProto node) => node.OpType == "BatchNormalization" && node.Domain is "" or "ai.onnx";

    /// <summary>The stored tensor that a value is, directly or through Identity: an initializer, or what a Constant holds.</summary>
    public static (string Name, TensorProto Tensor)? Stored(GraphView view, string value)
    {
        for (var name = value; ; )
        {
            if (view.Initializer(name) is { } tensor)
                return (name, tensor);
            switch (view.Producer(name))
            {
                case { OpType: "Constant", Domain: "" or "ai.onnx" } constant:
                    return constant.FindAttribute("value")?.T is { } held ? (name, held) : null;
                case { OpType: "Identity", Domain: "" or "ai.onnx" } identity:
                    name = identity.Input[0];
                    break;
                default:
                    return null;
            }
        }
    }

    static IEnumerable<NodeProto> Nested(GraphProto body) => body.Node.Concat(body.Node.SelectMany(Captures.Bodies).SelectMany(Nested));
}

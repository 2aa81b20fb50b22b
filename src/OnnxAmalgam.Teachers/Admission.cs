using Onnx;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>
/// What may enter ONNX Runtime. Its kernels are native code, and some nodes load more of it (EPContext embeds a provider's
/// binary) or point into memory, so a model runs only if all it names is on the list.
/// </summary>
internal static class Admission
{
    static readonly HashSet<string> Domains = ["", "ai.onnx", "ai.onnx.ml", "com.microsoft", "ai.onnx.preview", "ai.onnx.preview.training"];

    /// <summary>Refuses a model that must not be run.</summary>
    /// <exception cref="InputException">Everything refused, at once.</exception>
    internal static void Check(OnnxModel model)
    {
        if (model.Path is { } path && System.IO.Path.GetExtension(path).Equals(".ort", StringComparison.OrdinalIgnoreCase))
        {
            throw new InputException($"'{model.Name}': expected an .onnx file, got ONNX Runtime's own format; use the .onnx file it was made from.");
        }

        var functions = model.Proto.Functions.Select(f => (f.Domain, f.Name)).ToHashSet();
        List<string> refused = [];
        foreach (GraphProto graph in Graphs(model.Proto))
        {
            refused.AddRange(graph.Initializer.Where(PointsIntoMemory).Select(t => $"initializer '{t.Name}' (external data in memory)"));
        }

        refused.AddRange(Nodes(model.Proto)
            .Where(n => n.OpType == "EPContext" || !(Domains.Contains(n.Domain) || functions.Contains((n.Domain, n.OpType))))
            .Select(n => $"node '{n.Name}' ({n.Domain}:{n.OpType})"));
        if (refused.Count > 0)
        {
            throw new InputException($"'{model.Name}': expected operators of ai.onnx, ai.onnx.ml and com.microsoft, got {string.Join(", ", refused)}; "
                + "replace these nodes, or read values before them.");
        }
    }

    static bool PointsIntoMemory(TensorProto tensor) =>
        tensor.ExternalData.Any(e => e.Key == "location" && e.Value.Contains("*/_ORT", StringComparison.Ordinal));

    static IEnumerable<NodeProto> Nodes(ModelProto model) =>
        Graphs(model).SelectMany(g => g.Node).Concat(model.Functions.SelectMany(f => f.Node));

    /// <summary>The main graph and every body, those inside functions too.</summary>
    static IEnumerable<GraphProto> Graphs(ModelProto model)
    {
        Stack<GraphProto> open = new([model.Graph, .. model.Functions.SelectMany(f => f.Node).SelectMany(Captures.Bodies)]);
        while (open.TryPop(out GraphProto? graph))
        {
            yield return graph;
            foreach (GraphProto body in graph.Node.SelectMany(Captures.Bodies))
            {
                open.Push(body);
            }
        }
    }
}

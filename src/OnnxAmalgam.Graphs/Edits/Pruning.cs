using Google.Protobuf.Collections;
using OnnxAmalgam.Graphs.Classifiers;
using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Takes away what the outputs of a graph do not need; what stays keeps its order.</summary>
internal static class Pruning
{
    /// <summary>Prunes the model in place. The image input stays even when nothing reads it.</summary>
    public static void Prune(OnnxModel model)
    {
        var graph = model.Proto.Graph;
        var image = ClassifierGraph.ImageIn(new GraphView(graph))?.Name;
        var needed = Needed(graph);
        Keep(graph.Node, node => node.Output.Any(needed.Contains));
        Keep(graph.Initializer, tensor => needed.Contains(tensor.Name));
        Keep(graph.SparseInitializer, sparse => needed.Contains(sparse.Values.Name));
        Keep(graph.Input, input => needed.Contains(input.Name) || input.Name == image);
        var left = graph.Node.SelectMany(node => node.Output).Concat(graph.Input.Select(input => input.Name))
            .Concat(graph.Initializer.Select(tensor => tensor.Name)).ToHashSet(StringComparer.Ordinal);
        Keep(graph.ValueInfo, info => left.Contains(info.Name));
        Keep(graph.QuantizationAnnotation, annotation => left.Contains(annotation.TensorName));
    }

    static HashSet<string> Needed(GraphProto graph)
    {
        var view = new GraphView(graph);
        var needed = graph.Output.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
        var open = new Stack<string>(needed);
        while (open.TryPop(out var value))
        {
            if (view.Producer(value) is not { } node)
                continue;
            foreach (var input in Captures.ReadBy(node).Where(needed.Add))
                open.Push(input);
        }
        return needed;
    }

    static void Keep<T>(RepeatedField<T> field, Func<T, bool> wanted)
    {
        var kept = field.Where(wanted).ToArray();
        if (kept.Length == field.Count)
            return;
        field.Clear();
        field.Add(kept);
    }
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Interpretation;
using OnnxAmalgam.Trainable.Operators;

namespace OnnxAmalgam.Trainable;

/// <summary>What keeps a model from being trained, asked of the operator table and the file alone: libtorch is not loaded.</summary>
public static class TrainingSupport
{
    /// <summary>Every operator and attribute that the trainable graph lacks, then every use of a tensor that would be a weight and a
    /// running statistic at once; empty: it can be trained.</summary>
    public static IReadOnlyList<UnsupportedNode> Missing(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        try
        {
            var graph = new BoundGraph(model, new FloatTypes(null));
            _ = new TrainedTensors(graph, new StoredTensors(graph).BySlot, model.ReadRaw);
            return [];
        }
        catch (UnsupportedModelException e)
        {
            return e.Nodes;
        }
    }

    /// <summary>Names of the stored tensors that training moves: weights by gradients, running statistics by the images.</summary>
    /// <exception cref="UnsupportedModelException">The model cannot be trained.</exception>
    public static (IReadOnlySet<string> Weights, IReadOnlySet<string> Statistics) Trained(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var graph = new BoundGraph(model, new FloatTypes(null));
        var trained = new TrainedTensors(graph, new StoredTensors(graph).BySlot, model.ReadRaw);
        return (trained.Weights.Select(graph.NameOf).ToHashSet(StringComparer.Ordinal), trained.Statistics.Select(graph.NameOf).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>Nodes of the main graph that ONNX Runtime, and the trainable graph with it, computes otherwise than ONNX's own test files expect.</summary>
    public static IReadOnlyList<UnsupportedNode> Disputed(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var opsets = FunctionCalls.Opsets(model.Proto.OpsetImport);
        return
        [
            .. model.Proto.Graph.Node
                .Select(node => (node, Row: OperatorTable.All.Find(node.Domain, node.OpType, opsets.GetValueOrDefault(OperatorTable.Canonical(node.Domain)))))
                .Select(use => use.Row?.Disputed?.Invoke(use.node) is { } reason ? new UnsupportedNode(use.node.DisplayName(), use.Row.ToString(), reason) : null)
                .OfType<UnsupportedNode>(),
        ];
    }
}

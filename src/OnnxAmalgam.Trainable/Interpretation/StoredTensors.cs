using Onnx;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>The tensors that a graph's file holds: initializers, and the tensors of Constant nodes.</summary>
internal sealed class StoredTensors
{
    readonly TensorProto?[] _bySlot;

    /// <summary>Finds them.</summary>
    public StoredTensors(BoundGraph graph)
    {
        _bySlot = new TensorProto?[graph.SlotCount];
        foreach (var (name, tensor) in Of(graph.View.Proto)) _bySlot[graph.Find(name)] = tensor;
    }

    /// <summary>The tensor of each slot, or null where the value is computed or fed.</summary>
    public TensorProto?[] BySlot => _bySlot;

    /// <summary>Stored tensors by the name of the value that they are.</summary>
    public static IEnumerable<(string Name, TensorProto Tensor)> Of(GraphProto graph)
    {
        foreach (var tensor in graph.Initializer) yield return (tensor.Name, tensor);
        foreach (var node in graph.Node)
        {
            if (node.OpType == "Constant" && node.Domain is "" or "ai.onnx" && node.FindAttribute("value") is { T: { } tensor })
                yield return (node.Output[0], tensor);
        }
    }
}

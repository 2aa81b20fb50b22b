using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>The layer of the student that all terms train: where balancing by gradients measures them.</summary>
internal static class SharedLayer
{
    /// <summary>The last weight (rank 2 or more, floats) that trains and works on what both the first tap, or the head's input without taps, and so everything
    /// behind it come from.</summary>
    /// <exception cref="InputException">There is none before it.</exception>
    public static string Of(StudentModel student)
    {
        var view = new GraphView(student.Model.Proto.Graph);
        string end = student.Taps.Count > 0 ? student.Taps[0].Value : Anatomy.Head(student.Model)?.Feature ?? student.Logits;
        var needed = new HashSet<string>(StringComparer.Ordinal) { end };
        foreach (var node in view.Nodes.Reverse().Where(n => n.Output.Any(needed.Contains)))
        {
            if (node.Input.FirstOrDefault(i => view.Initializer(i) is { Dims.Count: >= 2, DataType: (int)Onnx.TensorProto.Types.DataType.Float } && student.Plan.Settings.TryGetValue(i, out var setting) && !setting.IsFrozen && node.OpType is "Conv" or "Gemm" or "MatMul") is { } weight)
            {
                return weight;
            }

            needed.UnionWith(node.Input);
        }

        throw new InputException($"student '{student.Model.Name}', amalgamation.balance: expected a Conv, Gemm or MatMul with a weight that is trained before '{end}' to measure gradients at, got none; use balance: uncertainty");
    }
}

namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>Stored tensors that training leaves alone, and the nodes that stay in evaluation form with them.</summary>
/// <param name="graph">The main graph.</param>
/// <param name="trained">What would be trained.</param>
/// <param name="names">Names of the stored tensors.</param>
internal sealed class FrozenTensors(BoundGraph graph, TrainedTensors trained, IReadOnlySet<string> names)
{
    /// <summary>Marks every node with running statistics, in bodies too, whose statistics are frozen or are not stored (then nothing would write them
    /// back), or all of whose weights are frozen; unmarks the others.</summary>
    public void Mark() => Mark(graph);

    void Mark(BoundGraph part)
    {
        string[] values = [.. part.Names];
        foreach (var node in part.Nodes)
        {
            if (node.Row.Buffers.Length > 0)
                node.IsFrozen = Stored(node, node.Row.Buffers, values) is var statistics && (statistics.Length == 0 || statistics.Any(names.Contains)) || Stored(node, node.Row.Weights, values) is [_, ..] weights && Array.TrueForAll(weights, names.Contains);
            foreach (var body in node.Bodies) Mark(body.Graph);
        }
    }

    /// <summary>Names of the stored tensors behind some inputs; a body sees those of the graph around it under their own names.</summary>
    string[] Stored(BoundNode node, int[] inputs, string[] values) =>
    [
        .. inputs.Where(input => input < node.Inputs.Length && node.Inputs[input] >= 0).Select(input => graph.Find(values[node.Inputs[input]]))
            .Where(slot => slot >= 0).SelectMany(trained.Sources).Where(slot => trained.Weights.Contains(slot) || trained.Statistics.Contains(slot))
            .Select(graph.NameOf),
    ];
}

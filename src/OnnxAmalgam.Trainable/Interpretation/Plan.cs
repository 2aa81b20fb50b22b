namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>The nodes to run for a set of values, in order, and which slots are free after each.</summary>
/// <param name="Nodes">The nodes.</param>
/// <param name="Releases">For each node, the computed slots that nobody reads after it.</param>
/// <param name="Overwrites">For each node, the input that its result may be written over, or -1.</param>
/// <param name="Results">The slots asked for, in the order of asking.</param>
/// <param name="Shared">For each result, whether somebody else keeps the tensor, so that an alias is to be returned.</param>
internal sealed record Plan(BoundNode[] Nodes, int[][] Releases, int[] Overwrites, int[] Results, bool[] Shared)
{
    /// <summary>Plans a run.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="results">The slots to return.</param>
    /// <param name="isGiven">Slots that need no node: inputs, weights, what was computed ahead.</param>
    public static Plan Of(BoundGraph graph, int[] results, Func<int, bool> isGiven)
    {
        var needed = new bool[graph.SlotCount];
        foreach (var slot in results) needed[slot] = true;
        var nodes = new List<BoundNode>();
        foreach (var node in graph.Nodes.Reverse())
        {
            if (!Array.Exists(node.Outputs, slot => slot >= 0 && needed[slot] && !isGiven(slot))) continue;
            nodes.Add(node);
            foreach (var slot in node.Inputs.Where(slot => slot >= 0)) needed[slot] = true;
        }

        nodes.Reverse();
        return new([.. nodes], Last(nodes, results, isGiven), [.. Overwritten(graph, nodes, results, isGiven)], results,
            [.. results.Select((slot, i) => isGiven(slot) || Array.IndexOf(results, slot) < i)]);
    }

    /// <summary>Whether a run reads the slot.</summary>
    public bool Needs(int slot) => Results.Contains(slot) || Array.Exists(Nodes, node => node.Inputs.Contains(slot));

    static int[][] Last(List<BoundNode> nodes, int[] results, Func<int, bool> isGiven)
    {
        var gone = new HashSet<int>(results);
        var releases = new int[nodes.Count][];
        for (var i = nodes.Count - 1; i >= 0; i--)
            releases[i] = [.. nodes[i].Inputs.Concat(nodes[i].Outputs).Where(slot => slot >= 0 && !isGiven(slot) && gone.Add(slot))];
        return releases;
    }

    /// <summary>An input that only this node reads, made by a node that needs it no more.</summary>
    static IEnumerable<int> Overwritten(BoundGraph graph, List<BoundNode> nodes, int[] results, Func<int, bool> isGiven)
    {
        var readers = nodes.SelectMany(node => node.Inputs).Concat(results).Where(slot => slot >= 0).CountBy(slot => slot).ToDictionary();
        bool IsFree(int slot) => slot >= 0 && !isGiven(slot) && readers[slot] == 1 && graph.MakerOf[slot] is { Row.LeavesOutput: true };
        return nodes.Select(node => node.Row.Overwrite is null ? -1 : Array.FindIndex(node.Inputs, IsFree));
    }
}

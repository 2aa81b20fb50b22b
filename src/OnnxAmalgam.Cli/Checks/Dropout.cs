using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Cli.Checks;

/// <summary>Models without dropout, for losses that can be compared from step to step.</summary>
internal static class Dropout
{
    /// <summary>A copy whose Dropout nodes pass their input on; null: there are none. One whose mask is used stays.</summary>
    public static OnnxModel? Without(OnnxModel model)
    {
        if (model.Proto.Graph.Node.All(n => n.OpType != "Dropout"))
            return null;
        var copy = model.Clone();
        var view = new GraphView(model.Proto.Graph);
        foreach (var node in copy.Proto.Graph.Node.Where(n => n.OpType == "Dropout"))
        {
            if (node.Output.Count > 1 && (view.Consumers(node.Output[1]).Count > 0 || view.Outputs.Contains(node.Output[1])))
                continue;
            node.OpType = "Identity";
            node.Attribute.Clear();
            while (node.Input.Count > 1)
                node.Input.RemoveAt(1);
            while (node.Output.Count > 1)
                node.Output.RemoveAt(1);
        }
        return copy;
    }
}

using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>The way from one value to another, a second time: from a new input, through the same initializers.</summary>
internal static class Branching
{
    public static OnnxModel Of(OnnxModel model, string value, string result, out string input, out string branch)
    {
        var declared = new OutputDeclarations(model).Of(value);
        var edited = model.Clone();
        var graph = edited.Proto.Graph;
        var taken = new GraphView(graph);
        var copies = new Dictionary<string, string>(StringComparer.Ordinal) { [value] = Free(value + "_given") };
        var way = Way(model, value, result);
        var captured = way.Where(node => Captures.Bodies(node).Any()).Select(node => $"'{node.DisplayName()}'").ToArray();
        if (captured.Length > 0)
            throw new InputException($"'{model.Name}': expected no node with a body between '{value}' and '{result}', got {string.Join(", ", captured)}; choose a later tap");

        foreach (var output in way.SelectMany(node => node.Output).Where(name => name.Length > 0))
            copies.Add(output, Free(output + "_branch"));
        foreach (var node in way)
        {
            var copy = node.Clone();
            if (copy.Name.Length > 0)
                copy.Name += "_branch";
            Rename(copy.Input);
            Rename(copy.Output);
            graph.Node.Add(copy);
        }

        (input, branch) = (copies[value], copies[result]);
        declared.Name = input;
        graph.Input.Add(declared);
        return edited;

        string Free(string name)
        {
            while (taken.Contains(name))
                name += "_";
            return name;
        }

        void Rename(IList<string> names)
        {
            for (var i = 0; i < names.Count; i++)
                names[i] = copies.GetValueOrDefault(names[i], names[i]);
        }
    }

    /// <summary>The nodes that depend on the value and that the result depends on, in order.</summary>
    static List<NodeProto> Way(OnnxModel model, string value, string result)
    {
        var after = new HashSet<string>(StringComparer.Ordinal) { value };
        var reached = new List<NodeProto>();
        foreach (var node in model.Proto.Graph.Node.Where(node => Captures.ReadBy(node).Any(after.Contains)))
        {
            reached.Add(node);
            after.UnionWith(node.Output);
        }

        var needed = new HashSet<string>(StringComparer.Ordinal) { result };
        var way = new List<NodeProto>();
        foreach (var node in Enumerable.Reverse(reached).Where(node => node.Output.Any(needed.Contains)))
        {
            way.Insert(0, node);
            needed.UnionWith(Captures.ReadBy(node));
        }

        return way.Count > 0 ? way : throw new InputException($"'{model.Name}': expected '{result}' to be computed from '{value}', got none of it there; choose a tap before the scores");
    }
}

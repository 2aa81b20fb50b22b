using Google.Protobuf.Collections;
using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Finds nodes that compute the same, in the order of the graph, and keeps the first of them.</summary>
internal sealed class SubexpressionSharing
{
    readonly OnnxModel model;
    readonly GraphProto graph;
    readonly GraphView view;
    readonly NodeIdentity identity;
    readonly HashSet<string> overridable;
    readonly Dictionary<string, string> first = new(StringComparer.Ordinal);
    readonly Dictionary<string, List<(NodeProto Node, string?[] Operands)>> seen = new(StringComparer.Ordinal);

    SubexpressionSharing(OnnxModel model)
    {
        this.model = model;
        graph = model.Proto.Graph;
        view = new GraphView(graph);
        identity = new NodeIdentity(model);
        overridable = model.Proto.IrVersion < 4 ? [] : graph.Input.Select(input => input.Name).ToHashSet(StringComparer.Ordinal);
    }

    public static OnnxModel Of(OnnxModel model)
    {
        var edited = model.Clone();
        new SubexpressionSharing(edited).Share();
        return edited;
    }

    void Share()
    {
        var read = ReadNow();
        var gone = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        foreach (var node in view.Nodes)
        {
            Redirect(node, first);
            if (Find(node) is not { } same)
                continue;
            gone.Add(node);
            foreach (var (mine, its) in node.Output.Zip(same.Output).Where(pair => pair.First.Length > 0))
                first.Add(mine, its);
        }

        if (gone.Count == 0)
            return;
        Keep(graph.Node, node => !gone.Contains(node));
        if (model.Proto.OpsetImport.All(import => import.Domain is not ("" or "ai.onnx")))
            model.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = GraphEdits.OldestOpset });
        foreach (var output in graph.Output.Where(output => first.ContainsKey(output.Name)))
            graph.Node.Add(new NodeProto { OpType = "Identity", Input = { first[output.Name] }, Output = { output.Name } });
        Forget(read);
    }

    /// <summary>The node before this one that computes the same; otherwise later ones may find this one.</summary>
    NodeProto? Find(NodeProto node)
    {
        if (identity.Of(node, Constant) is not { } named)
            return null;
        if (!seen.TryGetValue(named.Text, out var alike))
            seen.Add(named.Text, alike = []);
        foreach (var (other, operands) in alike)
        {
            if (operands.Zip(named.Constants).All(pair => pair.First == pair.Second || identity.AreEqual(view.Initializer(pair.First!)!, view.Initializer(pair.Second!)!)))
                return other;
        }

        alike.Add((node, named.Constants));
        return null;
    }

    /// <summary>An initializer that no caller can give another value.</summary>
    TensorProto? Constant(string name) => overridable.Contains(name) ? null : view.Initializer(name);

    /// <summary>What was read before and is read no more goes, and what is said of values that are gone.</summary>
    void Forget(HashSet<string> read)
    {
        read.ExceptWith(ReadNow());
        Keep(graph.Initializer, tensor => !read.Contains(tensor.Name));
        Keep(graph.Input, input => !(read.Contains(input.Name) && view.IsConstant(input.Name)));
        Keep(graph.ValueInfo, info => !first.ContainsKey(info.Name));
        Keep(graph.QuantizationAnnotation, annotation => !first.ContainsKey(annotation.TensorName) && !read.Contains(annotation.TensorName));
    }

    HashSet<string> ReadNow() => graph.Node.SelectMany(Captures.ReadBy).Concat(graph.Output.Select(output => output.Name)).ToHashSet(StringComparer.Ordinal);

    static void Redirect(NodeProto node, IReadOnlyDictionary<string, string> to)
    {
        for (var i = 0; i < node.Input.Count; i++)
            node.Input[i] = to.GetValueOrDefault(node.Input[i], node.Input[i]);
        foreach (var body in Captures.Bodies(node))
            Redirect(body, to);
    }

    /// <summary>Names that a body defines itself are not the outer ones.</summary>
    static void Redirect(GraphProto body, IReadOnlyDictionary<string, string> to)
    {
        var own = Captures.DefinedBy(body);
        var outer = to.Where(pair => !own.Contains(pair.Key)).ToDictionary(StringComparer.Ordinal);
        if (outer.Count == 0)
            return;
        foreach (var node in body.Node)
            Redirect(node, outer);
        foreach (var output in body.Output)
            output.Name = outer.GetValueOrDefault(output.Name, output.Name);
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

using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>Teachers of one input as one graph, in which what they have in common is computed once.</summary>
/// <param name="Members">Their numbers in the recipe.</param>
/// <param name="Model">The graph.</param>
/// <param name="Outputs">For each member the values that are its outputs.</param>
/// <param name="Macs">Multiply-accumulates of one image; null where they are not known.</param>
/// <param name="MacsOf">For each member those that it needs by itself.</param>
sealed record SharedWork(IReadOnlyList<int> Members, OnnxModel Model, IReadOnlyList<string[]> Outputs, long? Macs, IReadOnlyList<long> MacsOf)
{
    const string Image = "image";

    /// <summary>Teachers that have a convolution or matrix product in common. To merge others gains nothing: two graphs in one session take the
    /// time of two sessions (docs/speed.md).</summary>
    /// <param name="networks">All of a recipe.</param>
    /// <param name="detail">Told which cannot be merged, and why.</param>
    public static IReadOnlyList<SharedWork> Find(IReadOnlyList<TeacherNetwork> networks, Action<string> detail)
    {
        var found = new List<SharedWork?>();
        foreach (var fedAlike in networks.Index().GroupBy(n => n.Item.Input).Where(g => g.Skip(1).Any()))
        {
            var parts = fedAlike.Select(n => Part(n.Index, n.Item, detail)).OfType<Candidate>();
            foreach (var alike in parts.GroupBy(p => p.FixedBatch).Where(g => g.Skip(1).Any()))
            {
                Candidate[] all = [.. alike];
                if (Merge(all, detail) is { } merged)
                {
                    found.AddRange(merged.Sharing(fedAlike.Key.Height).Select(members => members.Length == merged.Members.Count ? merged : Merge([.. all.Where(c => members.Contains(c.Index))], detail)));
                }
            }
        }

        return [.. found.OfType<SharedWork>()];
    }

    /// <summary>Whether it costs no more to run all than to run these alone.</summary>
    public bool PaysFor(IReadOnlyCollection<int> asked) =>
        asked.Count == Members.Count || (asked.Count > 1 && Macs is { } all && all <= asked.Sum(i => MacsOf[Index(i)]));

    /// <summary>A teacher's place among the members.</summary>
    public int Index(int teacher) => Enumerable.Range(0, Members.Count).First(m => Members[m] == teacher);

    /// <summary>A teacher that might be merged.</summary>
    sealed record Candidate(int Index, TeacherNetwork Network, MergePart Part, long? FixedBatch);

    static Candidate? Part(int index, TeacherNetwork network, Action<string> detail)
    {
        try
        {
            OnnxModel needed = GraphEdits.Extract(network.Model, network.Outputs);
            ValueInfoProto image = Anatomy.ImageInput(needed);
            var part = new MergePart(needed, $"{index}/") { Inputs = new Dictionary<string, string> { [image.Name] = Image } };
            return new Candidate(index, network, part, image.Type?.TensorType?.Shape is { Dim: [var batch, ..] } ? batch.FixedSize() : null);
        }
        catch (InputException e)
        {
            detail(Apart(network, e));
            return null;
        }
    }

    /// <summary>One graph of these teachers, without those that cannot be merged with the first ones; null where fewer than two are left.</summary>
    static SharedWork? Merge(IReadOnlyList<Candidate> teachers, Action<string> detail)
    {
        var taken = new List<Candidate>();
        OnnxModel? merged = null;
        foreach (Candidate teacher in teachers)
        {
            try
            {
                merged = GraphEdits.Merge([.. taken.Select(c => c.Part), teacher.Part]);
                taken.Add(teacher);
            }
            catch (InputException e)
            {
                detail(Apart(teacher.Network, e));
            }
        }

        return taken.Count < 2 ? null : Of([.. taken.Select(c => c.Index)], GraphEdits.ShareSubexpressions(merged!), [.. taken.Select(c => c.Network.Outputs.Select(o => c.Part.Prefix + o).ToArray())], taken[0].Network.Input.Height);
    }

    static string Apart(TeacherNetwork network, InputException error) => $"teacher '{network.Recipe.Name}' keeps a session of its own: {error.Message}";

    static SharedWork Of(int[] members, OnnxModel model, string[][] outputs, int size)
    {
        Costs costs = Costs.Of(model, size);
        return new SharedWork(members, model, outputs, costs.Macs, [.. outputs.Select(o => Needed(model.Proto.Graph, o).Sum(n => costs.MacsByNode.GetValueOrDefault(n)))]);
    }

    /// <summary>The members by what they have in common with another, at least two each.</summary>
    List<int[]> Sharing(int size)
    {
        Costs costs = Costs.Of(Model, size);
        var heavy = costs.MacsByNode.Keys.Concat(costs.Unknown).ToHashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        HashSet<NodeProto>[] needed = [.. Outputs.Select(o => Needed(Model.Proto.Graph, o).Where(heavy.Contains).ToHashSet<NodeProto>(ReferenceEqualityComparer.Instance))];
        var groups = new List<(List<int> Members, HashSet<NodeProto> Nodes)>();
        foreach (var (place, nodes) in needed.Index())
        {
            var joined = groups.Where(g => g.Nodes.Overlaps(nodes)).ToArray();
            groups.RemoveAll(joined.Contains);
            nodes.UnionWith(joined.SelectMany(g => g.Nodes));
            groups.Add(([.. joined.SelectMany(g => g.Members), Members[place]], nodes));
        }

        return [.. groups.Where(g => g.Members.Count > 1).Select(g => g.Members.Order().ToArray())];
    }

    static HashSet<NodeProto> Needed(GraphProto graph, IEnumerable<string> outputs)
    {
        var view = new GraphView(graph);
        var nodes = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        var open = new Stack<string>(outputs);
        while (open.TryPop(out string? value))
        {
            if (view.Producer(value) is { } node && nodes.Add(node))
            {
                foreach (string input in Captures.ReadBy(node))
                {
                    open.Push(input);
                }
            }
        }

        return nodes;
    }
}

namespace OnnxAmalgam.Graphs.Classifiers;

/// <summary>The values of a classifier that can be tapped, and which of them is the default.</summary>
internal sealed class TapList
{
    readonly ClassifierGraph graph;
    readonly string? scores;
    /// <summary>The scores, or of a network without any its only output, features.</summary>
    readonly string? end;
    readonly SinglePath? path;

    public TapList(ClassifierGraph graph)
    {
        this.graph = graph;
        scores = Scores(graph);
        end = scores ?? (graph.View.Outputs is [var only] && IsTappable(only) ? only : null);
        path = end is null ? null : new SinglePath(graph, graph.Image.Name, end);
        var dominators = (path?.Values ?? []).ToHashSet(StringComparer.Ordinal);
        var channels = new ChannelAxes(graph);
        All = [.. graph.View.Nodes.SelectMany(node => node.Output).Where(IsTappable).Select(value => Describe(value, channels, dominators))];
    }

    /// <summary>Every tap, in graph order.</summary>
    public IReadOnlyList<Tap> All { get; }

    /// <summary>The tap that <c>taps: auto</c> stands for.</summary>
    public Tap Default()
    {
        if (path is null)
            throw new InputException($"'{graph.Model.Name}': expected one class output to find a tap before, got none or several; name a tap (see: onnx-amalgam inspect {ShellWord.Of(graph.Model.Name)})");
        if (scores is null)
            return All.First(tap => tap.Value == end);
        var candidates = BeforeHead();
        if (candidates.FindLast(HasPlaces) is { } placed)
            return BeforeFlattening(placed, candidates);
        if (HeadParts.MakerOf(graph, scores!)?.Head.Feature is { } feature && All.FirstOrDefault(tap => tap.Value == feature) is { } head)
            return head;
        return candidates.Count > 0
            ? candidates[^1]
            : throw new InputException($"'{graph.Model.Name}': expected features that can be tapped before the class scores, got none; use the model with 'taps: none'");
    }

    /// <summary>What every path from image to head passes behind a layer with weights, in order; what only passes numbers on is left out.</summary>
    public IReadOnlyList<Tap> OnPath() => path is null ? [] : [.. BeforeHead().Where(tap => graph.View.Producer(tap.Value)!.OpType is not ("Identity" or "Dropout" or "Cast"))];

    /// <summary>A tap by value name or module path.</summary>
    public Tap Find(string name)
    {
        if (All.FirstOrDefault(tap => tap.Value == name) is { } exact)
            return exact;
        if (graph.View.Contains(name))
            throw new InputException($"tap '{name}' in '{graph.Model.Name}': expected {Expectation(name)} (see: onnx-amalgam inspect {ShellWord.Of(graph.Model.Name)})");
        var modules = new ModulePaths(graph.View);
        if (modules.LastValue(name, value => All.Any(tap => tap.Value == value)) is { } last)
            return All.First(tap => tap.Value == last);
        throw new InputException(
            $"tap '{name}' does not exist in '{graph.Model.Name}'{NearestName.Hint(name, All.Select(tap => tap.Value).Concat(modules.All))} (see: onnx-amalgam inspect {ShellWord.Of(graph.Model.Name)})");
    }

    /// <summary>The learned taps on every path, up to what the head reads.</summary>
    List<Tap> BeforeHead()
    {
        var learned = Learned();
        var taps = All.ToDictionary(tap => tap.Value, StringComparer.Ordinal);
        var before = path!.Values.TakeWhile(value => value != scores);
        if (scores is not null && HeadParts.MakerOf(graph, scores)?.Head.Feature is { } feature)
            before = before.TakeWhile(value => value != feature).Append(feature);
        return [.. before.Where(value => learned.Contains(value) && taps.ContainsKey(value)).Select(value => taps[value])];
    }

    string Expectation(string name) => !graph.DependsOnImage(name)
        ? $"a value that depends on the image input '{graph.Image.Name}', got one that does not; choose a value on the way from image to scores"
        : $"a float value of rank 2 to 4 behind the input, got {graph.Fact(name)?.ToString() ?? "one of unknown shape"}; choose another value";

    static string? Scores(ClassifierGraph graph) => InputException.Attempt(() => new LogitsWalk(graph).Find(null).Value).Found;

    bool IsTappable(string value) =>
        graph.DependsOnImage(value) && graph.IsFloat(value) && graph.Rank(value) is >= 2 and <= 4;

    Tap Describe(string value, ChannelAxes channels, HashSet<string> dominators)
    {
        var rank = graph.Rank(value)!.Value;
        var axis = channels.Of(value, rank);
        var kind = rank switch { 4 => TapKind.Spatial, 3 => TapKind.Tokens, _ => TapKind.Pooled };
        return new Tap(value, kind, axis, graph.Size(value, axis), dominators.Contains(value));
    }

    /// <summary>Values that some layer with weights has worked on: a normalised image is no feature.</summary>
    HashSet<string> Learned()
    {
        var learned = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in graph.View.Nodes.Where(ClassifierGraph.PassesData))
        {
            if (HeadParts.IsWeighted(graph, node) || Captures.ReadBy(node).Any(learned.Contains))
                learned.UnionWith(node.Output);
        }
        return learned;
    }

    /// <summary>Whether more than one place is left beside batch and channel.</summary>
    bool HasPlaces(Tap tap) => tap.Kind != TapKind.Pooled
        && graph.Fact(tap.Value)!.Shape!.Where((dim, axis) => axis > 0 && axis != tap.ChannelAxis).Any(dim => dim.Size != 1);

    /// <summary>Steps back over what changes no number: a map flattened to (n, c, h*w) is tapped as the map that it was.</summary>
    Tap BeforeFlattening(Tap tap, List<Tap> candidates)
    {
        var node = graph.View.Producer(tap.Value)!;
        var source = node.OpType is "Identity" or "Dropout" or "Cast" or "Reshape" or "Flatten" or "Transpose"
            ? candidates.Find(one => one.Value == node.Input[0])
            : null;
        var free = node.OpType is "Identity" or "Dropout" or "Cast" || (tap.Kind == TapKind.Tokens && source?.Kind == TapKind.Spatial)
            || (tap.Kind == TapKind.Tokens && node.OpType == "Transpose");
        return source is not null && free && HasPlaces(source) ? BeforeFlattening(source, candidates) : tap;
    }
}

namespace OnnxAmalgam.Graphs.Queries.Language;

/// <summary>Where a query runs: its graph, the element that a condition looks at, and where steps are noted.</summary>
internal sealed record Evaluation(QueryGraph Graph, GraphElement? Self, List<QueryStep>? Steps)
{
    /// <summary>For a query inside a condition: it is not explained.</summary>
    public Evaluation Of(GraphElement self) => new(Graph, self, null);

    public void Note(string text, int before, IReadOnlyList<GraphElement> after, Func<IReadOnlyList<DroppedElement>> dropped) =>
        Steps?.Add(new QueryStep(text, before, after.Count, dropped()));
}

/// <summary>A part of a query that selects elements.</summary>
internal abstract record QueryNode
{
    public abstract Selection Run(Evaluation at);

    /// <summary>Where the query starts from the element that a condition looks at; null: it selects the same whatever that is.</summary>
    public abstract SelfNode? Self { get; }
}

/// <summary><c>tensor</c>, <c>*</c>.</summary>
internal sealed record KindNode(string Text, ElementKind? Kind) : QueryNode
{
    public override SelfNode? Self => null;

    public override Selection Run(Evaluation at)
    {
        var found = Kind is { } kind ? at.Graph.OfKind(kind) : at.Graph.All;
        at.Note(Text, found.Count, found, () => []);
        return found;
    }
}

/// <summary><c>"/layer1/conv/Conv_output_0"</c>: whatever has that name.</summary>
internal sealed record NameNode(string Text, string Name) : QueryNode
{
    public override SelfNode? Self => null;

    public override Selection Run(Evaluation at)
    {
        var found = at.Graph.All.Where(element => element.Name == Name);
        at.Note(Text, found.Count, found, () => []);
        return found;
    }
}

/// <summary><c>.</c>: the element that a condition looks at.</summary>
/// <param name="Column">Where it stands, or what follows where it is left out.</param>
internal sealed record SelfNode(int Column) : QueryNode
{
    public override SelfNode? Self => this;

    public override Selection Run(Evaluation at) => at.Self!.Alone;
}

/// <summary>A query and a further step.</summary>
internal sealed record StageNode(QueryNode Before, Stage Stage) : QueryNode
{
    public override SelfNode? Self => Before.Self ?? (Stage as PathStage)?.Target.Self;

    public override Selection Run(Evaluation at) => Stage.Run(Before.Run(at), at);
}

/// <summary><c>a + b</c>, <c>a - b</c>.</summary>
internal sealed record CombinedNode(QueryNode Left, QueryNode Right, bool IsUnion) : QueryNode
{
    public override SelfNode? Self => Left.Self ?? Right.Self;

    public override Selection Run(Evaluation at)
    {
        var (left, right) = (Left.Run(at), Right.Run(at));
        return IsUnion ? left.Union(right) : left.Except(right);
    }
}

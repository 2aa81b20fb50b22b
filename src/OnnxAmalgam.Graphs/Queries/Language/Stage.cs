namespace OnnxAmalgam.Graphs.Queries.Language;

/// <summary>A step of a query, from elements to elements.</summary>
/// <param name="Text">As it was written.</param>
internal abstract record Stage(string Text)
{
    public abstract Selection Run(Selection from, Evaluation at);
}

/// <summary><c>[condition]</c>.</summary>
internal sealed record FilterStage(string Text, Condition Condition) : Stage(Text)
{
    public override Selection Run(Selection from, Evaluation at)
    {
        var kept = from.Where(element => Condition.Holds(at.Of(element)));
        at.Note(Text, from.Count, kept, () => [.. from.Except(kept).Select(element => new DroppedElement(element, Condition.WhyNot(at.Of(element))))]);
        return kept;
    }
}

/// <summary><c>~> feeds</c>, <c>&lt;~ flow(1..3)</c>, <c>~> flow until [type=Relu]</c>.</summary>
internal sealed record HopStage(string Text, Edge Edges, bool Forth, int From, int? To, Condition? Until) : Stage(Text)
{
    public override Selection Run(Selection from, Evaluation at)
    {
        var found = (Until, Forth) switch
        {
            (null, true) => from.Out(Edges, From, To),
            (null, false) => from.In(Edges, From, To),
            (var until, true) => from.OutUntil(Edges, element => until.Holds(at.Of(element)), From, To),
            (var until, false) => from.InUntil(Edges, element => until.Holds(at.Of(element)), From, To),
        };
        at.Note(Text, from.Count, found, () => []);
        return found;
    }
}

/// <summary><c>to (query)</c>.</summary>
internal sealed record PathStage(string Text, QueryNode Target) : Stage(Text)
{
    public override Selection Run(Selection from, Evaluation at)
    {
        var found = from.PathTo(Target.Run(at with { Steps = null }));
        at.Note(Text, from.Count, found, () => []);
        return found;
    }
}

/// <summary><c>sort depth desc</c>.</summary>
internal sealed record SortStage(string Text, Operand Value, bool Descending) : Stage(Text)
{
    public override Selection Run(Selection from, Evaluation at)
    {
        var sorted = from.Sort(element => Value.Sorted(at.Of(element)), Descending);
        at.Note(Text, from.Count, sorted, () => []);
        return sorted;
    }
}

/// <summary><c>first</c>, <c>last</c>, <c>nth 2</c>, <c>single</c>, alone or in groups: <c>by hw last</c>.</summary>
internal sealed record PickStage(string Text, Operand? By, string Pick, int Number) : Stage(Text)
{
    public override Selection Run(Selection from, Evaluation at)
    {
        var groups = By is { } key ? from.By(element => key.Grouped(at.Of(element))) : new GroupedSelection(from, [from]);
        var picked = groups.Each(Picked);
        at.Note(Text, from.Count, picked, () => [.. from.Except(picked).Select(element => new DroppedElement(element, WhyNot(groups, element)))]);
        return picked;
    }

    Selection Picked(Selection group) => Pick switch
    {
        "first" => group.First(),
        "last" => group.Last(),
        "nth" => group.Nth(Number),
        _ => group.Count > 0 ? group.Single().Alone : throw new NoneToPickException(Text),
    };

    string WhyNot(GroupedSelection groups, GraphElement element)
    {
        if (groups.Groups.FirstOrDefault(group => group.Contains(element)) is not { } own)
            return "in no group";
        return Picked(own) is [var picked] ? $"{Pick} is '{picked.Name}'" : $"there are {own.Count}";
    }
}

/// <summary><c>single</c> met nothing; whoever runs the query says what came nearest.</summary>
internal sealed class NoneToPickException(string stage) : Exception($"'{stage}' met nothing")
{
    /// <summary>The stage as it was written.</summary>
    public string Stage { get; } = stage;
}

using System.Runtime.CompilerServices;

namespace OnnxAmalgam.Graphs.Queries.Language;

/// <summary>A condition on one element.</summary>
internal abstract record Condition
{
    public abstract bool Holds(Evaluation at);

    /// <summary>For an element that fails: the part that fails, and what the element has there.</summary>
    public abstract string WhyNot(Evaluation at);
}

internal sealed record AndCondition(Condition Left, Condition Right) : Condition
{
    public override bool Holds(Evaluation at) => Left.Holds(at) && Right.Holds(at);

    public override string WhyNot(Evaluation at) => Left.Holds(at) ? Right.WhyNot(at) : Left.WhyNot(at);
}

internal sealed record OrCondition(Condition Left, Condition Right) : Condition
{
    public override bool Holds(Evaluation at) => Left.Holds(at) || Right.Holds(at);

    public override string WhyNot(Evaluation at) => $"{Left.WhyNot(at)}; {Right.WhyNot(at)}";
}

internal sealed record NotCondition(string Text, Condition Inner) : Condition
{
    public override bool Holds(Evaluation at) => !Inner.Holds(at);

    public override string WhyNot(Evaluation at) => $"not {Text}";
}

/// <summary>A value alone: a truth, or whether there is a value at all.</summary>
internal sealed record TruthCondition(Operand Value) : Condition
{
    public override bool Holds(Evaluation at) => Value.Values(at).Any(value => value is not (null or false));

    public override string WhyNot(Evaluation at) => $"not {Value.Text}";
}

/// <summary><c>in (query)</c>.</summary>
internal sealed record MemberCondition(string Text, QueryNode Query) : Condition
{
    /// <summary>What the query selects in a graph, where that is the same for every element.</summary>
    readonly ConditionalWeakTable<QueryGraph, HashSet<GraphElement>> selected = [];

    public override bool Holds(Evaluation at) => Query.Self is null
        ? selected.GetValue(at.Graph, _ => [.. Query.Run(at)]).Contains(at.Self!)
        : Query.Run(at).Contains(at.Self!);

    public override string WhyNot(Evaluation at) => $"not {Text}";
}

/// <summary><c>any (query)</c>.</summary>
internal sealed record AnyCondition(string Text, QueryNode Query) : Condition
{
    public override bool Holds(Evaluation at) => Query.Run(at).Count > 0;

    public override string WhyNot(Evaluation at) => $"not {Text}";
}

/// <summary>A comparison. It holds when one of the values on the left and one on the right satisfy it; what is not known satisfies none.</summary>
internal sealed record Comparison(string Text, Operand Left, Operator Operator, Operand Right) : Condition
{
    public override bool Holds(Evaluation at)
    {
        object?[] right = [.. Right.Values(at)];
        return Left.Values(at).Any(left => Array.Exists(right, value => AreKnown(left, value) && Operator.Compares(left, value)));
    }

    /// <summary>A <c>?</c> that the query writes stands for anything; one in a graph's shape is a size that is not known. Where all that is known is equal, it decides.</summary>
    bool AreKnown(object? left, object? right) =>
        left is not IReadOnlyList<object> sizes || right is not IReadOnlyList<object> wanted || sizes.Count != wanted.Count
        || !sizes.Zip(wanted).Any(IsOpen) || sizes.Zip(wanted).Any(pair => !IsOpen(pair) && !IsWildcard(pair.Second) && !Operator.Equal.Compares(pair.First, pair.Second));

    bool IsOpen((object Left, object Right) pair) => !IsWildcard(pair.Right) && (pair.Left is "?" || pair.Right is "?");

    bool IsWildcard(object wanted) => Right is Literal && wanted is "?" or "*";

    public override string WhyNot(Evaluation at)
    {
        string[] values = [.. Left.Values(at).OfType<object>().Select(Operand.Shown).Distinct()];
        return $"{Left.Text} is {(values.Length == 0 ? "not known" : string.Join(" or ", values.Take(4)))}";
    }
}

using System.Collections;

namespace OnnxAmalgam.Graphs.Queries;

/// <summary>Some elements of a graph, each once, and the ways on from them: the query language's operators as methods.</summary>
/// <remarks><c>tensor[rank=4 &amp; dominator] by hw last</c> is
/// <c>graph.Tensors.Where(t => t.Rank == 4 &amp;&amp; t.IsDominator).By(t => t.Hw).Last()</c>.</remarks>
public sealed class Selection : IReadOnlyList<GraphElement>
{
    readonly IReadOnlyList<GraphElement> elements;

    internal Selection(QueryGraph graph, IReadOnlyList<GraphElement> elements) => (Graph, this.elements) = (graph, elements);

    /// <summary>The graph that the elements are of.</summary>
    public QueryGraph Graph { get; }

    /// <inheritdoc/>
    public int Count => elements.Count;

    /// <inheritdoc/>
    public GraphElement this[int index] => elements[index];

    /// <summary>Those that satisfy a condition.</summary>
    public Selection Where(Func<GraphElement, bool> condition) => Of(elements.Where(condition));

    /// <summary>The same elements by ascending value, those without a value last; equal ones keep their order.</summary>
    public Selection Sort<T>(Func<GraphElement, T?> value, bool descending = false)
    {
        var known = elements.Where(element => value(element) is not null);
        var sorted = descending ? known.OrderByDescending(value) : known.OrderBy(value);
        return Of(sorted.Concat(elements.Where(element => value(element) is null)));
    }

    /// <summary>Groups of equal value; a pick then picks in each, and what is picked keeps the order of this selection. Elements without a value are in none.</summary>
    public GroupedSelection By<T>(Func<GraphElement, T?> value) =>
        new(this, [.. elements.Where(element => value(element) is not null).GroupBy(value).Select(group => Of(group))]);

    /// <summary>The first, or none where there is none.</summary>
    public Selection First() => Nth(1);

    /// <summary>The last, or none where there is none.</summary>
    public Selection Last() => Nth(-1);

    /// <summary>The n-th, from 1; from the end for negative numbers; none where there are fewer.</summary>
    public Selection Nth(int number)
    {
        var index = number > 0 ? number - 1 : elements.Count + number;
        return index >= 0 && index < elements.Count && number != 0 ? Of([elements[index]]) : Of([]);
    }

    /// <summary>The only element.</summary>
    /// <exception cref="InputException">There is none, or there are several; the message names some.</exception>
    public GraphElement Single() => elements is [var only]
        ? only
        : throw new InputException($"'{Graph.Name}': expected a single element, got {Listing.Of(elements)}; narrow the query (see: onnx-amalgam query MODEL EXPRESSION --explain)");

    /// <summary>The elements that edges lead to, in the order of the graph.</summary>
    /// <param name="edges">Edges to follow forwards.</param>
    /// <param name="from">Fewest steps.</param>
    /// <param name="to">Most steps; null: any number.</param>
    public Selection Out(Edge edges, int from = 1, int? to = 1) => Of(Walk.Steps(this, edges, forth: true, from, to));

    /// <summary>The elements that edges come from, in the order of the graph.</summary>
    /// <inheritdoc cref="Out(Edge, int, int?)"/>
    public Selection In(Edge edges, int from = 1, int? to = 1) => Of(Walk.Steps(this, edges, forth: false, from, to));

    /// <summary>The first elements on every way along the edges that satisfy a condition; no way goes on behind them.</summary>
    /// <param name="edges">Edges to follow forwards.</param>
    /// <param name="condition">Where a way ends.</param>
    /// <param name="from">Fewest steps to an element that is selected.</param>
    /// <param name="to">Most steps; null: any number.</param>
    public Selection OutUntil(Edge edges, Func<GraphElement, bool> condition, int from = 1, int? to = null) => Of(Walk.Until(this, edges, forth: true, condition, from, to));

    /// <summary>The first elements on every way against the edges that satisfy a condition; no way goes on behind them.</summary>
    /// <inheritdoc cref="OutUntil"/>
    public Selection InUntil(Edge edges, Func<GraphElement, bool> condition, int from = 1, int? to = null) => Of(Walk.Until(this, edges, forth: false, condition, from, to));

    /// <summary>Everything on some way along the flow of data from here to there, both ends included, in the order of the graph.</summary>
    public Selection PathTo(Selection target)
    {
        ArgumentNullException.ThrowIfNull(target);
        var behind = Walk.Steps(this, Edge.Flow, forth: true, 0, null).ToHashSet();
        return Of(Walk.Steps(target, Edge.Flow, forth: false, 0, null).Where(behind.Contains));
    }

    /// <summary>These and those, in the order of the graph.</summary>
    public Selection Union(Selection other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Of(Walk.InOrder(elements.Concat(other)));
    }

    /// <summary>These without those.</summary>
    public Selection Except(Selection other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var gone = other.ToHashSet();
        return Of(elements.Where(element => !gone.Contains(element)));
    }

    /// <inheritdoc/>
    public IEnumerator<GraphElement> GetEnumerator() => elements.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    Selection Of(IEnumerable<GraphElement> some) => new(Graph, [.. some]);
}

/// <summary>Elements in groups; a pick takes from each and gives one selection again.</summary>
public sealed class GroupedSelection
{
    readonly Selection whole;

    internal GroupedSelection(Selection whole, IReadOnlyList<Selection> groups) => (this.whole, Groups) = (whole, groups);

    /// <summary>The groups, in order of their first members.</summary>
    public IReadOnlyList<Selection> Groups { get; }

    /// <summary>The first of each group.</summary>
    public Selection First() => Each(group => group.First());

    /// <summary>The last of each group.</summary>
    public Selection Last() => Each(group => group.Last());

    /// <summary>The n-th of each group that has so many, from 1; from the end for negative numbers.</summary>
    public Selection Nth(int number) => Each(group => group.Nth(number));

    /// <summary>The only element of each group.</summary>
    /// <exception cref="InputException">A group has several.</exception>
    public Selection Single() => Each(group => group.Single().Alone);

    internal Selection Each(Func<Selection, Selection> pick)
    {
        var picked = Groups.SelectMany(pick).ToHashSet();
        return whole.Where(picked.Contains);
    }
}

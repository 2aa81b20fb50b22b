namespace OnnxAmalgam.Graphs.Queries;

/// <summary>What a query selects, and how it came to it.</summary>
/// <param name="Matches">The elements selected.</param>
/// <param name="Steps">Its steps, in the order in which they ran; those inside conditions are left out.</param>
public sealed record QueryAnswer(Selection Matches, IReadOnlyList<QueryStep> Steps)
{
    const int Most = 3;

    /// <summary>For the message about a query that selects nothing: the last elements that were left, and why they went; or nothing to say.</summary>
    public string Nearest => Steps.LastOrDefault(step => step.Before > 0) is not { } step
        ? ""
        : step.Dropped.Count == 0
            ? $"; {step.Text} leads nowhere from {step.Before} of them"
            : $"; nearest, dropped by {step.Text}: {string.Join(", ", Closest(step).Select(dropped => $"{dropped.Element} ({dropped.Reason})"))}";

    /// <summary>Reasons that differ say more than the same one again; first the one that reads most like what was asked for.</summary>
    static IEnumerable<DroppedElement> Closest(QueryStep step)
    {
        var dropped = step.Dropped.DistinctBy(one => one.Reason).ToList();
        var asked = step.Text.Trim('[', ']').Replace("=", " is ", StringComparison.Ordinal);
        var nearest = NearestName.To(asked, dropped.Select(one => one.Reason));
        return dropped.OrderBy(one => one.Reason == nearest ? 0 : 1).Take(Most);
    }
}

/// <summary>A step of a query.</summary>
/// <param name="Text">The step as it was written.</param>
/// <param name="Before">Elements it met.</param>
/// <param name="After">Elements it left.</param>
/// <param name="Dropped">Those it met and did not leave; none for steps that go to other elements.</param>
public sealed record QueryStep(string Text, int Before, int After, IReadOnlyList<DroppedElement> Dropped);

/// <summary>An element that a step dropped.</summary>
/// <param name="Element">The element.</param>
/// <param name="Reason">The part of the condition that failed and what the element has instead, or who was picked before it.</param>
public sealed record DroppedElement(GraphElement Element, string Reason);

using OnnxAmalgam.Graphs.Inference;

namespace OnnxAmalgam.Graphs.Edits.Opsets.Steps;

/// <summary>Changes that leave some nodes without an equal, and pass the others.</summary>
internal static class Refusals
{
    public static readonly OpsetStep[] Rows =
    [
        new("Dropout", 10, UsedMask),
        new("Erf", 13, Erf),
    ];

    /// <summary>Which elements stayed is told otherwise since opset 10, and again since 12; an output that nobody reads goes.</summary>
    public static string? UsedMask(NodeUpgrade u)
    {
        if (u.Node.Output.Count < 2)
            return null;
        if (u.Node.Output[1] is { Length: > 0 } mask && u.IsUsed(mask))
            return $"expected a mask that nothing reads, because what it holds changed, got '{mask}', which is read";
        u.DropOutput(1);
        return null;
    }

    /// <summary>Of integers there is none any more.</summary>
    static string? Erf(NodeUpgrade u) =>
        u.Input(0)?.Type is { } type && !ValueState.IsReal(type) ? $"expected a float type, got {ElementTypes.Name(type)}, which Erf takes no more" : null;
}

namespace OnnxAmalgam.Graphs.Edits.Opsets.Steps;

/// <summary>Changes that leave some nodes without an equal, and pass the others.</summary>
internal static class Refusals
{
    public static readonly OpsetStep[] Rows =
    [
        new("Scan", 9, _ => "expected a Scan without a batch axis, as opset 9 has it, got one with; its step is not built"),
        new("Dropout", 10, UsedMask),
        new("AveragePool", 19, AveragePool),
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

    /// <summary>What lies beyond the padding under the last window counted with the padding, and does no more.</summary>
    static string? AveragePool(NodeUpgrade u) =>
        u.Node.Int("ceil_mode", 0) != 0 && u.Node.Int("count_include_pad", 0) != 0
            ? "expected 'ceil_mode' or 'count_include_pad', got both, whose last windows are averaged otherwise from opset 19 on"
            : null;
}

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>LSTM, GRU and RNN.</summary>
internal static class Recurrences
{
    public static readonly FactRule[] Rows = [new("LSTM", Recur), new("GRU", Recur), new("RNN", Recur)];

    /// <remarks>X[l, n, i] (layout 1: [n, l, i]) -> Y[l, d, n, h], Y_h[d, n, h], Y_c[d, n, h].</remarks>
    static ValueState?[] Recur(RuleCall c)
    {
        if (c.Shape(0) is not [var first, var second, _])
            return RuleCall.Absent;
        var hidden = c.Node.Int("hidden_size") is { } stated ? stated : c.Shape(2) is [_, _, var width] ? width : c.Fresh();
        Extent directions = c.Node.String("direction", "forward") == "bidirectional" ? 2 : 1;
        var (all, last) = c.Node.Int("layout", 0) == 0
            ? (new[] { first, directions, second, hidden }, new[] { directions, second, hidden })
            : ([first, second, directions, hidden], [first, directions, hidden]);
        var state = new ValueState(c.Type(0), last);
        return [new ValueState(c.Type(0), all), state, state];
    }
}

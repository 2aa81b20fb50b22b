namespace OnnxAmalgam.Graphs.Edits.Opsets.Steps;

/// <summary>Normalisations.</summary>
internal static class Normalisation
{
    public static readonly OpsetStep[] Rows =
    [
        new("BatchNormalization", 9, OverSpace),
        new("BatchNormalization", 14, InInferenceForm),
        new("GroupNormalization", 21, ByChannel),
    ];

    static string? OverSpace(NodeUpgrade u) =>
        u.Take("spatial") is { I: 0 } ? "expected statistics of each channel, got 'spatial' 0, statistics of each element, which opset 9 has no more" : null;

    /// <summary>Before opset 14 outputs beside the first say that the node is in training form; what they hold is not what they hold since.</summary>
    static string? InInferenceForm(NodeUpgrade u)
    {
        var named = u.Node.Output.Skip(1).Where(output => output.Length > 0).ToArray();
        if (named.Length > 0)
            return $"expected the inference form, which has one output, got the training form with '{string.Join("', '", named)}'";
        while (u.Node.Output.Count > 1)
            u.Node.Output.RemoveAt(1);
        return null;
    }

    /// <summary>Scale and bias of each group become those of each channel: every group's number is read once for each of its channels.</summary>
    static string? ByChannel(NodeUpgrade u)
    {
        if (u.Shape(0) is not { Length: > 1 } shape || shape[1].Constant is not { } channels)
            return "expected a known number of channels, because scale and bias are stated for each channel from opset 21 on, got an unknown one";
        var groups = u.Node.Int("num_groups", 1);
        if (groups < 1 || channels % groups != 0)
            return $"expected groups of equal size, got {channels} channels in {groups} groups";
        var places = u.Integers("groups", [.. Enumerable.Range(0, (int)channels).Select(channel => channel / (channels / groups))]);
        foreach (var (input, purpose) in ((int, string)[])[(1, "scale"), (2, "bias")])
        {
            var spread = u.Make("Gather", purpose, u.Node.Input[input], places);
            u.Before.Add(spread);
            u.Node.Input[input] = spread.Output[0];
        }
        return null;
    }
}

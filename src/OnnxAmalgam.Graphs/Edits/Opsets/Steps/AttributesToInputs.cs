using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Edits.Opsets.Steps;

/// <summary>What was stated as an attribute becomes an input.</summary>
internal static class AttributesToInputs
{
    static readonly string[] Reductions =
        ["ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare"];

    public static readonly OpsetStep[] Rows =
    [
        new("Slice", 10, Slice),
        new("TopK", 10, u => Vector(u, "k", 1)),
        new("Pad", 11, Pad),
        new("Clip", 11, Clip),
        new("Dropout", 12, DropoutToInputs),
        new("ReduceSum", 13, u => Vector(u, "axes", 1)),
        new("Squeeze", 13, u => Vector(u, "axes", 1)),
        new("Unsqueeze", 13, u => Vector(u, "axes", 1, isNeeded: true)),
        new("Split", 13, u => Vector(u, "split", 1)),
        .. Reductions.Select(type => new OpsetStep(type, 18, u => Vector(u, "axes", 1))),
        new("DFT", 20, Dft),
    ];

    /// <summary>A list (or a single integer) as a vector. Where it is absent, the input is left out; where it is empty, too, unless the operator needs it.</summary>
    static string? Vector(NodeUpgrade u, string attribute, int input, bool isNeeded = false)
    {
        if (u.Take(attribute) is not { } stated)
            return null;
        long[] elements = stated.Ints.Count == 0 && stated.HasI ? [stated.I] : [.. stated.Ints];
        if (elements.Length > 0 || isNeeded)
            u.SetInput(input, u.Integers(attribute, elements));
        return null;
    }

    static string? Slice(NodeUpgrade u) => Vector(u, "starts", 1, isNeeded: true) ?? Vector(u, "ends", 2, isNeeded: true) ?? Vector(u, "axes", 3);

    static string? Pad(NodeUpgrade u)
    {
        var value = u.Take("value")?.F ?? 0;
        if (value != 0 && u.Node.String("mode", "constant") == "constant")
        {
            if (FloatType(u) is not { } type)
                return UnknownType(u);
            u.SetInput(2, u.Number("value", type, value));
        }
        return Vector(u, "pads", 1, isNeeded: true);
    }

    /// <summary>Limits that are not stated stay so: the largest finite numbers, before and after.</summary>
    static string? Clip(NodeUpgrade u)
    {
        foreach (var (name, input) in ((string, int)[])[("min", 1), ("max", 2)])
        {
            if (u.Take(name)?.F is not { } limit)
                continue;
            if (FloatType(u) is not { } type)
                return UnknownType(u);
            u.SetInput(input, u.Number(name, type, limit));
        }
        return null;
    }

    /// <summary>Without the new input <c>training_mode</c> nothing is dropped, as before; the ratio is kept for whoever trains the model.</summary>
    static string? DropoutToInputs(NodeUpgrade u)
    {
        if (Refusals.UsedMask(u) is { } reason)
            return reason;
        if (u.Take("ratio")?.F is { } ratio)
            u.SetInput(1, u.Number("ratio", DataType.Float, ratio));
        return null;
    }

    /// <summary>The axis that counted where none was stated changed, too.</summary>
    static string? Dft(NodeUpgrade u)
    {
        u.SetInput(2, u.Integer("axis", u.Take("axis")?.I ?? 1));
        return null;
    }

    static DataType? FloatType(NodeUpgrade u) =>
        u.Input(0)?.Type is { } type and (DataType.Float or DataType.Double or DataType.Float16) ? type : null;

    static string UnknownType(NodeUpgrade u) =>
        $"expected an input whose float type is known, because the number becomes a tensor of that type, got {(u.Input(0) is { } state ? ElementTypes.Name(state.Type) : "an unknown type")}";
}

using OnnxAmalgam.Graphs.Inference;

namespace OnnxAmalgam.Graphs.Edits.Opsets.Steps;

/// <summary>Softmax and its kin: before opset 13 the input counts as a matrix, its columns being all axes from <c>axis</c> (1) on; since
/// then they work along <c>axis</c> (-1) alone.</summary>
internal static class Coercions
{
    public static readonly OpsetStep[] Rows =
        [new("Softmax", 13, AlongAxis), new("LogSoftmax", 13, AlongAxis), new("Hardmax", 13, AlongAxis)];

    /// <summary>Nothing to do where <c>axis</c> is the last one, or all that follow have one element; else X is made a matrix and back.</summary>
    static string? AlongAxis(NodeUpgrade u)
    {
        var node = u.Node;
        var axis = node.Int("axis", 1);
        var shape = u.Shape(0);
        if (axis == -1)
            return null;
        if (shape is not null && RuleCall.Axis(axis, shape.Length) is { } first && Array.TrueForAll(shape[(first + 1)..], size => size.Constant == 1))
        {
            if (!node.HasAttribute("axis") && first != shape.Length - 1)
                u.Set("axis", first);
            return null;
        }

        u.Take("axis");
        var sizes = u.Make("Shape", "shape", node.Input[0]);
        var matrix = u.Make("Flatten", "matrix", node.Input[0]);
        matrix.Attribute.Add(NodeUpgrade.Attribute("axis", axis));
        var back = u.Make("Reshape", "back");
        (back.Output[0], node.Output[0]) = (node.Output[0], back.Output[0]);
        back.Input.Add([node.Output[0], sizes.Output[0]]);
        node.Input[0] = matrix.Output[0];
        u.Before.AddRange([sizes, matrix]);
        u.After.Add(back);
        return null;
    }
}

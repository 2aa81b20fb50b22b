using Onnx;
using static Onnx.AttributeProto.Types;

namespace OnnxAmalgam.Graphs.Edits.Opsets.Steps;

/// <summary>Scan of opset 8 ran over a batch (axis 0) and scanned axis 1; since opset 9 there is no batch.</summary>
internal static class BatchedScan
{
    public static readonly OpsetStep[] Rows = [new("Scan", 9, OverBatch)];

    /// <summary>A Scan over the batch around the Scan as it was: states and sequences are its inputs, all sliced along axis 0, and what the
    /// inner one gives is stacked along axis 0 again.</summary>
    static string? OverBatch(NodeUpgrade u)
    {
        var node = u.Node;
        if (node.InputOrNull(0) is { } lengths)
            return $"expected sequences of one length, got lengths '{lengths}', which opset 9 has no more";

        var inner = new NodeProto { OpType = "Scan", Name = u.FreeNode("sequence") };
        inner.Attribute.Add(node.Attribute.Where(attribute => attribute.Name != "directions"));
        if (node.FindAttribute("directions") is { } directions)
        {
            var renamed = directions.Clone();
            renamed.Name = "scan_input_directions";
            inner.Attribute.Add(renamed);
        }
        var body = new GraphProto { Name = $"{node.DisplayName()}_batch", Node = { inner } };
        foreach (var input in node.Input.Skip(1))
        {
            inner.Input.Add(u.Free("slice"));
            body.Input.Add(new ValueInfoProto { Name = inner.Input[^1] });
        }
        foreach (var output in node.Output)
        {
            inner.Output.Add(u.Free("result"));
            body.Output.Add(new ValueInfoProto { Name = inner.Output[^1] });
        }

        node.Attribute.Clear();
        node.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeType.Graph, G = body });
        node.Attribute.Add(NodeUpgrade.Attribute("num_scan_inputs", body.Input.Count));
        node.Input.RemoveAt(0);
        return null;
    }
}

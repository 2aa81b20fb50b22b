using System.Security.Cryptography;

namespace OnnxAmalgam.Graphs.Queries;

/// <summary>Finds elements that are the same thing under two names.</summary>
internal static class Sameness
{
    public static EdgeTable Of(QueryGraph graph)
    {
        var table = new EdgeTable();
        foreach (var op in graph.Ops.Where(op => op.Node is { OpType: "Identity" or "Dropout", Input.Count: > 0, Output.Count: > 0 }))
            Join(table, op.Graph.Value(op.Node!.Input[0]), op.Graph.Value(op.Node.Output[0]));
        foreach (var labels in graph.Labels.GroupBy(label => label.Name, StringComparer.Ordinal))
            JoinAll(table, labels);
        var stored = graph.Initializers.Where(one => one.Stored!.DataType != (int)Onnx.TensorProto.Types.DataType.String);
        foreach (var alike in stored.GroupBy(one => $"{one.Dtype}[{string.Join(',', one.Stored!.Dims)}]", StringComparer.Ordinal).Where(group => group.Skip(1).Any()))
        {
            foreach (var equal in alike.GroupBy(one => Hash(one), StringComparer.Ordinal))
                JoinAll(table, equal);
        }
        return table;
    }

    static string Hash(GraphElement initializer)
    {
        using var hash = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
            initializer.Graph.Model.CopyRaw(initializer.Stored!, stream);
        return Convert.ToHexString(hash.Hash!);
    }

    static void JoinAll(EdgeTable table, IEnumerable<GraphElement> group)
    {
        GraphElement[] members = [.. group];
        foreach (var one in members)
        {
            foreach (var other in members.Where(other => other != one))
                table.Add(one, other);
        }
    }

    static void Join(EdgeTable table, GraphElement? one, GraphElement? other)
    {
        if (one is null || other is null)
            return;
        table.Add(one, other);
        table.Add(other, one);
    }
}

using OnnxAmalgam.Graphs.Classifiers;
using OnnxAmalgam.Graphs.Inference;
using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Frees a fixed batch dimension: the input's first axis gets a name, Reshapes that wrote the number out lose it, and a
/// proof shows that no sample then meets another.</summary>
internal static class SymbolicBatch
{
    const string Name = "batch";

    /// <param name="model">Not changed.</param>
    /// <param name="obstacle">What stands in the way where the answer is null.</param>
    public static OnnxModel? Of(OnnxModel model, out string? obstacle)
    {
        obstacle = null;
        var edited = model.Clone();
        var graph = edited.Proto.Graph;
        if (ClassifierGraph.ImageIn(new GraphView(graph)) is not { Type.TensorType.Shape: { Dim.Count: > 0 } shape } image)
        {
            obstacle = "an image input of unknown shape";
            return null;
        }
        if (shape.Dim[0].FixedSize() is not { } fixedSize)
            return edited;
        var symbol = FreeSymbol(graph);
        shape.Dim[0].DimParam = symbol;

        var examined = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        while (fixedSize > 0)
        {
            var states = new GraphInference(edited, trustDeclared: false).Run();
            var proof = new BatchProof(edited, image.Name, symbol, states, examined);
            if (proof.Holds)
            {
                obstacle = Undeclarable(edited, states, proof) is { } lost ? $"output '{lost}', whose first axis is no batch" : null;
                return obstacle is null ? edited : null;
            }
            if (!examined.Add(proof.Obstacle!))
            {
                obstacle = $"node '{proof.Obstacle!.DisplayName()}' ({proof.Obstacle!.OpType})";
                return null;
            }
            new BatchObstacle(edited.Proto, proof.Obstacle!, fixedSize, proof, states).Clear();
        }
        obstacle = $"a batch of {fixedSize}";
        return null;
    }

    static string FreeSymbol(GraphProto graph)
    {
        var taken = graph.Input.Concat(graph.Output).Concat(graph.ValueInfo)
            .SelectMany(info => info.Type?.TensorType?.Shape?.Dim ?? []).Select(dim => dim.DimParam).ToHashSet(StringComparer.Ordinal);
        var name = Name;
        for (var number = 1; taken.Contains(name); number++)
            name = $"{Name}_{number}";
        return name;
    }

    /// <summary>Declares outputs and inner values as they are now; the first one that has lost its batch, or null.</summary>
    static string? Undeclarable(OnnxModel model, Dictionary<string, ValueState> states, BatchProof proof)
    {
        var graph = model.Proto.Graph;
        foreach (var info in graph.Output.Concat(graph.ValueInfo).Where(info => proof.IsTouched(info.Name)))
        {
            if (!states.TryGetValue(info.Name, out var state))
                return info.Name;
            info.Type = OutputDeclarations.TypeOf(new ValueFact(state.Type, state.Shape is { } shape ? [.. shape.Select(extent => extent.ToDim())] : null));
        }
        return graph.Output.FirstOrDefault(output => proof.IsTouched(output.Name) && proof.Place(output.Name) != 0)?.Name;
    }
}

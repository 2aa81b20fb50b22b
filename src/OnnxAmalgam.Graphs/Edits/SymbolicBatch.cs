using OnnxAmalgam.Graphs.Classifiers;
using OnnxAmalgam.Graphs.Inference;
using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Frees a fixed batch dimension: the input's first axis gets a name, Reshapes that wrote the number out lose it, and a
/// proof shows that no sample then meets another.</summary>
internal static class SymbolicBatch
{
    const string Name = "batch";

    public static OnnxModel? Of(OnnxModel model)
    {
        var edited = model.Clone();
        var graph = edited.Proto.Graph;
        if (ClassifierGraph.ImageIn(new GraphView(graph)) is not { Type.TensorType.Shape: { Dim.Count: > 0 } shape } image)
            return null;
        if (shape.Dim[0].ValueCase != TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue)
            return edited;
        var fixedSize = shape.Dim[0].DimValue;
        var symbol = FreeSymbol(graph);
        shape.Dim[0].DimParam = symbol;

        var examined = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        while (fixedSize > 0)
        {
            var states = new GraphInference(edited, trustDeclared: false).Run();
            var proof = new BatchProof(edited, image.Name, symbol, states, examined);
            if (proof.Holds)
                return Declared(edited, states, proof) ? edited : null;
            if (!examined.Add(proof.Obstacle!))
                return null;
            new BatchObstacle(graph, proof.Obstacle!, fixedSize, proof, states).Clear();
        }
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

    /// <summary>Outputs and inner values are declared as they are now; false where an output has lost its batch.</summary>
    static bool Declared(OnnxModel model, Dictionary<string, ValueState> states, BatchProof proof)
    {
        var graph = model.Proto.Graph;
        foreach (var info in graph.Output.Concat(graph.ValueInfo))
        {
            if (!states.TryGetValue(info.Name, out var state))
            {
                if (proof.IsTouched(info.Name))
                    return false;
                continue;
            }
            var fact = new ValueFact(state.Type, state.Shape is { } shape ? [.. shape.Select(extent => extent.ToDim())] : null);
            if (proof.IsTouched(info.Name))
                info.Type = OutputDeclarations.TypeOf(fact);
        }
        return graph.Output.All(output => !proof.IsTouched(output.Name) || proof.Place(output.Name) == 0);
    }
}

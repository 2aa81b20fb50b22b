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

        var states = new GraphInference(edited, trustDeclared: false).Run();
        var freed = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        while (fixedSize > 0)
        {
            var proof = new BatchProof(edited, image.Name, symbol, states);
            if (proof.Holds)
                return Declared(edited, states, proof) ? edited : null;
            if (proof.Obstacle is not { OpType: "Reshape" } reshape || !freed.Add(reshape) || !Freed(graph, reshape, fixedSize, proof, states))
                return null;
            states = new GraphInference(edited, trustDeclared: false).Run();
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

    /// <summary>Rewrites the Reshape's constant so that the batch is what is left (-1); false where that cannot be.</summary>
    static bool Freed(GraphProto graph, NodeProto reshape, long fixedSize, BatchProof proof, Dictionary<string, ValueState> states)
    {
        if (!states.TryGetValue(reshape.Input[0], out var x) || x.Shape is null || proof.Place(reshape.Input[0]) is not { } place
            || reshape.InputOrNull(1) is not { } shapeName || states.GetValueOrDefault(shapeName)?.Constants is not { } wanted
            || Extent.Product(x.Shape[..place]).Constant is not { } before || reshape.Int("allowzero", 0) != 0)
            return false;

        wanted = [.. wanted.Select((size, i) => size == 0 && i < x.Shape.Length && i != place ? x.Shape[i].Constant ?? 0 : size)];
        var open = Array.IndexOf(wanted, -1L);
        if (open >= 0)
        {
            var all = Extent.Product(x.Shape).TryDivide(Extent.Named(proof.Symbol), out var perSample) ? perSample.Constant * fixedSize : null;
            var others = wanted.Where(size => size != -1).Aggregate(1L, (product, size) => product * size);
            if (all is not { } count || others <= 0 || count % others != 0)
                return false;
            wanted[open] = count / others;
        }

        var passed = 1L;
        for (var i = 0; i < wanted.Length; i++)
        {
            if (passed == before && wanted[i] > 0 && wanted[i] % fixedSize == 0)
            {
                wanted[i] = -1;
                var initializers = new NewInitializers(graph);
                var name = initializers.Free(shapeName + "_" + proof.Symbol);
                initializers.Put(NewInitializers.Integers(name, wanted));
                reshape.Input[1] = name;
                return true;
            }
            passed *= wanted[i];
        }
        return false;
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

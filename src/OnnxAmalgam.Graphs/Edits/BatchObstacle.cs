using OnnxAmalgam.Graphs.Inference;
using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>A node that a fixed batch was written into, and how to write it out again.</summary>
internal sealed class BatchObstacle(ModelProto model, NodeProto node, long fixedSize, BatchProof proof, Dictionary<string, ValueState> states)
{
    readonly NewInitializers initializers = new(model);

    /// <summary>Changes the node where there is a way; whether that was enough, the next proof tells.</summary>
    public void Clear()
    {
        if (node.OpType == "Reshape")
            FreeReshape();
        else if (node.OpType == "Concat" && fixedSize == 1)
            SpreadConstants();
    }

    /// <summary>Rewrites a Reshape's constant so that the batch is what is left (-1).</summary>
    void FreeReshape()
    {
        if (!states.TryGetValue(node.Input[0], out var x) || x.Shape is null || proof.Place(node.Input[0]) is not { } place
            || node.InputOrNull(1) is not { } shapeName || states.GetValueOrDefault(shapeName)?.Constants is not { } wanted
            || proof.Ahead(node.Input[0])!.Constant is not { } ahead || node.Int("allowzero", 0) != 0)
            return;

        wanted = [.. wanted.Select((size, i) => size == 0 && i < x.Shape.Length && i != place ? x.Shape[i].Constant ?? 0 : size)];
        if (Array.IndexOf(wanted, -1L) is >= 0 and var open)
        {
            var all = Extent.Product(x.Shape).TryDivide(Extent.Named(proof.Symbol), out var perSample) ? perSample.Constant * fixedSize : null;
            var others = wanted.Where(size => size != -1).Aggregate(1L, (product, size) => product * size);
            if (all is not { } count || others <= 0 || count % others != 0)
                return;
            wanted[open] = count / others;
        }

        if (AxisOfSamples(wanted, ahead) is not { } axis)
            return;
        wanted[axis] = -1;
        node.Input[1] = initializers.Free($"{shapeName}_{proof.Symbol}");
        initializers.Put(NewInitializers.Integers(node.Input[1], wanted));
    }

    /// <summary>The axis that the samples can be in: best one of their own, else one that they begin, else one that they are folded into
    /// behind others; the last axis only where there is no other, because products sum over it.</summary>
    int? AxisOfSamples(long[] wanted, long ahead)
    {
        var fits = new List<(int Axis, int Rank)>();
        var passed = 1L;
        for (var i = 0; i < wanted.Length && wanted[i] > 0 && ahead % passed == 0; passed *= wanted[i++])
        {
            var folded = ahead / passed;
            if (wanted[i] % (folded * fixedSize) == 0)
                fits.Add((i, folded == 1 && wanted[i] == fixedSize ? 0 : i == wanted.Length - 1 ? 3 : folded == 1 ? 1 : 2));
        }
        return fits.Count == 0 ? null : fits.MinBy(fit => fit.Rank).Axis;
    }

    /// <summary>A constant for one sample that is joined to the samples (a class token) is repeated for as many as there are.</summary>
    void SpreadConstants()
    {
        var sample = node.Input.First(name => proof.Place(name) is not null);
        var place = proof.Place(sample)!.Value;
        for (var i = 0; i < node.Input.Count; i++)
        {
            if (!proof.IsTouched(node.Input[i]) && states.GetValueOrDefault(node.Input[i])?.Shape is { } shape && place < shape.Length
                && shape[place].Constant == 1 && Array.TrueForAll(shape, size => size.Constant is not null))
                node.Input[i] = Spread(node.Input[i], [.. shape.Select(size => size.Constant!.Value)], sample, place);
        }
    }

    /// <summary>Adds Shape, Gather, Concat and Expand before the node.</summary>
    string Spread(string constant, long[] shape, string sample, int place)
    {
        var name = initializers.Free($"{constant}_{proof.Symbol}");
        var sizes = initializers.Free($"{name}_sizes");
        var samples = initializers.Free($"{name}_samples");
        var wanted = initializers.Free($"{name}_shape");
        var axis = Constant($"{name}_axis", [place]);
        string[] parts = [.. Part("before", shape[..place]), samples, .. Part("after", shape[(place + 1)..])];
        NodeProto[] added =
        [
            new() { OpType = "Shape", Name = sizes, Input = { sample }, Output = { sizes } },
            new() { OpType = "Gather", Name = samples, Input = { sizes, axis }, Output = { samples } },
            new() { OpType = "Concat", Name = wanted, Input = { parts }, Output = { wanted }, Attribute = { new AttributeProto { Name = "axis", Type = AttributeProto.Types.AttributeType.Int, I = 0 } } },
            new() { OpType = "Expand", Name = name, Input = { constant, wanted }, Output = { name } },
        ];
        var nodes = model.Graph.Node;
        var place0 = nodes.TakeWhile(one => !ReferenceEquals(one, node)).Count();
        for (var i = 0; i < added.Length; i++)
            nodes.Insert(place0 + i, added[i]);
        return name;

        IEnumerable<string> Part(string what, long[] part) => part.Length == 0 ? [] : [Constant($"{name}_{what}", part)];
    }

    string Constant(string wanted, long[] elements)
    {
        var name = initializers.Free(wanted);
        initializers.Put(NewInitializers.Integers(name, elements));
        return name;
    }
}

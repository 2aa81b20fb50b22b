using OnnxAmalgam.Graphs.Classifiers;
using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>A new last linear layer in the place of the old one: same node, same names, other width.</summary>
internal sealed class HeadReplacement
{
    readonly OnnxModel model;
    readonly ClassifierGraph graph;
    readonly HeadParts parts;
    readonly NewInitializers initializers;
    readonly string scores;

    /// <param name="model">A copy that is edited in place.</param>
    HeadReplacement(OnnxModel model)
    {
        this.model = model;
        graph = new ClassifierGraph(model);
        scores = new LogitsWalk(graph).Find(null).Value;
        parts = HeadParts.MakerOf(graph, scores) ?? throw new InputException(
            $"'{model.Name}': expected a last Gemm, MatMul or 1x1 Conv with fixed weights on every path from image to '{scores}', got none; keep the head (student.head: keep) or choose another student");
        initializers = new NewInitializers(model.Proto);
    }

    NodeProto Node => parts.Head.Node;

    public static OnnxModel Of(OnnxModel model, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias)
    {
        var edited = model.Clone();
        var replacement = new HeadReplacement(edited);
        var features = replacement.parts.Head.Features;
        if (bias.IsEmpty || weight.Length != (long)features * bias.Length)
            throw new ArgumentException($"new head of '{model.Name}': expected {features} weights for each of {bias.Length} classes, got {weight.Length} weights", nameof(weight));
        replacement.PutWeight(weight, bias.Length);
        replacement.PutBias(bias);
        replacement.Rewiden(bias.Length);
        replacement.Finish(bias.Length);
        return edited;
    }

    void PutWeight(ReadOnlySpan<float> weight, int classes)
    {
        var features = parts.Head.Features;
        var fact = graph.Fact(parts.Weight)!;
        var classesFirst = Node.OpType == "Conv" || (Node.OpType == "Gemm" && Node.Int("transB", 0) != 0);
        long[] dims = classesFirst ? [classes, features, .. Enumerable.Repeat(1L, fact.Shape!.Count - 2)] : [features, classes];
        var name = IsOnlyHere(parts.Weight, Node) ? parts.Weight : initializers.Free(parts.Weight);
        initializers.Put(NewInitializers.Floats(name, fact.Type, dims, classesFirst ? weight : Transposed(weight, classes, features)));
        Node.Input[1] = name;
        foreach (var factor in Node.Attribute.Where(attribute => Node.OpType == "Gemm" && attribute.Name is ("alpha" or "beta")))
            factor.F = 1;
    }

    void PutBias(ReadOnlySpan<float> bias)
    {
        var type = graph.Fact(parts.Weight)!.Type;
        if (parts.Bias is not { } old)
        {
            AddBias(type, bias);
            return;
        }
        var name = IsOnlyHere(old.Value, old.Node) ? old.Value : initializers.Free(old.Value);
        initializers.Put(NewInitializers.Floats(name, type, BiasShape(old, bias.Length), bias));
        old.Node.Input[old.Index] = name;
    }

    /// <summary>The layer's own bias is a vector; one that an Add brings keeps the axis it broadcasts along.</summary>
    long[] BiasShape(HeadBias old, int classes)
    {
        if (old.Node.OpType != "Add")
            return [classes];
        var shape = graph.Fact(old.Value)!.Shape!.Select(dim => dim.Size ?? 1).ToArray();
        if (shape.Length == 0)
            return [classes];
        var axis = Array.FindLastIndex(shape, size => size == parts.Head.Classes);
        shape[Math.Max(axis, 0)] = classes;
        return shape;
    }

    void AddBias(TensorProto.Types.DataType type, ReadOnlySpan<float> bias)
    {
        var name = initializers.Free(Node.OpType == "MatMul" ? parts.Weight + "bias" : BiasName(parts.Weight));
        initializers.Put(NewInitializers.Floats(name, type, [bias.Length], bias));
        if (Node.OpType != "MatMul")
        {
            if (Node.Input.Count > 2)
                Node.Input[2] = name;
            else
                Node.Input.Add(name);
            return;
        }
        var sum = Node.Output[0];
        var product = initializers.Free(sum + "product");
        Node.Output[0] = product;
        var nodes = model.Proto.Graph.Node;
        nodes.Insert(nodes.TakeWhile(node => !ReferenceEquals(node, Node)).Count() + 1, new NodeProto
        {
            OpType = "Add",
            Name = Node.Name.Length > 0 ? Node.Name + "bias" : "",
            Input = { product, name },
            Output = { sum },
        });
    }

    static string BiasName(string weight) =>
        weight.EndsWith("weight", StringComparison.Ordinal) ? weight[..^"weight".Length] + "bias" : weight + "bias";

    /// <summary>Reshapes between head and scores that name the old number of classes name the new one.</summary>
    void Rewiden(int classes)
    {
        var path = new SinglePath(graph, parts.Head.Logits, scores);
        foreach (var reshape in path.All.Where(node => node.OpType == "Reshape"))
        {
            var shape = reshape.Ints("shape") ?? Constants(reshape.InputOrNull(1));
            var place = shape is null ? -1 : Array.FindLastIndex(shape, size => size == parts.Head.Classes);
            if (place < 0)
                continue;
            shape![place] = classes;
            if (reshape.FindAttribute("shape") is { } stated)
            {
                stated.Ints.Clear();
                stated.Ints.Add(shape);
                continue;
            }
            var name = initializers.Free(reshape.Input[1] + "widened");
            initializers.Put(NewInitializers.Integers(name, shape));
            reshape.Input[1] = name;
        }
    }

    long[]? Constants(string? value) =>
        value is null ? null : new Inference.GraphInference(model).Run().GetValueOrDefault(value)?.Constants;

    /// <summary>The scores become the only output; what the old width was declared for is declared anew or no more.</summary>
    void Finish(int classes)
    {
        var proto = model.Proto.Graph;
        var stale = new SinglePath(graph, parts.Head.Feature, scores).All.SelectMany(node => node.Output).ToHashSet(StringComparer.Ordinal);
        for (var i = proto.ValueInfo.Count - 1; i >= 0; i--)
        {
            if (stale.Contains(proto.ValueInfo[i].Name))
                proto.ValueInfo.RemoveAt(i);
        }
        proto.Output.Clear();
        proto.Output.Add(new ValueInfoProto { Name = scores });
        Pruning.Prune(model);

        var fact = Facts.Infer(model).GetValueOrDefault(scores);
        var before = graph.Fact(scores);
        var fits = fact?.Shape is { } now && before?.Shape is { } then && now.Count == then.Count
            && now.Zip(then).Count(pair => pair.First != pair.Second) <= 1 && now.Any(dim => dim.Size == classes);
        if (!fits)
            throw new InputException(
                $"'{model.Name}': expected scores of width {classes} behind the new head '{Node.DisplayName()}', got {fact?.ToString() ?? "an unknown shape"} at '{scores}': what follows the head is made for {parts.Head.Classes} classes; export the model up to its logits");
        proto.Output[0].Type = OutputDeclarations.TypeOf(fact!);
    }

    bool IsOnlyHere(string value, NodeProto node) => graph.View.Initializer(value) is not null
        && graph.View.Consumers(value) is [var user] && ReferenceEquals(user, node) && node.Input.Count(input => input == value) == 1
        && !graph.View.Outputs.Contains(value);

    static float[] Transposed(ReadOnlySpan<float> weight, int classes, int features)
    {
        var transposed = new float[weight.Length];
        for (var c = 0; c < classes; c++)
        {
            for (var f = 0; f < features; f++)
                transposed[(f * classes) + c] = weight[(c * features) + f];
        }
        return transposed;
    }
}

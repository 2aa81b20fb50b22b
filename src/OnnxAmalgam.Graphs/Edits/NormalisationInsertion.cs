using Onnx;
using OnnxAmalgam.Graphs.Classifiers;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>A BatchNormalization behind each bare convolution. It takes the name of the convolution's result, so that whatever reads that
/// value, an output or a tap, reads it normalised.</summary>
internal static class NormalisationInsertion
{
    public static OnnxModel Of(OnnxModel model, out IReadOnlyList<NormalisationLayer> inserted)
    {
        var edited = model.Clone();
        var graph = edited.Proto.Graph;
        var classifier = new ClassifierGraph(edited);
        var bare = new ConvolutionList(classifier).All.Where(one => one.IsBare).Select(one => one.Node).ToArray();
        if (bare.Length > 0)
            OwnOpset.Require(edited, "to put BatchNormalization in");
        var unknown = bare.Where(node => Channels(classifier, node) is null || !classifier.IsFloat(node.Output[0])).Select(node => $"'{node.DisplayName()}'").ToArray();
        if (unknown.Length > 0)
            throw new InputException($"'{model.Name}': expected convolutions of a float type and a known number of channels, got others in node {string.Join(", ", unknown)}");

        var initializers = new NewInitializers(edited.Proto);
        inserted = [.. bare.Select(node => Behind(graph, node, initializers, classifier.Fact(node.Output[0])!.Type, Channels(classifier, node)!.Value))];
        return edited;
    }

    /// <summary>Mean 0, variance 1 and a scale that takes epsilon back: the same function until somebody measures.</summary>
    static NormalisationLayer Behind(GraphProto graph, NodeProto convolution, NewInitializers initializers, DataType type, int channels)
    {
        const float epsilon = NormalisationLayers.DefaultEpsilon;
        var output = convolution.Output[0];
        var raw = initializers.Free(output + "_convolved");
        var layer = new NormalisationLayer(
            convolution.Name.Length > 0 ? convolution.Name + "_normalised" : output, raw,
            Vector("scale", MathF.Sqrt(1 + epsilon)), Vector("bias", 0), Vector("mean", 0), Vector("variance", 1), epsilon);
        convolution.Output[0] = raw;
        graph.Node.Insert(graph.Node.TakeWhile(node => !ReferenceEquals(node, convolution)).Count() + 1, new NodeProto
        {
            OpType = "BatchNormalization",
            Name = convolution.Name.Length > 0 ? layer.Node : "",
            Input = { raw, layer.Scale, layer.Bias, layer.Mean, layer.Variance },
            Output = { output },
            Attribute = { new AttributeProto { Name = "epsilon", Type = AttributeProto.Types.AttributeType.Float, F = epsilon } },
            MetadataProps = { convolution.MetadataProps.Select(entry => entry.Clone()) },
        });
        return layer;

        string Vector(string what, float value)
        {
            var name = initializers.Free($"{output}_{what}");
            initializers.Put(NewInitializers.Floats(name, type, [channels], [.. Enumerable.Repeat(value, channels)]));
            return name;
        }
    }

    static int? Channels(ClassifierGraph graph, NodeProto node) => graph.Size(node.Output[0], 1) ?? (node.OpType == "Conv" ? graph.Size(node.Input[1], 0) : null);
}

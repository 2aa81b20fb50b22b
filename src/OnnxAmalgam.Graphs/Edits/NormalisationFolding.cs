using Google.Protobuf.Collections;
using Onnx;
using OnnxAmalgam.Graphs.Classifiers;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>A BatchNormalization that stays, and why.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Reason">What stands in the way.</param>
public sealed record KeptNormalisation(string Node, string Reason);

/// <summary>What was folded.</summary>
/// <param name="Folded">Names of the BatchNormalization nodes that are gone.</param>
/// <param name="Kept">Those behind a convolution that stay. One that stands elsewhere is not mentioned.</param>
public sealed record FoldingReport(IReadOnlyList<string> Folded, IReadOnlyList<KeptNormalisation> Kept);

/// <summary>Multiplies a BatchNormalization into the weights and the bias of the convolution before it:
/// w' = w s / sqrt(v + e), b' = (b - m) s / sqrt(v + e) + o. The convolution takes the name of the normalised value.</summary>
internal sealed class NormalisationFolding
{
    readonly OnnxModel model;
    readonly GraphProto graph;
    readonly NewInitializers initializers;
    GraphView view;

    /// <param name="model">A copy that is edited in place.</param>
    NormalisationFolding(OnnxModel model)
    {
        this.model = model;
        graph = model.Proto.Graph;
        initializers = new NewInitializers(model.Proto);
        view = new GraphView(graph);
    }

    public static OnnxModel Of(OnnxModel model, out FoldingReport report)
    {
        var edited = model.Clone();
        report = new NormalisationFolding(edited).Run();
        return edited;
    }

    FoldingReport Run()
    {
        var (folded, kept) = (new List<string>(), new List<KeptNormalisation>());
        foreach (var node in view.Nodes.Where(NormalisationLayers.Is))
        {
            if (view.Producer(node.Input[0]) is not { OpType: "Conv" or "ConvTranspose", Domain: "" or "ai.onnx" } convolution)
                continue;
            if (Fold(convolution, node) is { } reason)
            {
                kept.Add(new(node.DisplayName(), reason));
                continue;
            }
            folded.Add(node.DisplayName());
            view = new GraphView(graph);
        }
        return new(folded, kept);
    }

    /// <summary>Folds, or says why not.</summary>
    string? Fold(NodeProto convolution, NodeProto node)
    {
        if (Unfit(convolution, node) is { } reason)
            return reason;
        (string Name, TensorProto Tensor)?[] found = [NormalisationLayers.Stored(view, convolution.Input[1]), .. Enumerable.Range(1, 4).Select(i => NormalisationLayers.Stored(view, node.Input[i]))];
        var oldBias = convolution.InputOrNull(2);
        var storedBias = oldBias is null ? null : NormalisationLayers.Stored(view, oldBias);
        if (found.Contains(null) || (oldBias is not null && storedBias is null))
            return "weights, bias or statistics are computed, not stored";
        if (found[0]!.Value.Tensor is not { Dims.Count: > 2 } weight || !StoredReals.Fits(weight))
            return "the weights are of no float type";

        var channels = ConvolutionChannels.Count(convolution, weight.Dims);
        var (scale, offset) = Affine(node, [.. found.Skip(1).Select(one => StoredReals.Read(model, one!.Value.Tensor))], channels);
        if (scale is null)
            return "scale, bias and statistics are not one number a channel";
        var w = StoredReals.Read(model, weight);
        var b = storedBias is { } bias ? StoredReals.Read(model, bias.Tensor) : new double[channels];
        if (b.Length != channels)
            return "the bias is not one number a channel";
        ConvolutionChannels.Scale(convolution, weight.Dims, w, scale);
        for (var c = 0; c < channels; c++)
            b[c] = (b[c] * scale[c]) + offset![c];
        var type = (DataType)weight.DataType;
        var (wBytes, bBytes) = (StoredReals.Write(type, w), StoredReals.Write(type, b));
        if (wBytes is null || bBytes is null)
            return $"the folded weights are no finite numbers of {ElementTypes.Name(type)}";

        string[] dropped = [convolution.Input[1], oldBias ?? "", .. node.Input.Skip(1), convolution.Output[0]];
        convolution.Input[1] = Put(convolution, 1, weight, type, weight.Dims, wBytes, convolution.Input[1]);
        while (convolution.Input.Count < 3)
            convolution.Input.Add("");
        convolution.Input[2] = Put(convolution, 2, storedBias?.Tensor, type, [channels], bBytes, oldBias ?? BiasName(convolution.Input[1]));
        convolution.Output[0] = node.Output[0];
        graph.Node.Remove(node);
        foreach (var name in dropped)
            Drop(name);
        return null;
    }

    string? Unfit(NodeProto convolution, NodeProto node)
    {
        var value = node.Input[0];
        if (OwnOpset.Of(model) < GraphEdits.OldestOpset)
            return "the model's opset is older than 7";
        if (node.Int("training_mode", 0) != 0 || node.Output.Skip(1).Any(name => name.Length > 0 && (view.Consumers(name).Count > 0 || view.Outputs.Contains(name))))
            return "it normalises by the batch";
        if (node.Int("spatial", 1) != 1)
            return "it normalises each position for itself";
        if (view.Outputs.Contains(value))
            return $"'{value}' is an output of the graph too";
        var others = view.Consumers(value).Where(user => !ReferenceEquals(user, node)).Select(user => $"'{user.DisplayName()}'").ToArray();
        return others.Length > 0 ? $"'{value}' is read by {string.Join(", ", others)} too"
            : node.Input.Count(name => name == value) > 1 || convolution.Output.Count > 1 ? $"'{value}' is read twice" : null;
    }

    /// <summary>The normalisation as y = x scale + offset.</summary>
    static (double[]? Scale, double[]? Offset) Affine(NodeProto node, double[][] parts, long channels)
    {
        if (parts.Any(part => part.Length != channels))
            return (null, null);
        var (s, o, m, v) = (parts[0], parts[1], parts[2], parts[3]);
        double epsilon = node.Float("epsilon", NormalisationLayers.DefaultEpsilon);
        var scale = s.Select((one, c) => one / Math.Sqrt(v[c] + epsilon)).ToArray();
        return (scale, [.. o.Select((one, c) => one - (m[c] * scale[c]))]);
    }

    /// <summary>Writes a tensor where it is, in the form it is stored in; as a new one where others use it too, or where there is none.</summary>
    string Put(NodeProto convolution, int place, TensorProto? old, DataType type, IReadOnlyList<long> dims, byte[] bytes, string name)
    {
        var isOwn = old is not null && old.DataType == (int)type && !view.Outputs.Contains(name) && view.Consumers(name) is [var user]
            && ReferenceEquals(user, convolution) && convolution.Input.Index().All(input => input.Item != name || input.Index == place)
            && (view.Initializer(name) is not null || view.Producer(name)?.OpType == "Constant");
        if (isOwn)
        {
            model.WriteRaw(old!, bytes);
            return name;
        }
        name = initializers.Free(name);
        initializers.Put(new TensorProto { Name = name, DataType = (int)type, Dims = { dims }, RawData = Google.Protobuf.ByteString.CopyFrom(bytes) });
        return name;
    }

    static string BiasName(string weight) =>
        weight.EndsWith("weight", StringComparison.Ordinal) ? weight[..^"weight".Length] + "bias" : weight + "_bias";

    /// <summary>Takes a stored tensor away that nobody needs any more, with the Constant or Identity that gave it.</summary>
    void Drop(string name)
    {
        if (name.Length == 0 || graph.Node.Any(node => Captures.ReadBy(node).Contains(name)) || graph.Output.Any(output => output.Name == name))
            return;
        var producer = graph.Node.FirstOrDefault(node => node.Output.Contains(name));
        if (producer is not null and not { OpType: "Constant" or "Identity" })
            return;
        Remove(graph.Initializer, one => one.Name == name);
        Remove(graph.Input, one => one.Name == name);
        Remove(graph.ValueInfo, one => one.Name == name);
        Remove(graph.QuantizationAnnotation, one => one.TensorName == name);
        if (producer is not null)
        {
            graph.Node.Remove(producer);
            foreach (var input in producer.Input)
                Drop(input);
        }
    }

    static void Remove<T>(RepeatedField<T> field, Func<T, bool> unwanted)
    {
        for (var i = field.Count - 1; i >= 0; i--)
        {
            if (unwanted(field[i]))
                field.RemoveAt(i);
        }
    }
}

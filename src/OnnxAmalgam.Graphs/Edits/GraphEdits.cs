using Onnx;
using OnnxAmalgam.Graphs.Edits.Opsets;
using OnnxAmalgam.Graphs.Metadata;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Pure changes: each returns a new model and leaves its argument as it was. Nodes and initializers that stay keep every field.</summary>
public static class GraphEdits
{
    /// <summary>The opsets of ONNX's own domain between which <see cref="WithOpset"/> goes.</summary>
    public const int OldestOpset = 7, NewestOpset = 23;

    /// <summary>Adds values to the graph's outputs (those that are not outputs yet).</summary>
    /// <exception cref="InputException">A value does not exist.</exception>
    public static OnnxModel ExposeOutputs(OnnxModel model, IEnumerable<string> values)
    {
        ArgumentNullException.ThrowIfNull(model);
        var edited = model.Clone();
        var outputs = new OutputDeclarations(model);
        var present = model.Proto.Graph.Output.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var value in values.Where(present.Add))
            edited.Proto.Graph.Output.Add(outputs.Of(value));
        DropRepeated(edited.Proto.Graph);
        return edited;
    }

    /// <summary>The subgraph that computes just these values: they become the outputs, in this order; what nobody needs is gone,
    /// names captured by If/Loop/Scan bodies stay.</summary>
    /// <exception cref="InputException">A value does not exist.</exception>
    public static OnnxModel Extract(OnnxModel model, IReadOnlyList<string> outputs)
    {
        ArgumentNullException.ThrowIfNull(model);
        var declarations = new OutputDeclarations(model);
        var declared = outputs.Distinct(StringComparer.Ordinal).Select(declarations.Of).ToArray();
        var edited = model.Clone();
        edited.Proto.Graph.Output.Clear();
        edited.Proto.Graph.Output.Add(declared);
        Pruning.Prune(edited);
        DropRepeated(edited.Proto.Graph);
        return edited;
    }

    /// <summary>Replaces the classifier's last linear layer by one of another width; whatever follows it (softmax) is cut.</summary>
    /// <param name="model">A model with a <see cref="ClassifierHead"/>.</param>
    /// <param name="weight">New weight [classes, features], row-major.</param>
    /// <param name="bias">New bias [classes].</param>
    /// <remarks>Nodes keep their order and names. A layer without bias gets one (MatMul: an Add behind it); a weight that others use too
    /// stays as it is and the head gets its own; Gemm's alpha and beta become 1.</remarks>
    /// <exception cref="InputException">There is no such layer, or what lies between it and the scores cannot take another width.</exception>
    public static OnnxModel ReplaceHead(OnnxModel model, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias) =>
        HeadReplacement.Of(model, weight, bias);

    /// <summary>Computes a value a second time, from a new input that stands for an earlier value; weights and statistics are the same initializers.</summary>
    /// <param name="model">The model.</param>
    /// <param name="value">What the new input stands for.</param>
    /// <param name="result">What is computed again.</param>
    /// <param name="input">Name of the new input, the last one.</param>
    /// <param name="branch">Name of the second result; no output of the graph.</param>
    /// <exception cref="InputException">The result does not depend on the value, or a node between them has a body (If, Loop, Scan).</exception>
    public static OnnxModel Branch(OnnxModel model, string value, string result, out string input, out string branch)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Branching.Of(model, value, result, out input, out branch);
    }

    /// <summary>Makes the batch dimension symbolic where inputs fix it and nothing inside depends on the number; null when that cannot be shown.</summary>
    /// <remarks>The batch is called <c>batch</c>. A model whose batch is free already is copied as it is.</remarks>
    public static OnnxModel? WithSymbolicBatch(OnnxModel model) => WithSymbolicBatch(model, out _);

    /// <summary>As <see cref="WithSymbolicBatch(OnnxModel)"/>, and says what stands in the way.</summary>
    /// <param name="model">Not changed.</param>
    /// <param name="obstacle">Where the answer is null: the first node, output or input for which it cannot be shown
    /// (<c>node 'Reshape_7' (Reshape)</c>).</param>
    public static OnnxModel? WithSymbolicBatch(OnnxModel model, out string? obstacle)
    {
        ArgumentNullException.ThrowIfNull(model);
        return SymbolicBatch.Of(model, out obstacle);
    }

    /// <summary>Puts a BatchNormalization behind every bare convolution (<see cref="Convolution.IsBare"/>), before its activation. It does nothing
    /// yet (mean 0, variance 1): the model computes what it did.</summary>
    /// <param name="model">Not changed.</param>
    /// <param name="inserted">The new layers, in the order of the graph; none where no convolution is bare.</param>
    /// <exception cref="InputException">The opset is older than 7, or a convolution's type or number of channels is not known.</exception>
    public static OnnxModel InsertNormalisation(OnnxModel model, out IReadOnlyList<NormalisationLayer> inserted)
    {
        ArgumentNullException.ThrowIfNull(model);
        return NormalisationInsertion.Of(model, out inserted);
    }

    /// <summary>Folds each BatchNormalization that directly follows a Conv or ConvTranspose into its weights and bias, in evaluation form the same
    /// function. Weights that other nodes use too stay, and the convolution gets its own.</summary>
    /// <param name="model">Not changed.</param>
    /// <param name="report">What was folded, and what was not and why.</param>
    public static OnnxModel FoldNormalisation(OnnxModel model, out FoldingReport report)
    {
        ArgumentNullException.ThrowIfNull(model);
        return NormalisationFolding.Of(model, out report);
    }

    /// <summary>Convolutions and matrix products in half precision, with what lies between them; inputs, outputs and what loses accuracy so (exponentials, large sums,
    /// normalisation by an image's own statistics, resizing) stay in single.</summary>
    /// <param name="model">Not changed.</param>
    /// <param name="kept">Names of the nodes that go on computing floats.</param>
    /// <exception cref="InputException">The opset is older than 7.</exception>
    public static OnnxModel WithHalfPrecision(OnnxModel model, out IReadOnlyList<string> kept)
    {
        ArgumentNullException.ThrowIfNull(model);
        return HalfPrecision.Of(model, out kept);
    }

    /// <summary>Puts scale, mean, std, colour order and layout in front of a model, whose input then takes bytes [batch, height, width, channels],
    /// red first.</summary>
    /// <param name="model">Not changed.</param>
    /// <param name="input">What the model wants to be fed.</param>
    /// <param name="pixels">What the new model wants to be fed: the same size, nothing else.</param>
    /// <exception cref="InputException">There is no image input, the opset is older than 7, or bytes would have to be scaled.</exception>
    public static OnnxModel EmbedPreprocessing(OnnxModel model, InputDescription input, out InputDescription pixels)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(input);
        pixels = PreprocessingEmbedding.Pixels(input);
        return PreprocessingEmbedding.Of(model, input);
    }

    /// <summary>The same function at a newer opset of ONNX's own domain. Nodes that mean the same there keep every byte, values keep their
    /// names, constants that became inputs are new initializers, and <c>ir_version</c> is raised where the opset asks for it.</summary>
    /// <param name="model">A model of <see cref="OldestOpset"/> or newer.</param>
    /// <param name="opset">The model's opset or a newer one, up to <see cref="NewestOpset"/>.</param>
    /// <exception cref="InputException">A node has no equal there, or its step is not built (all such nodes are named); the opset is older
    /// than the model's, or out of range.</exception>
    public static OnnxModel WithOpset(OnnxModel model, int opset)
    {
        ArgumentNullException.ThrowIfNull(model);
        return OpsetConversion.Of(model, opset);
    }

    /// <summary>One model that computes what several do, side by side: their inputs, nodes and outputs in the order of the parts, under the names
    /// of each with its prefix.</summary>
    /// <param name="parts">The models.</param>
    /// <remarks>Models are brought to the newest opset among them. Local functions that are equal are there once, large weights stay in the files
    /// that hold them, and a symbolic size is one for several models where it is the same axis of an input they share.</remarks>
    /// <exception cref="InputException">A model cannot be brought to the opset, an input is not the same in all models that share it, names
    /// meet in spite of their prefixes, or a model holds training graphs.</exception>
    public static OnnxModel Merge(IReadOnlyList<MergePart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        return Merging.Of(parts);
    }

    /// <summary>Computes once what nodes of the main graph compute several times: the same operator with equal attributes and bodies on the same
    /// values, or on constants of equal bytes. The first of equal nodes stays. An output keeps its name, by an Identity where its own node is gone.</summary>
    /// <param name="model">Not changed.</param>
    /// <remarks>Never what draws random numbers or keeps a state, and no operator that this program does not know: two of them may differ.</remarks>
    public static OnnxModel ShareSubexpressions(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return SubexpressionSharing.Of(model);
    }

    /// <summary>An output's type is stated once, with the output.</summary>
    static void DropRepeated(GraphProto graph)
    {
        var outputs = graph.Output.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
        for (var i = graph.ValueInfo.Count - 1; i >= 0; i--)
        {
            if (outputs.Contains(graph.ValueInfo[i].Name))
                graph.ValueInfo.RemoveAt(i);
        }
    }
}

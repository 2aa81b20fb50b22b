namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>What a model says of itself: labels and preprocessing, from its metadata, its attributes and the files beside it.</summary>
public static class ModelMetadata
{
    /// <summary>Class names in output order, or null when none are found anywhere.</summary>
    /// <remarks>In this order: <c>names</c> in the metadata (Ultralytics' form, which <see cref="Write"/> uses too), class labels in
    /// the attributes of classical models, files beside the model.</remarks>
    public static IReadOnlyList<string>? Labels(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new LabelSources(model).Find()?.Labels;
    }

    /// <summary>Where <see cref="Labels"/> found the names (<c>metadata 'names'</c>, a file's name), or null.</summary>
    public static string? LabelsSource(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new LabelSources(model).Find()?.Source;
    }

    /// <summary>Where <see cref="Input"/> found the preprocessing, or null.</summary>
    /// <exception cref="InputException">As <see cref="Input"/>.</exception>
    public static string? InputSource(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new InputSources(model).Find()?.Source;
    }

    /// <summary>The preprocessing the model's metadata states (ours, ONNX <c>Image.*</c>, Custom Vision, ...), or null when none does.
    /// Size, layout, channels and dtype come from the graph's input where the metadata is silent.</summary>
    /// <exception cref="InputException"><c>onnx_amalgam.preprocessing</c> cannot be read, or contradicts itself or the graph.</exception>
    public static InputDescription? Input(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new InputSources(model).Find()?.Input;
    }

    /// <summary>The description that follows from the graph's input alone: layout, dtype, channels, size; scale 1/255 (1 for bytes), mean 0, std 1.</summary>
    /// <param name="model">A classifier of images.</param>
    /// <param name="size">Height and width where the graph leaves them free.</param>
    /// <param name="channels">Channels where the graph leaves them free.</param>
    /// <exception cref="InputException">The input is no image, its size is free and <paramref name="size"/> is null, or the graph
    /// fixes another size.</exception>
    public static InputDescription FromGraph(OnnxModel model, int? size = null, int? channels = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new GraphInput(model).Describe(size, size, channels);
    }

    /// <summary>Takes the class names out of the metadata: of a part of a classifier that has no class scores.</summary>
    /// <param name="model">Changed in place; attributes of classical models and files beside it stay.</param>
    public static void RemoveLabels(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        new MetadataProperties(model.Proto).Remove("names");
    }

    /// <summary>Writes labels, input description and provenance into the model's metadata (the keys of docs/teachers.md).</summary>
    /// <param name="model">Changed in place; earlier values of the same keys are replaced, other keys stay.</param>
    /// <param name="labels">Class names in output order.</param>
    /// <param name="input">What the model wants to be fed.</param>
    /// <param name="provenance">Further keys, written as they are, in ordinal order.</param>
    public static void Write(OnnxModel model, IReadOnlyList<string> labels, InputDescription input, IReadOnlyDictionary<string, string> provenance)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(provenance);
        MetadataWriter.Write(new MetadataProperties(model.Proto), labels, input, provenance);
    }
}

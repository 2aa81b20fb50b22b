namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>What a model says of itself: labels and preprocessing, from its metadata, its attributes and the files beside it.</summary>
public static class ModelMetadata
{
    /// <summary>Class names in output order, or null when none are found anywhere.</summary>
    public static IReadOnlyList<string>? Labels(OnnxModel model) => throw new NotImplementedException();

    /// <summary>The preprocessing the model's metadata states (ours, ONNX <c>Image.*</c>, Custom Vision, ...), or null when none does.
    /// Size, layout, channels and dtype come from the graph's input where the metadata is silent.</summary>
    public static InputDescription? Input(OnnxModel model) => throw new NotImplementedException();

    /// <summary>The description that follows from the graph's input alone: layout, dtype, channels, size; scale 1/255 (1 for bytes), mean 0, std 1.</summary>
    /// <exception cref="InputException">The input is no image, or its size is free and <paramref name="size"/> is null.</exception>
    public static InputDescription FromGraph(OnnxModel model, int? size = null, int? channels = null) => throw new NotImplementedException();

    /// <summary>Writes labels, input description and provenance into the model's metadata (the keys of docs/metadata.md).</summary>
    public static void Write(OnnxModel model, IReadOnlyList<string> labels, InputDescription input, IReadOnlyDictionary<string, string> provenance) => throw new NotImplementedException();
}

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>The version of ONNX's own operators that a model is written in.</summary>
internal static class OwnOpset
{
    /// <summary>The version.</summary>
    public static long Of(OnnxModel model) =>
        model.Proto.OpsetImport.Where(set => set.Domain is "" or "ai.onnx").Select(set => set.Version).DefaultIfEmpty(1).Max();

    /// <summary>Refuses versions that are older than those the edits are written for.</summary>
    /// <param name="model">The model.</param>
    /// <param name="purpose">What it is edited for, as the message goes on: <c>for half precision</c>.</param>
    public static void Require(OnnxModel model, string purpose)
    {
        if (Of(model) is < GraphEdits.OldestOpset and var opset)
            throw new InputException($"'{model.Name}': expected opset {GraphEdits.OldestOpset} or newer {purpose}, got {opset}; export the model again");
    }
}

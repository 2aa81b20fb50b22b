using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Teachers;

namespace OnnxAmalgam.Cli.Inspection;

/// <summary>What people should know before they use a model.</summary>
internal static class ModelNotes
{
    public static IReadOnlyList<string> Of(OnnxModel model) =>
        [.. model.Notes, .. ((string?[])[Versions(model), FoldedNormalisation(model), FixedBatch(model), Quantised(model), model.RoundTripNote]).OfType<string>()];

    static string? Versions(OnnxModel model)
    {
        var opset = model.Proto.OpsetImport.Where(o => o.Domain is "" or "ai.onnx").Select(o => o.Version).DefaultIfEmpty(0).Max();
        return model.Proto.IrVersion > RuntimeLimits.NewestIr || opset > RuntimeLimits.NewestOpset
            ? $"IR {model.Proto.IrVersion}, opset {opset}: ONNX Runtime {RuntimeLimits.Version} reads IR up to {RuntimeLimits.NewestIr} and opset up to {RuntimeLimits.NewestOpset}; export with older ones"
            : null;
    }

    static string? FoldedNormalisation(OnnxModel model)
    {
        var convolutions = Anatomy.Convolutions(model);
        var bare = convolutions.Count(c => c.IsBare);
        return bare > 0
            ? $"no normalisation follows {bare} of {convolutions.Count} convolution{(convolutions.Count == 1 ? "" : "s")}: BatchNorm was folded into the weights on export, or there was none; as a student it trains without, or with BatchNorm put back: student: {{normalisation: insert}}"
            : null;
    }

    static string? FixedBatch(OnnxModel model)
    {
        var first = new GraphView(model.Proto.Graph).Inputs.Select(i => i.Type?.TensorType?.Shape?.Dim).FirstOrDefault();
        if (first is not [var axis, ..] || axis.FixedSize() is not { } batch)
            return null;
        return GraphEdits.WithSymbolicBatch(model, out var obstacle) is null
            ? $"batch fixed to {batch}, and {obstacle} may depend on it: other batches run in pieces of {batch}, at a cost"
            : $"batch fixed to {batch} in the file; nothing inside depends on it, so it is set free on loading";
    }

    static string? Quantised(OnnxModel model) =>
        model.Proto.ProducerName == "onnx.quantize" || model.Proto.MetadataProps.Any(p => p.Key == "onnx.infer" && p.Value == "onnxruntime.quant")
            ? "quantised or prepared for it by ONNX Runtime: a teacher, yes; a student, no"
            : null;
}

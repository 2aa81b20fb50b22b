using Onnx;

namespace OnnxAmalgam.Graphs.Validation;

/// <summary>Inputs and outputs that nodes cannot do without, of the operators that this library looks into. Others are a matter of whoever runs them.</summary>
static class Arity
{
    static readonly HashSet<string> Domains = ["", "ai.onnx", "ai.onnx.ml", "com.microsoft"];

    static readonly Dictionary<string, int> LeastInputs = new(StringComparer.Ordinal)
    {
        ["Constant"] = 0,
        ["Cast"] = 1, ["Exp"] = 1, ["Identity"] = 1, ["Normalizer"] = 1, ["ReduceMax"] = 1, ["ReduceMean"] = 1, ["ReduceSum"] = 1,
        ["Conv"] = 2, ["ConvInteger"] = 2, ["ConvTranspose"] = 2, ["Div"] = 2, ["FusedConv"] = 2, ["FusedGemm"] = 2, ["FusedMatMul"] = 2, ["Gemm"] = 2,
        ["MatMul"] = 2, ["MatMulInteger"] = 2, ["Sub"] = 2,
        ["BatchNormalization"] = 5,
        ["QLinearConv"] = 8, ["QLinearMatMul"] = 8,
    };

    /// <summary>Names what is missing.</summary>
    public static void Check(NodeProto node, string place, Findings findings)
    {
        if (!Domains.Contains(node.Domain) || !LeastInputs.TryGetValue(node.OpType, out var least))
            return;
        var inputs = node.Input.Take(least).Count(name => name.Length > 0);
        if (inputs < least) findings.Error(place, $"{least} inputs at least, got {inputs}");
        if (node.Output.FirstOrDefault() is not { Length: > 0 }) findings.Error(place, "a name for its output, got none");
    }
}

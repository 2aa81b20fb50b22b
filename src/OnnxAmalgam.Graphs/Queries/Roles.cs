namespace OnnxAmalgam.Graphs.Queries;

/// <summary>What a stored tensor is to the operator that reads it.</summary>
internal static class Roles
{
    /// <summary>The role of an input by operator and place; <c>operand</c> where the operator gives it none.</summary>
    public static string Of(string type, int input) => (type, input) switch
    {
        ("Conv" or "ConvTranspose" or "FusedConv" or "DeformConv" or "Gemm" or "FusedGemm", 1) => "weight",
        ("Conv" or "ConvTranspose" or "FusedConv" or "Gemm" or "FusedGemm", 2) => "bias",
        ("DeformConv", 3) => "bias",
        ("MatMul" or "FusedMatMul" or "Einsum", _) => "weight",
        ("BatchNormalization" or "InstanceNormalization" or "LayerNormalization" or "GroupNormalization" or "RMSNormalization" or "SimplifiedLayerNormalization", 1) => "scale",
        ("BatchNormalization" or "InstanceNormalization" or "LayerNormalization" or "GroupNormalization", 2) => "bias",
        ("BatchNormalization", 3) => "mean",
        ("BatchNormalization", 4) => "variance",
        ("LSTM" or "GRU" or "RNN", 1) => "weight",
        ("LSTM" or "GRU" or "RNN", 2) => "recurrence",
        ("LSTM" or "GRU" or "RNN", 3) => "bias",
        ("Gather", 0) => "embedding",
        ("Attention" or "MultiHeadAttention", 1) => "weight",
        ("Attention", 2) => "bias",
        ("Add", _) => "bias",
        ("Mul", _) => "scale",
        ("PRelu", 1) => "scale",
        _ => "operand",
    };
}

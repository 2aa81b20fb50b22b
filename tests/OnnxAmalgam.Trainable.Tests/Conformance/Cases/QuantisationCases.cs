using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class QuantisationCases
{
    static readonly ScalarType[] Zeros = [ScalarType.Byte, ScalarType.Int8];

    public static readonly Case[] All =
    [
        Quantize(X(N, 3, 4), Scalar(0.1)),
        Quantize(X(N, 3, 4), Scalar(0.01)),
        .. Zeros.Select(type => Quantize(X(N, 3, 4), Scalar(0.013), Zero(type, []))),
        .. Zeros.Select(type => Quantize(X(N, 3, 4), Positive(3), Zero(type, [3])) with { From = 13 }),
        Quantize(X(N, 3, 4), Positive(4), Zero(ScalarType.Int8, [4])) with { From = 13, Attributes = [A("axis", -1)] },
        Quantize(X(N, 3, 4), Scalar(0.013), Zero(ScalarType.Int16, [])) with { From = 21 },
        Quantize(X(N, 3, 4), Scalar(0.05)) with { From = 21, Attributes = [A("output_dtype", 3), A("saturate", 1)] },
        Quantize(X(N, 4, 3), Positive(N, 2, 3), Zero(ScalarType.Int8, [N, 2, 3])) with { From = 21, Attributes = [A("axis", 1), A("block_size", 2)] },
        Quantize(X(N, 3, 4), Scalar(0.05)) with { From = 23, Attributes = [A("precision", 1)] },
        .. ((Operand[])[X(N, 3, 4), Positive(N, 3, 4), Between(-2, -1, N, 3, 4)]).Select(x => new Case("DynamicQuantizeLinear", x) { Types = Float, HasKink = true, LacksFloat16 = true, Outputs = 3 }),
        .. Zeros.Select(type => Dequantize(Zero(type, [N, 3, 4]), Scalar(0.1))),
        .. Zeros.Select(type => Dequantize(Zero(type, [N, 3, 4]), Scalar(0.1), Zero(type, []))),
        .. Zeros.Select(type => Dequantize(Zero(type, [N, 3, 4]), Positive(3), Zero(type, [3])) with { From = 13 }),
        Dequantize(Zero(ScalarType.Int32, [N, 3, 4]), Scalar(0.1)),
        Dequantize(Zero(ScalarType.Int8, [N, 3, 4]), Positive(4)) with { From = 13, Attributes = [A("axis", 2)] },
        Dequantize(Zero(ScalarType.Int8, [N, 4, 3]), Positive(N, 2, 3), Zero(ScalarType.Int8, [N, 2, 3])) with { From = 21, Attributes = [A("axis", 1), A("block_size", 2)] },
        Dequantize(Zero(ScalarType.Int8, [N, 4, 3]), Scalar(0.1)) with { From = 23, Attributes = [A("output_dtype", 1)] },
    ];

    /// <summary>Rounding has no gradient, the one that passes straight through it is tested by itself.</summary>
    static Case Quantize(params Operand[] operands) => new("QuantizeLinear", operands) { Types = Float, HasKink = true, From = 10 };

    static Case Dequantize(params Operand[] operands) => new("DequantizeLinear", operands) { Types = Float, From = 10 };

    static Operand Zero(ScalarType type, long[] shape) => Of(shape, 5, 100, 7, 90, 20) with { Type = type };
}

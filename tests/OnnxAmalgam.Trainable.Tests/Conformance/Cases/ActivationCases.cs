using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class ActivationCases
{
    public static readonly Case[] All =
    [
        new("Relu", X(N, 3, 4)),
        new("Sigmoid", X(N, 3, 4)),
        new("Sigmoid", Of([N, 2], 40, -40)) { Types = Float, IsFlat = true },
        new("HardSwish", Between(-6, 6, N, 3, 4)) { Types = Float },
        new("Softplus", X(N, 3, 4)) { Types = Float },
        new("Softplus", Of([N, 4], 15, 25, 60, -60)) { Types = Float },
        new("Softsign", X(N, 3, 4)) { Types = Float },
        new("Mish", X(N, 3, 4)) { Types = Float },
        new("Mish", Of([N, 2], 25, -30)) { Types = Float },
        new("Identity", X(N, 3, 4)) { Types = Numbers },
        new("LeakyRelu", X(N, 3, 4)) { Types = Float },
        new("LeakyRelu", X(N, 3, 4)) { Types = Float, Attributes = [A("alpha", 0.3f)] },
        new("ThresholdedRelu", X(N, 3, 4)) { Types = Float },
        new("ThresholdedRelu", X(N, 3, 4)) { Types = Float, Attributes = [A("alpha", 0.3f)] },
        new("ThresholdedRelu", X(N, 3, 4)) { Types = Float, Attributes = [A("alpha", -0.3f)] },
        new("Shrink", X(N, 3, 4)) { Types = Float },
        new("Shrink", X(N, 3, 4)) { Attributes = [A("lambd", 1.5f), A("bias", 0.75f)] },
        new("PRelu", X(N, 3, 4, 2), Positive(3, 1, 1)) { Types = Float },
        new("PRelu", X(N, 3, 4), X(4)) { Types = Float },
        new("PRelu", X(N, 3), Of([1], 0.25)) { Types = Float },
        new("Elu", X(N, 3, 4)) { Types = Float },
        new("Elu", X(N, 3, 4)) { Types = Float, Attributes = [A("alpha", 0.3f)] },
        new("Celu", X(N, 3, 4)) { Types = Float, LacksFloat16 = true },
        new("Celu", X(N, 3, 4)) { Types = Float, LacksFloat16 = true, Attributes = [A("alpha", 0.3f)] },
        new("Selu", X(N, 3, 4)) { Types = Float },
        new("Selu", X(N, 3, 4)) { Types = Float, Attributes = [A("alpha", 0.3f), A("gamma", 2f)] },
        new("HardSigmoid", X(N, 3, 4)) { Types = Float },
        new("HardSigmoid", X(N, 3, 4)) { Types = Float, Attributes = [A("alpha", 1 / 6f), A("beta", 0.4f)] },
        new("Gelu", X(N, 3, 4)) { Types = Float, From = 20 },
        new("Gelu", X(N, 3, 4)) { Types = Float, From = 20, Attributes = [A("approximate", "tanh")] },
        new("Gelu", X(N, 3, 4)) { Types = Float, From = 20, Attributes = [A("approximate", "none")] },
        new("Clip", X(N, 3, 4)) { Types = Float },
        new("Clip", X(N, 3, 4)) { Types = Float, To = 10, Attributes = [A("min", -1f), A("max", 1.5f)] },
        new("Clip", X(N, 3, 4)) { Types = Float, To = 10, Attributes = [A("max", 0.5f)] },
        new("Clip", X(N, 3, 4), Scalar(-1), Scalar(1.5)) { Types = Float, From = 11 },
        new("Clip", X(N, 3, 4), None, Scalar(1)) { Types = Numbers, From = 12 },
        new("Clip", X(N, 3, 4), Scalar(-1)) { Types = Numbers, From = 12 },
        new("Clip", X(N, 3, 4), Scalar(2), Scalar(-1)) { Types = Numbers, From = 13, IsFlat = true },
        .. Softmax("Softmax"), .. Softmax("LogSoftmax"),
        new("Hardmax", X(N, 3, 4)) { Types = Float, IsFlat = true },
        new("Hardmax", Of([N, 4], 1, 2, 2, 0)) { Types = Float, HasKink = true },
        new("Hardmax", X(N, 3, 4)) { Types = Float, IsFlat = true, Attributes = [A("axis", 1)] },
        new("Hardmax", X(N, 3, 4)) { Types = Float, IsFlat = true, From = 11, Attributes = [A("axis", -2)] },
        new("Dropout", X(N, 3, 4)),
        new("Dropout", X(N, 3, 4)) { To = 11, Attributes = [A("ratio", 0.9f)] },
        new("Dropout", X(N, 3, 4), Float32(0.9) with { Shape = [] }) { From = 12 },
        new("Dropout", X(N, 3, 4), Float32(0.9) with { Shape = [] }) { From = 12, Outputs = 2 },
        new("Dropout", X(N, 3, 4), Float32(0.9) with { Shape = [] }, Of([], 0) with { Type = ScalarType.Bool }) { From = 12, Attributes = [A("seed", 3)] },
    ];

    static Case[] Softmax(string type) =>
    [
        new(type, X(N, 3, 4)),
        new(type, X(N, 3, 4, 2)) { Attributes = [A("axis", 1)] },
        new(type, X(N, 3, 4)) { Attributes = [A("axis", 0)] },
        new(type, X(N, 3, 4, 2)) { From = 11, Attributes = [A("axis", -2)] },
        new(type, Of([N, 3], 500, -500, 499)) { Types = Float },
    ];
}

using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class RecurrentCases
{
    public static readonly Case[] All =
    [
        .. Cases("RNN", 1, 2), .. Cases("GRU", 3, 2), .. Cases("LSTM", 4, 3),
        Of("RNN", 1, 2, 1) with { Attributes = [A("hidden_size", 3), A("activations", ["LeakyRelu"]), A("activation_alpha", [0.3f])] },
        Of("RNN", 1, 2, 1) with { Attributes = [A("hidden_size", 3), A("activations", ["Affine"]), A("activation_alpha", [0.3f]), A("activation_beta", [0.1f])] },
        Of("RNN", 1, 2, 1) with { Attributes = [A("hidden_size", 3), A("activations", ["ScaledTanh"]), A("activation_alpha", [0.7f]), A("activation_beta", [0.6f])] },
        Of("GRU", 3, 2, 1) with { Attributes = [A("hidden_size", 3), A("linear_before_reset", 1)] },
        Of("GRU", 3, 2, 2) with { Attributes = [A("hidden_size", 3), A("linear_before_reset", 1), A("direction", "bidirectional"), A("activations", ["HardSigmoid", "Softsign", "Sigmoid", "Relu"]), A("activation_alpha", [0.3f]), A("activation_beta", [0.4f])] },
        Of("LSTM", 4, 3, 1) with { Attributes = [A("hidden_size", 3), A("input_forget", 1)] },
        Of("LSTM", 4, 3, 1) with { Attributes = [A("hidden_size", 3), A("activations", ["HardSigmoid", "Softplus", "Elu"]), A("activation_alpha", [0.3f, 0.8f]), A("activation_beta", [0.4f])] },
        Of("LSTM", 4, 3, 2, States(2), States(2), Small(2, 9)) with { Attributes = [A("hidden_size", 3), A("direction", "bidirectional")] },
        Of("LSTM", 4, 3, 2, States(2)) with { Attributes = [A("hidden_size", 3), A("direction", "bidirectional"), A("activations", ["Sigmoid", "Tanh", "Tanh", "Sigmoid", "Relu", "Tanh"])] },
    ];

    static Case[] Cases(string type, int gates, int outputs) =>
    [
        new(type, X(4, N, 2), Small(1, gates * 3, 2), Small(1, gates * 3, 3)) { Types = Float, Outputs = outputs, Attributes = [A("hidden_size", 3)] },
        Of(type, gates, outputs, 1) with { Attributes = [A("hidden_size", 3), A("direction", "reverse")] },
        Of(type, gates, outputs, 2, States(2)) with { Attributes = [A("hidden_size", 3), A("direction", "bidirectional")] },
        Of(type, gates, outputs, 1) with { Attributes = [A("hidden_size", 3), A("clip", 0.4f)] },
        Of(type, gates, outputs, 1) with { Attributes = [A("hidden_size", 3), A("direction", "forward"), A("layout", 0)], From = 14 },
        new(type, X(4, 3, 2), Small(1, gates * 3, 2), Small(1, gates * 3, 3), Small(1, gates * 6), Lengths) { Types = Float, Outputs = outputs, Attributes = [A("hidden_size", 3)] },
        new(type, X(4, 3, 2), Small(2, gates * 3, 2), Small(2, gates * 3, 3), Small(2, gates * 6), Lengths) { Types = Float, Outputs = outputs, Attributes = [A("hidden_size", 3), A("direction", "bidirectional")] },
    ];

    static Case Of(string type, int gates, int outputs, int directions, params Operand[] states) =>
        new(type, [X(4, N, 2), Small(directions, gates * 3, 2), Small(directions, gates * 3, 3), Small(directions, gates * 6), .. states.Length == 0 ? (Operand?[])[] : [None, .. states]])
        {
            Types = Float,
            Outputs = outputs,
        };

    static Operand Small(params long[] shape) => Between(-0.8, 0.8, shape);

    static Operand States(long directions) => Between(-1, 1, directions, N, 3);

    static Operand Lengths => Ints(4, 1, 2) with { Type = ScalarType.Int32 };
}

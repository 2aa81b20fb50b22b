using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class LossCases
{
    public static readonly Case[] All =
    [
        .. ((string[])["NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"]).SelectMany(type => (Case[])
        [
            new(type, X(N, 4), IntsIn([N], 1, 3, 0)),
            new(type, X(N, 4), IntsIn([N], 1, 3, 0), Positive(4)),
            .. ((string[])["none", "sum", "mean"]).SelectMany(reduction => (Case[])
            [
                new(type, X(N, 4, 3, 2), IntsIn([N, 3, 2], 1, 3, 0, 2, 2, 1), Positive(4)) { Attributes = [A("reduction", reduction)] },
                new(type, X(N, 4, 5), IntsIn([N, 5], 1, 3, 0, 2), Positive(4)) { Attributes = [A("reduction", reduction), A("ignore_index", 3)] },
                new(type, X(N, 4, 5), IntsIn([N, 5], 1, -1, 0, 2)) { Attributes = [A("reduction", reduction), A("ignore_index", -1)] },
            ]),
        ]).Select(c => c with { Types = Float }),
        new("SoftmaxCrossEntropyLoss", X(N, 4, 3), IntsIn([N, 3], 1, 3, 0, 2)) { Types = Float, Outputs = 2 },
    ];
}

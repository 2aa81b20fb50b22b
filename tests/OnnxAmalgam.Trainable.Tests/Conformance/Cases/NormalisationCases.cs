using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class NormalisationCases
{
    public static readonly Case[] All =
    [
        new("BatchNormalization", X(N, 3, 2, 4), X(3), X(3), X(3), Positive(3)) { Types = Float },
        new("BatchNormalization", X(N, 3), X(3), X(3), X(3), Positive(3)) { Types = Float, From = 9, Attributes = [A("epsilon", 0.1f), A("momentum", 0.5f)] },
        new("BatchNormalization", X(N, 3, 5), X(3), X(3), X(3), Positive(3)) { Types = Float, From = 9 },
        new("BatchNormalization", X(N, 3, 2, 4), X(3), X(3), X(3), Positive(3)) { Types = Float, To = 8, Attributes = [A("spatial", 1), A("epsilon", 0.1f), A("momentum", 0.5f)] },
        new("BatchNormalization", X(N, 3, 2, 4), X(3), X(3), X(3), Positive(3)) { Types = Float, From = 14, Attributes = [A("training_mode", 0), A("epsilon", 0.1f), A("momentum", 0.5f)] },
        new("InstanceNormalization", X(N, 3, 2, 4), X(3), X(3)) { Types = Float },
        new("InstanceNormalization", X(N, 3, 5), X(3), X(3)) { Types = Float, Attributes = [A("epsilon", 0.1f)] },
        new("LayerNormalization", X(N, 3, 4), X(4), X(4)),
        new("LayerNormalization", X(N, 3, 4), X(4)) { Attributes = [A("stash_type", 1)] },
        new("LayerNormalization", X(N, 3, 4), X(3, 4), X(3, 4)) { Attributes = [A("axis", 1), A("epsilon", 0.1f)] },
        new("LayerNormalization", X(N, 3, 4), X(3, 4)) { Attributes = [A("axis", -2)] },
        new("LayerNormalization", X(N, 3, 4), X(4), X(4)) { Types = Float, Outputs = 3 },
        new("LayerNormalization", X(N, 3, 4), X(3, 4)) { Types = Float, Outputs = 3, Attributes = [A("axis", 1)] },
        new("LayerNormalization", X(2, N, 3, 4), X(3, 4), X(3, 4)) { Attributes = [A("axis", 2)] },
        new("GroupNormalization", X(N, 4, 3, 2), X(2), X(2)) { Types = Float, From = 18, To = 20, Attributes = [A("num_groups", 2)] },
        new("GroupNormalization", X(N, 4, 5), X(4), X(4)) { Types = Float, From = 18, To = 20, Attributes = [A("num_groups", 4), A("epsilon", 0.1f)] },
        new("GroupNormalization", X(N, 4, 3, 2), X(4), X(4)) { Types = Float, From = 21, Attributes = [A("num_groups", 2), A("stash_type", 1)] },
        new("GroupNormalization", X(N, 4, 5), X(4), X(4)) { Types = Float, From = 21, Attributes = [A("num_groups", 1), A("epsilon", 0.1f)] },
        new("RMSNormalization", X(N, 3, 4), X(4)) { Types = Float },
        new("RMSNormalization", X(N, 3, 4), X(3, 4)) { Types = Float, Attributes = [A("axis", 1), A("epsilon", 0.1f), A("stash_type", 1)] },
        new("SimplifiedLayerNormalization", X(N, 3, 4), X(4)) { Types = Float },
        new("SimplifiedLayerNormalization", X(N, 3, 4), X(4)) { Types = Float, Attributes = [A("axis", -1), A("epsilon", 0.1f), A("stash_type", 1)] },
        new("LRN", X(N, 5, 3, 2)) { Types = Float, Attributes = [A("size", 3)] },
        new("LRN", X(N, 5, 3, 2)) { Types = Float, Attributes = [A("size", 3), A("alpha", 0.2f), A("beta", 0.5f), A("bias", 2f)] },
        new("LRN", X(N, 3, 2, 2)) { Types = Float, Attributes = [A("size", 5), A("alpha", 0.2f)] },
        new("LpNormalization", X(N, 3, 4)),
        new("LpNormalization", X(N, 3, 4)) { Attributes = [A("p", 1), A("axis", 1)] },
        new("MeanVarianceNormalization", X(N, 3, 4, 2)) { Types = Float },
        new("MeanVarianceNormalization", X(N, 3, 4, 2)) { Types = Float, Attributes = [A("axes", [2, 3])] },
    ];
}

using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static OnnxAmalgam.Trainable.Tests.Conformance.ElementTypeSets;
using static OnnxAmalgam.Trainable.Tests.Conformance.Operand;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance.Cases;

internal static class ConstantCases
{
    public static readonly Case[] All =
    [
        new("Constant") { Types = Float, IsFlat = true, Attributes = [A("value", Stored([2, 2], ScalarType.Float32))] },
        new("Constant") { Types = Float, IsFlat = true, Attributes = [A("value", Stored([3], ScalarType.Float64))] },
        new("Constant") { Types = Float, IsFlat = true, Attributes = [A("value", Stored([], ScalarType.Int64))] },
        new("Constant") { Types = Float, IsFlat = true, From = 12, Attributes = [A("value_float", 1.5f)] },
        new("Constant") { Types = Float, IsFlat = true, From = 12, Attributes = [A("value_floats", [1.5f, 2f])] },
        new("Constant") { Types = Float, IsFlat = true, From = 12, Attributes = [A("value_int", 7)] },
        new("Constant") { Types = Float, IsFlat = true, From = 12, Attributes = [A("value_ints", [7, -8])] },
        new("ConstantOfShape", Ints(2, 3)) { Types = Float, IsFlat = true },
        new("ConstantOfShape", Ints(2, 3)) { Types = Float, IsFlat = true, Attributes = [A("value", Stored([1], ScalarType.Float64))] },
        new("ConstantOfShape", Ints(4)) { Types = Float, IsFlat = true, Attributes = [A("value", Stored([1], ScalarType.Int64))] },
        new("ConstantOfShape", Ints()) { Types = Float, IsFlat = true, Attributes = [A("value", Stored([1], ScalarType.Int32))] },
        new("Range", Scalar(1), Scalar(10), Scalar(3)) { Types = Numbers, IsFlat = true },
        new("Range", Scalar(5), Scalar(-1), Scalar(-2)) { Types = Numbers, IsFlat = true },
        new("Range", Scalar(5), Scalar(1), Scalar(2)) { Types = Numbers, IsFlat = true },
        new("Range", Scalar(0), Scalar(1), Scalar(0.1)) { Types = Floating, IsFlat = true, Tolerance = 1e-6 },
        .. ((long[])[1, 11]).Select(to => new Case("Cast", X(N, 4)) { Types = Numbers, Attributes = [A("to", to)] }),
        .. ((long[])[6, 7, 9]).Select(to => new Case("Cast", Of([N, 4], 1.7, -1.7, 0, 2.5)) { Types = Numbers, IsFlat = true, Attributes = [A("to", to)] }),
        new("Cast", Of([N, 4], 1.7, 3.2, 0, 200)) { Types = Numbers, IsFlat = true, Attributes = [A("to", 2)] },
        new("Cast", Bools(N, 4)) { Types = Float, IsFlat = true, Attributes = [A("to", 1)] },
        new("Cast", X(N, 4)) { Types = Numbers, From = 19, Attributes = [A("to", 1), A("saturate", 1)] },
        new("CastLike", X(N, 4), X(2)) { Types = Numbers },
        new("CastLike", Of([N, 4], 1.7, -1.7, 0, 2.5), Int(1)) { Types = Numbers, IsFlat = true },
        new("CastLike", Of([N, 4], 1.7, -1.7, 0, 2.5), Bools(1)) { Types = Numbers, From = 19, IsFlat = true, Attributes = [A("saturate", 1)] },
    ];

    static Onnx.TensorProto Stored(long[] shape, ScalarType type)
    {
        using var values = (shape.Length == 0 ? tensor(2.5) : arange(1.5, 1.5 + shape.Aggregate((a, b) => a * b), 1).reshape(shape)).to_type(type);
        return CaseModel.Proto("", values);
    }
}

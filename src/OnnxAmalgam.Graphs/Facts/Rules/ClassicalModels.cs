using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>The ai.onnx.ml domain: classifiers give a label [n] and scores [n, classes].</summary>
internal static class ClassicalModels
{
    public const string Domain = "ai.onnx.ml";

    public static readonly FactRule[] Rows =
    [
        new("LinearClassifier", Classify, Domain),
        new("SVMClassifier", Classify, Domain),
        new("TreeEnsembleClassifier", Classify, Domain),
        new("Normalizer", Float, Domain),
        new("Scaler", Float, Domain),
        new("Imputer", c => c.Like(c.Shape(0)), Domain),
        new("Binarizer", c => c.Like(c.Shape(0)), Domain),
        new("LinearRegressor", Regress, Domain),
        new("LabelEncoder", Encode, Domain),
        new("ArrayFeatureExtractor", Extract, Domain),
    ];

    static ValueState?[] Classify(RuleCall c)
    {
        var names = c.Node.Strings("classlabels_strings");
        var numbers = c.Node.Ints("classlabels_int64s") ?? c.Node.Ints("classlabels_ints");
        var n = c.Shape(0) is [var rows, _] ? rows : c.Shape(0) is [_] ? 1 : c.Fresh();
        var label = new ValueState(names is { Length: > 0 } ? DataType.String : DataType.Int64, [n]);
        var classes = names is { Length: > 0 } ? names.Length : numbers?.Length;
        return [label, new ValueState(DataType.Float, [n, classes is { } width ? width : c.Fresh()])];
    }

    static ValueState?[] Float(RuleCall c) => [new ValueState(DataType.Float, c.Shape(0))];

    static ValueState?[] Regress(RuleCall c) =>
        c.Shape(0) is [var n, _] ? [new ValueState(DataType.Float, [n, c.Node.Int("targets", 1)])] : RuleCall.Absent;

    static ValueState?[] Encode(RuleCall c)
    {
        DataType? type = c.Node.Strings("values_strings") is { Length: > 0 } ? DataType.String
            : c.Node.Ints("values_int64s") is { Length: > 0 } ? DataType.Int64
            : c.Node.Floats("values_floats") is { Length: > 0 } ? DataType.Float
            : c.Node.Strings("classes_strings") is not null && c.Type(0) != DataType.Undefined ? (c.Type(0) == DataType.String ? DataType.Int64 : DataType.String) : null;
        return type is { } known ? [new ValueState(known, c.Shape(0))] : RuleCall.Absent;
    }

    /// <remarks>X[*, k], picks[m] -> Y[*, m]; a vector counts as one row.</remarks>
    static ValueState?[] Extract(RuleCall c)
    {
        if (c.Shape(0) is not { Length: > 0 } x || c.Shape(1) is not { } picks)
            return RuleCall.Absent;
        return c.Like([.. x.Length == 1 ? [Extent.Of(1)] : x[..^1], Extent.Product(picks)]);
    }
}

namespace OnnxAmalgam.Graphs.Edits.Opsets;

/// <summary>Which operators of ONNX's own domain each opset defined or defined anew, as ONNX's change log (docs/Changelog.md) lists them.</summary>
/// <remarks>A name with <c>!</c>: a node written for the opset before may need rewriting (<see cref="OpsetSteps"/>). One without, and not
/// new: only element types, wording, or inputs and attributes whose absence means what it meant before.</remarks>
internal static class OperatorVersions
{
    static readonly Dictionary<int, string> Changes = new()
    {
        [1] =
            """
            Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast Ceil Clip Concat Constant Conv ConvTranspose DepthToSpace Div Dropout
            Elu Equal Exp Flatten Floor Gather Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GRU Hardmax HardSigmoid Identity If
            InstanceNormalization LeakyRelu Less Log LogSoftmax Loop LpNormalization LpPool LRN LSTM MatMul Max MaxPool MaxRoiPool Mean Min Mul
            Neg Not Or Pad Pow PRelu RandomNormal RandomNormalLike RandomUniform RandomUniformLike Reciprocal ReduceL1 ReduceL2 ReduceLogSum
            ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape RNN Selu Shape Sigmoid Size Slice
            Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tanh Tile TopK Transpose Unsqueeze Upsample Xor
            """,
        [2] = "GlobalLpPool LpPool Pad Split",
        [3] = "GRU",
        [4] = "Concat",
        [5] = "Reshape",
        [6] =
            """
            Abs Add BatchNormalization Cast Ceil Clip Div Dropout Elu Exp Floor Gemm HardSigmoid InstanceNormalization LeakyRelu Log Max Mean
            Min Mul Neg PRelu Reciprocal Relu Selu Sigmoid Sqrt Sub Sum Tanh Tile
            """,
        [7] =
            """
            Acos Add And Asin Atan AveragePool BatchNormalization Cos Div Dropout Equal Gemm Greater GRU Less LSTM Mul Multinomial Or Pow PRelu
            RNN Sin Sub Tan Upsample Xor
            """,
        [8] = "Expand Max MaxPool Mean Min Scan Sum",
        [9] =
            """
            Acosh Asinh Atanh BatchNormalization! Cast Compress Constant ConstantOfShape Cosh Erf EyeLike Flatten Gemm Greater IsNaN Less MatMul
            MaxUnpool MeanVarianceNormalization NonZero OneHot PRelu Scan! Scatter Shrink Sign Sinh TfIdfVectorizer Upsample! Where
            """,
        [10] =
            """
            AveragePool ConvInteger DequantizeLinear Dropout! IsInf MatMulInteger MaxPool Mod NonMaxSuppression QLinearConv QLinearMatMul
            QuantizeLinear Resize ReverseSequence RoiAlign Slice! StringNormalizer ThresholdedRelu TopK! Upsample!
            """,
        [11] =
            """
            ArgMax ArgMin AveragePool BitShift Clip! Compress Concat ConcatFromSequence Constant Conv ConvTranspose CumSum DepthToSpace Det
            DynamicQuantizeLinear Equal Flatten Gather GatherElements GatherND Gemm Hardmax If LogSoftmax Loop LpPool MaxPool MaxUnpool
            NonMaxSuppression OneHot Pad! Range ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
            ReduceSum ReduceSumSquare Resize! Round Scan Scatter! ScatterElements ScatterND SequenceAt SequenceConstruct SequenceEmpty
            SequenceErase SequenceInsert SequenceLength Slice Softmax Split SplitToSequence Squeeze TopK Unique Unsqueeze
            """,
        [12] =
            """
            ArgMax ArgMin Celu Clip Constant Dropout! Einsum GatherND GreaterOrEqual LessOrEqual Max MaxPool Min NegativeLogLikelihoodLoss Pow
            ReduceMax ReduceMin SoftmaxCrossEntropyLoss
            """,
        [13] =
            """
            Abs Add ArgMax ArgMin Cast Ceil Clip Concat Constant DepthToSpace DequantizeLinear Div Dropout Equal Erf! Exp Expand Flatten Floor
            Gather GatherElements GatherND Gemm Greater Hardmax! Identity If IsNaN Less Log LogSoftmax! Loop LRN MatMul Max Mean
            MeanVarianceNormalization Min Mod Mul Neg NegativeLogLikelihoodLoss NonZero Pad Pow QuantizeLinear Reciprocal ReduceL1 ReduceL2
            ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum! ReduceSumSquare Relu Reshape Resize!
            ScatterElements ScatterND Shape Sigmoid Sign Size Slice Softmax! SoftmaxCrossEntropyLoss SpaceToDepth Split! Sqrt Squeeze! Sub Sum
            Tanh Tile Transpose Unsqueeze!
            """,
        [14] = "Add BatchNormalization! CumSum Div GRU HardSwish Identity LSTM Mul Relu Reshape RNN Sub Trilu",
        [15] = "BatchNormalization Bernoulli CastLike Optional OptionalGetElement OptionalHasElement Pow Shape",
        [16] = "GreaterOrEqual GridSample Identity If LeakyRelu LessOrEqual Loop PRelu RoiAlign! Scan ScatterElements ScatterND Where",
        [17] = "BlackmanWindow DFT HammingWindow HannWindow LayerNormalization MelWeightMatrix SequenceMap STFT",
        [18] =
            """
            BitwiseAnd BitwiseNot BitwiseOr BitwiseXor CenterCropPad Col2Im GroupNormalization LpPool Mish OptionalGetElement OptionalHasElement
            Pad ReduceL1! ReduceL2! ReduceLogSum! ReduceLogSumExp! ReduceMax! ReduceMean! ReduceMin! ReduceProd! ReduceSumSquare! Resize!
            ScatterElements ScatterND Split!
            """,
        [19] =
            """
            AveragePool Cast CastLike Constant DeformConv DequantizeLinear Equal Identity If Loop Pad QuantizeLinear Reshape Resize Scan Shape
            Size
            """,
        [20] =
            """
            AffineGrid ConstantOfShape DFT! Gelu GridSample! ImageDecoder IsInf IsNaN ReduceMax ReduceMin RegexFullMatch StringConcat
            StringSplit
            """,
        [21] =
            """
            Cast CastLike Constant ConstantOfShape DequantizeLinear Flatten GroupNormalization! Identity If Loop Pad QLinearMatMul
            QuantizeLinear Reshape Scan Shape Size Squeeze Transpose Unsqueeze
            """,
        [22] =
            """
            Acos Acosh Asin Asinh Atan Atanh AveragePool Bernoulli Conv ConvTranspose Cos Cosh DeformConv Det Dropout Elu EyeLike
            GlobalAveragePool GlobalLpPool GlobalMaxPool GridSample GRU HardSigmoid HardSwish InstanceNormalization LpNormalization LpPool LSTM
            MaxPool MaxRoiPool MaxUnpool Mish Multinomial NegativeLogLikelihoodLoss RandomNormal RandomNormalLike RandomUniform
            RandomUniformLike RNN RoiAlign Round Selu Sin Sinh Softplus Softsign Tan ThresholdedRelu
            """,
        [23] =
            """
            Attention Cast CastLike Constant ConstantOfShape DequantizeLinear Flatten Identity If Loop Pad QuantizeLinear Reshape
            RMSNormalization RotaryEmbedding Scan Shape Size Squeeze Transpose Unsqueeze
            """,
    };

    static readonly Dictionary<string, SortedDictionary<int, bool>> ByOperator = Read();

    /// <summary>Every operator listed.</summary>
    public static IEnumerable<string> Operators => ByOperator.Keys;

    /// <summary>The opsets that defined the operator, oldest first; empty: it is none of ONNX's.</summary>
    public static IReadOnlyCollection<int> Of(string type) => ByOperator.TryGetValue(type, out var versions) ? versions.Keys : [];

    /// <summary>Whether a node of the operator may need rewriting when it comes to this opset from the one before.</summary>
    public static bool MayNeedStep(string type, int opset) => ByOperator.TryGetValue(type, out var versions) && versions.GetValueOrDefault(opset);

    static Dictionary<string, SortedDictionary<int, bool>> Read()
    {
        var all = new Dictionary<string, SortedDictionary<int, bool>>(StringComparer.Ordinal);
        foreach (var (opset, names) in Changes)
        {
            foreach (var name in names.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
            {
                var type = name.TrimEnd('!');
                if (!all.TryGetValue(type, out var versions))
                    all[type] = versions = [];
                versions.Add(opset, name != type);
            }
        }
        return all;
    }
}

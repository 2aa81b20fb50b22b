using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Operators;

/// <summary>Computes a node's outputs, in the operator's order. The caller owns them; none is an input itself (aliases are).</summary>
internal delegate Tensor[] Kernel(NodeCall call);

/// <summary>Computes a node's only output over one of its inputs, whose elements nobody reads any more.</summary>
/// <param name="call">The node's inputs.</param>
/// <param name="input">The input to write over.</param>
/// <returns>That input, or null where the result does not fit there: nothing was written then.</returns>
internal delegate Tensor? OverwritingKernel(NodeCall call, int input);

/// <summary>In which float type a node runs when activations are kept in a narrower one than the weights.</summary>
internal enum Precision
{
    /// <summary>Every float input is brought to the activations' type.</summary>
    Activations,
    /// <summary>Inputs are brought to the weights' type, outputs back: sums, exponentials and norms lose too much otherwise.</summary>
    Full,
    /// <summary>Input 0 is an activation, the others stay as they are: libtorch mixes them itself.</summary>
    Mixed,
}

/// <summary>One row of the operator table: what an operator means from one opset on.</summary>
/// <param name="Type">The operator's name.</param>
/// <param name="Since">The first opset of its domain in which it means this.</param>
/// <param name="Bind">Reads the attributes once and gives the kernel.</param>
internal sealed record Operator(string Type, int Since, Func<OperatorNode, Kernel> Bind)
{
    /// <summary>The operator's domain; empty for ONNX's own.</summary>
    public string Domain { get; init; } = "";

    /// <summary>Attributes that the kernel honours; any other on a node is an error.</summary>
    public string[] Attributes { get; init; } = [];

    /// <summary>Of those, the ones that cannot change what is trained and written: training modes (the module decides), layouts of outputs that are not made.</summary>
    public string[] Ignored { get; init; } = [];

    /// <summary>Inputs that are weights by their place: initializers there are trained.</summary>
    public int[] Weights { get; init; } = [];

    /// <summary>Inputs that are running statistics: updated in training mode, never by gradients.</summary>
    public int[] Buffers { get; init; } = [];

    /// <summary>Inputs that the kernel reads as numbers (shapes, axes, limits); they stay on the CPU and carry no gradient.</summary>
    public int[] Host { get; init; } = [];

    /// <summary>Inputs that say in which format numbers are kept (scales and zero points of quantisation): what is stored there is never a weight.</summary>
    public int[] Formats { get; init; } = [];

    /// <summary>A constant operand of several elements is a weight (a bias, a scale, a class token) where another input already depends on weights.</summary>
    public bool Joins { get; init; }

    /// <summary>Looks at shapes only, never at elements.</summary>
    public bool ReadsShapeOnly { get; init; }

    /// <summary>Computes the same where uint16, uint32 and uint64 are held in int64: no result leaves their range, none depends on their bits.</summary>
    public bool IsExactInInt64 { get; init; }

    /// <summary>Does something else in training mode, so it is never computed ahead of time.</summary>
    public bool DependsOnMode { get; init; }

    /// <summary>What ONNX has and the kernel refuses beside types that libtorch lacks, as docs/operators.md says it; empty: nothing.</summary>
    public string Refuses { get; init; } = "";

    /// <summary>ONNX Runtime, and so the kernel, computes something else than ONNX's own test files expect: where a node is such a one, by which attribute.</summary>
    public Func<Onnx.NodeProto, string?>? Disputed { get; init; }

    /// <summary>Writes the result over an input instead of into new memory; null: there is no such kernel. Its gradient does not need the input.</summary>
    public OverwritingKernel? Overwrite { get; init; }

    /// <summary>The gradient does not need the output's elements, and the output is no view of an input: whoever reads it last may write over it.</summary>
    public bool LeavesOutput { get; init; }

    /// <summary>How many outputs a node may use.</summary>
    public int MaxOutputs { get; init; } = 1;

    /// <summary>In which type it runs under narrower activations.</summary>
    public Precision Precision { get; init; }

    /// <summary>Turns a node of a written model into its evaluation form, or null when it has no other.</summary>
    public Action<Onnx.NodeProto>? ToEvaluationForm { get; init; }

    /// <summary><c>Resize-13</c>, <c>com.microsoft.Gelu-1</c>.</summary>
    public override string ToString() => Name(Domain, Type, Since);

    /// <summary>How messages write an operator and its version.</summary>
    public static string Name(string domain, string type, long version) =>
        domain.Length == 0 ? $"{type}-{version}" : $"{domain}.{type}-{version}";
}

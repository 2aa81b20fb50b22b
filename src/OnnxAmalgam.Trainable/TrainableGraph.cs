using OnnxAmalgam.Graphs;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable;

/// <summary>An ONNX graph as a TorchSharp module: its float initializers are the parameters, its nodes run through the operator table.</summary>
public sealed class TrainableGraph : nn.Module<Tensor, Tensor>
{
    /// <summary>Builds the module.</summary>
    /// <param name="model">The graph; not changed until <see cref="WriteBack"/> copies it.</param>
    /// <param name="dtype">Float type to compute in: null keeps the file's (float16 initializers are held in float32).</param>
    /// <exception cref="UnsupportedModelException">Operators the table lacks: all of them at once.</exception>
    public TrainableGraph(OnnxModel model, ScalarType? dtype = null) : base(model.Name) => throw new NotImplementedException();

    /// <summary>Loads a file and builds the module.</summary>
    public static TrainableGraph Load(string path) => new(OnnxModel.Load(path));

    /// <summary>Names of the inputs a caller feeds, in graph order.</summary>
    public IReadOnlyList<string> InputNames => throw new NotImplementedException();

    /// <summary>Names of the outputs, in graph order.</summary>
    public IReadOnlyList<string> OutputNames => throw new NotImplementedException();

    /// <summary>Parameters by the initializer's name (module parameter names may differ where torch forbids a character).</summary>
    public IReadOnlyDictionary<string, Parameter> Initializers => throw new NotImplementedException();

    /// <summary>Buffers (running statistics) by the initializer's name.</summary>
    public IReadOnlyDictionary<string, Tensor> Statistics => throw new NotImplementedException();

    /// <summary>Evaluates the first output for a graph of one input.</summary>
    public override Tensor forward(Tensor input) => throw new NotImplementedException();

    /// <summary>Evaluates the named values (outputs or inner values) and nothing that they do not need.</summary>
    /// <param name="inputs">A tensor per input name; not disposed.</param>
    /// <param name="values">Names to return, in this order. The caller owns the results.</param>
    public Tensor[] Run(IReadOnlyDictionary<string, Tensor> inputs, IReadOnlyList<string> values) => throw new NotImplementedException();

    /// <summary>The model with the current parameters and statistics written into its initializers; all else byte for byte as loaded.</summary>
    public OnnxModel WriteBack() => throw new NotImplementedException();
}

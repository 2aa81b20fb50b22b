using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>How a session is set up.</summary>
public sealed record FrozenModelOptions
{
    /// <summary>Where it runs.</summary>
    public ComputeDevice Device { get; init; }
    /// <summary>Threads within an operator; 0: ONNX Runtime's default.</summary>
    public int Threads { get; init; }
    /// <summary>Whether ONNX Runtime may rewrite the graph (fusions); off for exact comparison.</summary>
    public bool Optimise { get; init; } = true;
}

/// <summary>A frozen ONNX graph in ONNX Runtime: one image input, any number of tensor outputs. Owns its session.</summary>
public sealed class FrozenModel : IDisposable
{
    /// <summary>Opens a session that computes just the named values (each a value of the main graph), in this order.</summary>
    public FrozenModel(OnnxModel model, IReadOnlyList<string> outputs, FrozenModelOptions? options = null) => throw new NotImplementedException();

    /// <summary>Name of the image input.</summary>
    public string InputName => throw new NotImplementedException();

    /// <summary>The input's shape; free dimensions are -1.</summary>
    public OutputInfo Input => throw new NotImplementedException();

    /// <summary>The outputs, in the order asked for.</summary>
    public IReadOnlyList<OutputInfo> Outputs => throw new NotImplementedException();

    /// <summary>Full shapes of all outputs for an input of this shape (found by one run on zeros, then remembered per shape).</summary>
    public IReadOnlyList<long[]> OutputShapes(long[] inputShape) => throw new NotImplementedException();

    /// <summary>Runs the graph, reading and writing the caller's memory; nothing is copied on the same device. A graph of fixed batch is run piecewise.</summary>
    public void Run(TensorView input, IReadOnlyList<TensorView> outputs) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotImplementedException();
}

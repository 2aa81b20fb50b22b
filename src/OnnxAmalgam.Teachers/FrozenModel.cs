using System.Collections.Concurrent;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;

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
    /// <summary>How runs on CUDA are ordered against the caller's work.</summary>
    public CudaSchedule Schedule { get; init; }
}

/// <summary>A frozen ONNX graph in ONNX Runtime: one image input, any number of tensor outputs. Safe to use from several threads. Owns its session.</summary>
public sealed class FrozenModel : IDisposable
{
    readonly string name;
    readonly BoundSession session;
    readonly ConcurrentDictionary<long[], long[][]> shapes = new(new ShapeComparer());

    /// <summary>Opens a session that computes just the named values (each a value of the main graph), in this order.</summary>
    /// <exception cref="InputException">ONNX Runtime does not take the graph, the device is absent, or a value is no tensor or needs more than the image.</exception>
    public FrozenModel(OnnxModel model, IReadOnlyList<string> outputs, FrozenModelOptions? options = null)
    {
        options ??= new();
        name = model.Name;
        OnnxModel needed = GraphEdits.Extract(model, outputs);
        Admission.Check(needed);
        session = new BoundSession(needed, outputs, options);
        if (new GraphView(needed.Proto.Graph).Consumers(session.Input.Name).Count == 0)
        {
            session.Dispose();
            throw new InputException($"'{name}', {string.Join(", ", outputs.Select(o => $"'{o}'"))}: expected values that depend on the input '{session.Input.Name}', got constants; read other values.");
        }

        if (session.Input.Shape is [> 0 and var size, ..])
        {
            if (FreeBatch.TryOpen(session, GraphEdits.WithSymbolicBatch(needed), outputs, options) is { } free)
            {
                session.Dispose();
                session = free;
            }
            else
            {
                FixedBatch = checked((int)size);
            }
        }

        Input = WithFreeBatch(session.Input);
        Outputs = [.. session.Outputs.Select(WithFreeBatch)];
    }

    /// <summary>Name of the image input.</summary>
    public string InputName => Input.Name;

    /// <summary>The input's shape; free dimensions are -1, and so is the batch, whatever the file says.</summary>
    public OutputInfo Input { get; }

    /// <summary>The outputs, in the order asked for.</summary>
    public IReadOnlyList<OutputInfo> Outputs { get; }

    /// <summary>The batch that the graph insists on, so that other batches run in pieces of it, at a cost; null: any batch runs at once.</summary>
    public int? FixedBatch { get; }

    /// <summary>Full shapes of all outputs for an input of this shape (found by one run on zeros, then remembered per shape).</summary>
    /// <exception cref="InputException">The graph does not run on this shape, or an output has no batch to cut.</exception>
    public IReadOnlyList<long[]> OutputShapes(long[] inputShape)
    {
        CheckShape(inputShape);
        return shapes.GetOrAdd([.. inputShape], FindShapes);
    }

    /// <summary>Runs the graph, reading and writing the caller's memory; nothing is copied on the same device. A graph of fixed batch is run piecewise.</summary>
    /// <exception cref="ArgumentException">A view's type, shape or device is not what the graph reads or writes.</exception>
    /// <exception cref="InputException">The graph does not run on this shape.</exception>
    public void Run(TensorView input, IReadOnlyList<TensorView> outputs)
    {
        CheckViews(input, outputs);
        if (FixedBatch is { } size && input.Shape[0] != size)
        {
            Piecewise.Run(session, size, input, outputs);
        }
        else
        {
            session.Run(input, outputs);
        }
    }

    /// <summary>Runs on the caller's memory and records that as a CUDA graph, to be launched again on what the same memory then holds. Nothing else in this
    /// process may ask anything of the device meanwhile, or both fail.</summary>
    /// <returns>Null where it cannot be recorded, and nothing was run: no CUDA, another schedule, a network of which ONNX Runtime keeps a part on the
    /// processor, a view there, a batch that is run piecewise.</returns>
    /// <exception cref="ArgumentException">A view's type, shape or device is not what the graph reads or writes.</exception>
    /// <exception cref="InputException">The graph does not run on this shape, or could not be recorded.</exception>
    public RecordedRun? Record(TensorView input, IReadOnlyList<TensorView> outputs)
    {
        CheckViews(input, outputs);
        return FixedBatch is { } size && input.Shape[0] != size ? null : session.Record(input, outputs);
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    long[][] FindShapes(long[] inputShape)
    {
        if (FixedBatch is not { } size || inputShape[0] == size)
        {
            return session.Shapes(inputShape);
        }

        IReadOnlyList<long[]> pieces = OutputShapes([size, .. inputShape.AsSpan(1)]);
        return [.. pieces.Select((shape, i) => shape is [var rows, ..] && rows % size == 0
            ? (long[])[rows / size * inputShape[0], .. shape.AsSpan(1)]
            : throw new InputException($"'{name}', output '{Outputs[i].Name}': expected a first axis that holds the batch of {size}, got [{string.Join(", ", shape)}]; "
                + "export the model with a free batch dimension, or read another value."))];
    }

    void CheckShape(long[] shape)
    {
        bool fits = shape.Length == Input.Shape.Length && shape.Zip(Input.Shape).All(d => d.First > 0 && (d.Second < 0 || d.First == d.Second));
        if (!fits)
        {
            throw new InputException($"'{name}', input '{InputName}': expected [{string.Join(", ", Input.Shape.Select(d => d < 0 ? "?" : $"{d}"))}], got [{string.Join(", ", shape)}]; state the input's layout and size.");
        }
    }

    void CheckViews(TensorView input, IReadOnlyList<TensorView> outputs)
    {
        IReadOnlyList<long[]> expected = OutputShapes(input.Shape);
        if (outputs.Count != expected.Count)
        {
            throw new ArgumentException($"'{name}': expected {expected.Count} outputs, got {outputs.Count}.", nameof(outputs));
        }

        CheckView(input, Input, input.Shape);
        for (int i = 0; i < expected.Count; i++)
        {
            CheckView(outputs[i], Outputs[i], expected[i]);
        }
    }

    void CheckView(TensorView view, OutputInfo info, long[] shape)
    {
        bool reachable = !view.Device.IsCuda || view.Device == session.Device;
        if (view.Pointer == 0 || view.Type != info.Type || !reachable || !view.Shape.AsSpan().SequenceEqual(shape))
        {
            throw new ArgumentException($"'{name}', '{info.Name}': expected {info.Type}[{string.Join(", ", shape)}] on {session.Device}, "
                + $"got {view.Type}[{string.Join(", ", view.Shape)}] on {view.Device}{(view.Pointer == 0 ? " at address 0" : "")}.", nameof(view));
        }
    }

    OutputInfo WithFreeBatch(OutputInfo info) =>
        FixedBatch is { } size && info.Shape is [> 0 and var rows, ..] && rows % size == 0 ? info with { Shape = [-1, .. info.Shape.AsSpan(1)] } : info;

    sealed class ShapeComparer : IEqualityComparer<long[]>
    {
        public bool Equals(long[]? x, long[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(long[] shape)
        {
            HashCode hash = new();
            foreach (long size in shape)
            {
                hash.Add(size);
            }

            return hash.ToHashCode();
        }
    }
}

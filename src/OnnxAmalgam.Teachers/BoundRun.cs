using Microsoft.ML.OnnxRuntime;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>A session's input and outputs at given addresses. Owns neither the session nor the memory.</summary>
internal sealed class BoundRun : IDisposable
{
    readonly InferenceSession session;
    readonly string model;
    readonly long[] inputShape;
    readonly Lock turn;
    readonly OrtIoBinding binding;
    readonly List<OrtValue> values = [];

    /// <summary>Binds.</summary>
    /// <param name="session">What runs.</param>
    /// <param name="model">Its name, for messages.</param>
    /// <param name="input">The input's name and memory.</param>
    /// <param name="outputs">The outputs' names and memory.</param>
    /// <param name="cudaMemory">Where views on CUDA lie; null: there are none.</param>
    /// <param name="turn">Held while it runs.</param>
    internal BoundRun(InferenceSession session, string model, (string Name, TensorView View) input, IEnumerable<(string Name, TensorView View)> outputs, OrtMemoryInfo? cudaMemory, Lock turn)
    {
        (this.session, this.model, inputShape, this.turn) = (session, model, input.View.Shape, turn);
        binding = session.CreateIoBinding();
        try
        {
            binding.BindInput(input.Name, Wrap(input.View));
            foreach (var (name, view) in outputs)
            {
                binding.BindOutput(name, Wrap(view));
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        OrtValue Wrap(TensorView view)
        {
            OrtMemoryInfo memory = view.Device.IsCuda ? cudaMemory! : OrtMemoryInfo.DefaultInstance;
            values.Add(OrtValue.CreateTensorValueWithData(memory, view.Type, view.Shape, view.Pointer, view.Type.SizeInBytes(view.Shape)));
            return values[^1];
        }
    }

    /// <summary>Reads the input and writes the outputs.</summary>
    /// <exception cref="InputException">The graph does not run on this shape.</exception>
    internal void Execute(RunOptions options)
    {
        try
        {
            lock (turn)
            {
                session.RunWithBinding(options, binding);
            }
        }
        catch (OnnxRuntimeException e)
        {
            throw SessionErrors.Failed(model, inputShape, e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        binding.Dispose();
        values.ForEach(v => v.Dispose());
    }
}

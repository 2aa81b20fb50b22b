using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Ensemble;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Export;

internal static class OnnxRun
{
    /// <summary>A float value (the first output, where none is named) in ONNX Runtime.</summary>
    public static Tensor Of(OnnxModel model, Tensor input, string? value = null)
    {
        using var session = new FrozenModel(model, [value ?? model.Proto.Graph.Output[0].Name], new FrozenModelOptions { Threads = 1 });
        Tensor made = empty(session.OutputShapes(input.shape)[0], ScalarType.Float32);
        session.Run(TorchMemory.View(input), [TorchMemory.View(made)]);
        return made;
    }
}

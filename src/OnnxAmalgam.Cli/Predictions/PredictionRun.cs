using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Evaluation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Cli.Predictions;

/// <summary>Classifies pictures with one model.</summary>
internal static class PredictionRun
{
    public static IReadOnlyList<Prediction> Run(string model, IReadOnlyList<string> images, string? recipe, string? teacher, int top, Session session)
    {
        var stated = StatedModel.Open(model, recipe, teacher, session);
        var compute = Compute.WithTorch(session);
        set_num_threads(compute.Threads);
        return [.. Prediction.Of(stated, images, top, compute.Session)];
    }
}

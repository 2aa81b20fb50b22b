using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Cli.Predictions;

/// <summary>Classifies pictures with one model.</summary>
internal static class PredictionRun
{
    public static IReadOnlyList<Prediction> Run(string model, IReadOnlyList<string> images, string? recipe, string? teacher, int top, Session session)
    {
        var stated = StatedModel.Open(model, recipe, teacher, session);
        var compute = Compute.OpenTorch(session);
        return [.. Prediction.Of(stated, images, top, compute.Session)];
    }
}

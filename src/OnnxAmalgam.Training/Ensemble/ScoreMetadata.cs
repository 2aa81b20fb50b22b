using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>What a file says of its scores (metadata key <c>onnx_amalgam.scores</c>, written for students whose scores are sigmoids), and scores from probabilities.</summary>
public static class ScoreMetadata
{
    /// <summary>The metadata key; its values are the recipe's words.</summary>
    public const string Key = "onnx_amalgam.scores";

    const double Smallest = 1e-12;

    /// <summary>What the file states; softmax where it states nothing.</summary>
    public static ScoreKind Of(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Proto.MetadataProps.Any(p => p.Key == Key && p.Value == "sigmoid") ? ScoreKind.Sigmoid : ScoreKind.Softmax;
    }

    /// <summary>What to say where file and recipe differ; null where they do not.</summary>
    internal static string? Disagreement(OnnxModel model, TeacherRecipe recipe) => Of(model) == ScoreKind.Sigmoid && recipe is { Scores: ScoreKind.Softmax, FeaturesOnly: false }
        ? "its metadata says that its scores are sigmoids, they are read as a softmax; state scores: sigmoid"
        : null;

    /// <summary>What to say of a softmax over a single score; null where there are several.</summary>
    internal static string? Constant(TeacherRecipe recipe, long? classes) => classes == 1 && recipe.Scores == ScoreKind.Softmax
        ? "it has one score, whose softmax is 1 for every image; state scores: sigmoid if it says how likely its label is"
        : null;

    /// <summary>Scores whose softmax or sigmoid these probabilities are.</summary>
    internal static Tensor FromProbabilities(Tensor probabilities, ScoreKind kind)
    {
        using var scope = NewDisposeScope();
        var scores = probabilities.clamp_min(Smallest).log();
        // 1 - p is not below float32's step at 1
        return (kind == ScoreKind.Sigmoid ? scores - (1 - probabilities).clamp_min(1e-7).log() : scores).MoveToOuterDisposeScope();
    }
}

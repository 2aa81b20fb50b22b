using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>A class and how likely it is.</summary>
public sealed record LabelProbability(string Label, double Probability);

/// <summary>What a model says of a picture.</summary>
/// <param name="Image">The file, as given.</param>
/// <param name="Labels">The likeliest first.</param>
public sealed record Prediction(string Image, IReadOnlyList<LabelProbability> Labels)
{
    /// <summary>Classifies pictures one by one: each at its own size, then the model's own resize and normalisation.</summary>
    /// <param name="model">The model and what is stated of it.</param>
    /// <param name="images">JPEG, PNG, WebP or BMP files.</param>
    /// <param name="top">Most labels a picture.</param>
    /// <param name="options">Device and threads.</param>
    /// <exception cref="InputException">A bad model, or a picture that cannot be read.</exception>
    public static IEnumerable<Prediction> Of(TeacherRecipe model, IReadOnlyList<string> images, int top, FrozenModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(options);
        using var teacher = Teacher.Open(model, withTaps: false, options);
        foreach (var image in images)
            yield return new Prediction(image, Classify(teacher, image, top, options));
    }

    /// <summary>Pixels of the whole picture at the network's scale, of which it sees the middle.</summary>
    const long MostPixels = 1 << 26;

    static LabelProbability[] Classify(Teacher teacher, string image, int top, FrozenModelOptions options)
    {
        if (Picture.ReadWhole(image, teacher.Input.Channels, out var canvas, out var pixels) is { } problem)
            throw new InputException($"image '{image}': expected a picture that can be read, got: {problem}");
        if (teacher.Input.Resize == ResizeMode.ShorterSide && Cover.Of(canvas.Width, canvas.Height, teacher.Input.Width, teacher.Input.Height) is var cover && (long)cover.Width * cover.Height > MostPixels)
            throw new InputException($"image '{image}': expected a picture that is not so long, got {canvas.Width}x{canvas.Height}: with its shorter side at the network's {teacher.Input.Width}x{teacher.Input.Height} it has {cover.Width}x{cover.Height} pixels; cut it");
        using var scope = NewDisposeScope();
        var batch = tensor(pixels, [1, canvas.Channels, canvas.Height, canvas.Width], ScalarType.Byte).to(TorchMemory.Device(options.Device));
        var scores = teacher.Run(batch, _ => image).Logits!.to(ScalarType.Float64);
        var shares = (teacher.Kind == ScoreKind.Sigmoid ? scores.sigmoid() : scores.softmax(1)).cpu().data<double>().ToArray();
        return [.. teacher.Labels.Zip(shares, (label, share) => new LabelProbability(label, share)).OrderByDescending(p => p.Probability).Take(top)];
    }
}

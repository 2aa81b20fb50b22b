using System.Globalization;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Quality;

/// <summary>What a teacher says of one view of each image. Owns its tensors.</summary>
internal sealed class TeacherViews : IDisposable
{
    const int BatchSize = 128;

    TeacherViews(IReadOnlyList<TapSample> taps, IReadOnlyList<string> labels) => (Taps, Labels) = (taps, labels);

    /// <summary>One sample a tap.</summary>
    public IReadOnlyList<TapSample> Taps { get; }

    /// <summary>What the teacher says, image by image: the top label's number, or which tags are more likely than not; empty for a teacher without scores.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Runs a teacher over one view of each image.</summary>
    /// <param name="teacher">With taps.</param>
    /// <param name="images">The images.</param>
    /// <param name="view">How they are changed.</param>
    /// <param name="seed">Of the changes.</param>
    /// <param name="number">Which of the views, from 1.</param>
    /// <param name="population">The training images, whose colours <c>exemplar</c> goes by.</param>
    /// <param name="nuisances">Disturb each image first.</param>
    public static TeacherViews Of(Teacher teacher, ImageSet images, ViewRecipe view, long seed, int number, ImageSet population, Nuisances? nuisances = null)
    {
        var augmentation = new Augmentation(view.Steps, seed, images, population);
        byte[] scratch = new byte[images.CanvasBytes];
        TapSample[] taps = [.. teacher.TapShapes.Select(shape => new TapSample(shape))];
        var labels = new List<string>();
        using var guard = no_grad();
        foreach (ImageBatch batch in BatchLoader.InOrder(images, images.BatchOf(BatchSize)))
        {
            using var scope = NewDisposeScope();
            for (int i = 0; i < batch.Count; i++)
            {
                Span<byte> canvas = batch.Pixels.AsSpan(i * scratch.Length, scratch.Length);
                nuisances?.Disturb(canvas, scratch, batch.Indices[i]);
                augmentation.Apply(canvas, scratch, number, batch.Indices[i]);
            }

            TeacherOutput output = teacher.Run(BatchTensors.Canvas(batch, images), i => images.NameOf(batch.Indices[i]));
            foreach (var (sample, tap) in taps.Zip(output.Taps))
            {
                sample.Add(tap);
            }

            if (output.Logits is { } scores)
            {
                labels.AddRange(teacher.Kind == ScoreKind.Sigmoid ? Tags(scores) : scores.argmax(1).cpu().data<long>().ToArray().Select(label => label.ToString(CultureInfo.InvariantCulture)));
            }
        }

        return new TeacherViews(taps, labels);
    }

    /// <summary>Which probabilities are above 1/2, a text of 0 and 1 an image.</summary>
    static IEnumerable<string> Tags(Tensor scores)
    {
        int labels = (int)scores.shape[1];
        return scores.gt(0).cpu().data<bool>().ToArray().Chunk(labels).Select(row => string.Concat(row.Select(has => has ? '1' : '0')));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (TapSample tap in Taps)
        {
            tap.Dispose();
        }
    }
}

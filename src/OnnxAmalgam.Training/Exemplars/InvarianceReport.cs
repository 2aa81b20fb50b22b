using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Exemplars;

/// <summary>How far a model's feature moves under one transformation.</summary>
/// <param name="Model"><c>student</c> or a teacher's name.</param>
/// <param name="Transformation">Its name.</param>
/// <param name="Magnitude">How strong: share of the side, factor, degrees, power, or share of the hue's circle.</param>
/// <param name="Distance">Mean distance between the features of an image and of the image transformed; 1 is the mean distance of two images.</param>
/// <param name="N">Images.</param>
public sealed record InvarianceRow(string Model, string Transformation, double Magnitude, double Distance, int N);

/// <summary>Which transformations student and teachers ignore, and which they do not: distances of features against the transformation's magnitude.</summary>
/// <remarks>
/// |f(T x) - f(x)| averaged over images, over |f(x) - f(x')| averaged over all pairs of different images; f = the automatic or stated taps, each averaged
/// over positions, side by side. After Dosovitskiy et al., arXiv 1406.6909, section 5.2 (there normalised by the features' norm).
/// Magnitudes go to the extremes of <see cref="PublishedFamily"/>. Images are taken evenly spread from the test, else the validation, else the unlabelled ones.
/// </remarks>
public static class InvarianceReport
{
    /// <summary>Columns of the CSV.</summary>
    static readonly string[] Columns = ["model", "transformation", "magnitude", "distance", "n"];

    /// <summary>Measures a student file beside a recipe's teachers.</summary>
    /// <param name="setup">Teachers and images.</param>
    /// <param name="student">The student's .onnx file; its preprocessing comes from its metadata. Null: teachers only.</param>
    /// <param name="count">Most images.</param>
    /// <exception cref="InputException">A file cannot be opened, has no features, or gives ones that are not finite; fewer than two images.</exception>
    public static IReadOnlyList<InvarianceRow> Measure(AmalgamationSetup setup, string? student, int count)
    {
        ArgumentNullException.ThrowIfNull(setup);
        ImageSet all = setup.Test ?? setup.Validate ?? setup.Train;
        int used = Math.Min(count, all.Count);
        if (used < 2)
        {
            throw new InputException($"expected two images at least to compare, got {used}");
        }

        ImageSet images = all.Spread(used);
        var colours = ColourComponents.Of(images);
        List<InvarianceRow> rows = [];
        IEnumerable<TeacherRecipe> models = setup.Recipe.Teachers.Select(t => t with { Taps = t.Taps is [] ? null : t.Taps });
        foreach (TeacherRecipe recipe in student is null ? models : models.Prepend(new TeacherRecipe { Name = "student", Model = student, Taps = StatedTaps(setup.Recipe, student) }))
        {
            using Teacher model = Teacher.Open(recipe with { Logits = "none" }, withTaps: true, setup.Compute.Session);
            rows.AddRange(Of(model, images, colours));
        }

        return rows;
    }

    /// <summary>The taps that the recipe states for its student, where this file has them; else null, which is automatic.</summary>
    static IReadOnlyList<TapRecipe>? StatedTaps(Recipe recipe, string student)
    {
        OnnxModel model = OnnxModel.Load(student);
        return recipe.Student.Taps is [_, ..] taps && taps.All(t => InputException.Attempt(() => Anatomy.SelectTaps(model, t.Value)).Found is not null) ? taps : null;
    }

    /// <summary>Writes the header and the rows.</summary>
    public static void WriteCsv(TextWriter writer, IEnumerable<InvarianceRow> rows) =>
        CsvTable.Write(writer, Columns, rows.Select(r => (IReadOnlyList<object?>)[r.Model, r.Transformation, r.Magnitude, r.Distance, r.N]));

    /// <summary>The transformations of images with so many channels, one kind of change each.</summary>
    internal static IEnumerable<(string Name, double Magnitude, PatchTransformation Change)> Steps(int channels)
    {
        foreach (double share in (double[])[0.05, 0.1, 0.2]) yield return ("translate", share, new() { Right = share });
        foreach (double factor in (double[])[0.7, 0.85, 1.2, 1.4]) yield return ("scale", factor, new() { Scale = factor });
        foreach (double degrees in (double[])[5, 10, 20]) yield return ("rotate", degrees, new() { Angle = degrees });
        foreach (double factor in (double[])[0.5, 0.7, 1.4, 2]) yield return ("contrast", factor, new() { Components = (factor, factor, factor) });
        foreach (double power in (double[])[0.25, 0.5, 2, 4]) yield return ("value", power, new() { Value = ToneCurve.None with { Power = power } });
        if (channels == 1) yield break;
        foreach (double power in (double[])[0.25, 0.5, 2, 4]) yield return ("saturation", power, new() { Saturation = ToneCurve.None with { Power = power } });
        foreach (double turn in (double[])[-0.1, -0.05, 0.05, 0.1]) yield return ("hue", turn, new() { Hue = turn });
    }

    static List<InvarianceRow> Of(Teacher model, ImageSet images, ColourComponents colours)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        Tensor plain = Features(model, images, null, colours);
        long n = plain.shape[0];
        double apart = cdist(plain, plain).sum().item<double>() / (n * (n - 1));
        List<InvarianceRow> rows = [];
        foreach (var (name, magnitude, change) in Steps(images.Channels))
        {
            using var inner = NewDisposeScope();
            double moved = (Features(model, images, change, colours) - plain).square().sum([1]).sqrt().mean().item<double>();
            rows.Add(new(model.Name, name, magnitude, moved / Math.Max(apart, 1e-12), (int)n));
        }

        return rows;
    }

    static Tensor Features(Teacher model, ImageSet images, PatchTransformation? change, ColourComponents colours)
    {
        const int BatchSize = 128;
        using var scope = NewDisposeScope();
        var canvas = new Canvas(images.Channels, images.Height, images.Width);
        var (features, scratch) = (new List<Tensor>(), new byte[images.CanvasBytes]);
        foreach (ImageBatch batch in BatchLoader.InOrder(images, images.BatchOf(BatchSize)))
        {
            for (int i = 0; change is not null && i < batch.Count; i++)
            {
                Span<byte> own = batch.Pixels.AsSpan(i * scratch.Length, scratch.Length);
                own.CopyTo(scratch);
                change.Apply(scratch, own, canvas, colours);
            }

            using var inner = NewDisposeScope();
            TeacherOutput output = model.Run(BatchTensors.Canvas(batch, images), i => images.NameOf(batch.Indices[i]));
            features.Add(cat(output.Taps.Select((tap, i) => model.TapShapes[i].Pool(tap)).ToArray(), 1).to_type(ScalarType.Float64).MoveToOuterDisposeScope());
        }

        return cat(features, 0).MoveToOuterDisposeScope();
    }
}

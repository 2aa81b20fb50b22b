using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Comparison;

/// <summary>What a student says of each test image: predictions.csv, columns <c>image,label,predicted</c>.</summary>
public sealed class PredictionTable
{
    const int BatchSize = 128;
    static readonly string[] Columns = ["image", "label", "predicted"];

    internal PredictionTable(string[] images, string[] labels, string[] predicted) => (Images, Labels, Predicted) = (images, labels, predicted);

    /// <summary>Names of the images, in the order of the test set.</summary>
    public IReadOnlyList<string> Images { get; }

    /// <summary>Their true classes; empty: none.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The class of largest score.</summary>
    public IReadOnlyList<string> Predicted { get; }

    /// <summary>Whether the i-th image's class was found.</summary>
    public bool IsRight(int image) => string.Equals(Labels[image], Predicted[image], StringComparison.Ordinal);

    /// <summary>Runs a student file over the setup's test images.</summary>
    /// <exception cref="InputException">The file cannot be opened, or its scores are not finite.</exception>
    public static PredictionTable Make(AmalgamationSetup setup, string student)
    {
        ArgumentNullException.ThrowIfNull(setup);
        ImageSet images = setup.Test ?? throw new ArgumentException("no test images", nameof(setup));
        using var deployed = Teacher.Open(new TeacherRecipe { Name = "student", Model = student }, withTaps: false, setup.Compute.Session);
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var scores = new ClassScores(setup.Union, CPU);
        var predicted = new List<string>();
        foreach (ImageBatch batch in BatchLoader.InOrder(images, BatchSize))
        {
            using var inner = NewDisposeScope();
            Tensor logits = deployed.Run(BatchTensors.Canvas(batch, images), i => images.NameOf(batch.Indices[i])).Logits!;
            predicted.AddRange(scores.OfStudent(logits).argmax(1).data<long>().ToArray().Select(c => setup.Union.Classes[(int)c]));
        }

        return new(
            [.. Enumerable.Range(0, images.Count).Select(images.NameOf)],
            [.. Enumerable.Range(0, images.Count).Select(i => images.LabelOf(i) ?? "")],
            [.. predicted]);
    }

    /// <summary>The table as CSV.</summary>
    public string ToCsv()
    {
        using var text = new StringWriter();
        CsvTable.Write(text, Columns, Enumerable.Range(0, Images.Count).Select(i => (IReadOnlyList<object?>)[Images[i], Labels[i], Predicted[i]]));
        return text.ToString();
    }

    /// <summary>Reads what <see cref="ToCsv"/> wrote.</summary>
    /// <exception cref="InputException">Other columns.</exception>
    public static PredictionTable Read(string path)
    {
        using var csv = StrictCsv.Open(path, Columns);
        var rows = new List<string[]>();
        while (csv.Read())
            rows.Add([.. Columns.Select((_, i) => csv.GetString(i))]);
        return new([.. rows.Select(r => r[0])], [.. rows.Select(r => r[1])], [.. rows.Select(r => r[2])]);
    }
}

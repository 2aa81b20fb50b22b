namespace OnnxAmalgam.Training.Evaluation;

/// <summary>How one class fared.</summary>
/// <param name="Label">The class.</param>
/// <param name="Images">Images that are of it.</param>
/// <param name="Recall">Share of these that were called so; null: there are none.</param>
/// <param name="Precision">Share of those called so that are; null: none were.</param>
/// <param name="TakenFor">The other class that most of its images were called; null: none were.</param>
/// <param name="TakenForImages">How many.</param>
public sealed record ClassResult(string Label, int Images, double? Recall, double? Precision, string? TakenFor, int TakenForImages)
{
    /// <summary>Harmonic mean of recall and precision; null where one of them is not known, 0 where both are 0.</summary>
    public double? F1 => Recall is { } recall && Precision is { } precision ? recall + precision > 0 ? 2 * recall * precision / (recall + precision) : 0 : null;
}

/// <summary>A student's answers class by class.</summary>
public sealed class ClassResults
{
    readonly Dictionary<(int Label, int Predicted), int> counts = [];

    /// <summary>Counts answers; images whose label or answer is none of the classes are left out.</summary>
    /// <param name="answers">What the student said of each image.</param>
    /// <param name="labels">The classes, in the order wanted.</param>
    public ClassResults(PredictionTable answers, IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(answers);
        ArgumentNullException.ThrowIfNull(labels);
        Labels = labels;
        var places = labels.Index().ToDictionary(l => l.Item, l => l.Index, StringComparer.Ordinal);
        for (int i = 0; i < answers.Images.Count; i++)
        {
            if (places.TryGetValue(answers.Labels[i], out int label) && places.TryGetValue(answers.Predicted[i], out int predicted))
                counts[(label, predicted)] = this[label, predicted] + 1;
        }
    }

    /// <summary>The classes.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Images of class <paramref name="label"/> that were called <paramref name="predicted"/>.</summary>
    public int this[int label, int predicted] => counts.GetValueOrDefault((label, predicted));

    /// <summary>A row a class.</summary>
    public IEnumerable<ClassResult> Rows
    {
        get
        {
            var byLabel = counts.ToLookup(c => c.Key.Label, c => (Class: c.Key.Predicted, Images: c.Value));
            var called = counts.ToLookup(c => c.Key.Predicted, c => c.Value);
            return Labels.Select((label, c) =>
            {
                int images = byLabel[c].Sum(p => p.Images), all = called[c].Sum();
                var most = byLabel[c].Where(p => p.Class != c).OrderByDescending(p => p.Images).ThenBy(p => p.Class).FirstOrDefault();
                return new ClassResult(label, images, images > 0 ? (double)this[c, c] / images : null, all > 0 ? (double)this[c, c] / all : null,
                    most.Images > 0 ? Labels[most.Class] : null, most.Images);
            });
        }
    }
}

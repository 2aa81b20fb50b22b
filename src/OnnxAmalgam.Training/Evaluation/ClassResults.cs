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
    readonly int[,] counts;

    /// <summary>Counts answers; images without a label are left out.</summary>
    /// <param name="answers">What the student said of each test image.</param>
    /// <param name="labels">The classes, in the order wanted; answers are among them.</param>
    public ClassResults(PredictionTable answers, IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(answers);
        ArgumentNullException.ThrowIfNull(labels);
        Labels = labels;
        counts = new int[labels.Count, labels.Count];
        var places = labels.Index().ToDictionary(l => l.Item, l => l.Index, StringComparer.Ordinal);
        for (int i = 0; i < answers.Images.Count; i++)
        {
            if (places.TryGetValue(answers.Labels[i], out int label))
                counts[label, places[answers.Predicted[i]]]++;
        }
    }

    /// <summary>The classes.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Images of class <paramref name="label"/> that were called <paramref name="predicted"/>.</summary>
    public int this[int label, int predicted] => counts[label, predicted];

    /// <summary>A row a class.</summary>
    public IEnumerable<ClassResult> Rows => Labels.Select((label, c) =>
    {
        int[] all = [.. Enumerable.Range(0, Labels.Count)];
        int images = all.Sum(p => counts[c, p]), called = all.Sum(l => counts[l, c]);
        int most = all.Where(p => p != c).DefaultIfEmpty(c).MaxBy(p => counts[c, p]);
        bool wrong = most != c && counts[c, most] > 0;
        return new ClassResult(label, images, images > 0 ? (double)counts[c, c] / images : null, called > 0 ? (double)counts[c, c] / called : null,
            wrong ? Labels[most] : null, wrong ? counts[c, most] : 0);
    });
}

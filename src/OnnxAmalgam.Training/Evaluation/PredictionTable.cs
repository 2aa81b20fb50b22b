using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Data;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>What a student says of each image it is evaluated on: predictions.csv, columns <c>image,label,predicted</c>.</summary>
public sealed class PredictionTable
{
    static readonly string[] Columns = ["image", "label", "predicted"];

    internal PredictionTable(string[] images, string[] labels, string[] predicted) => (Images, Labels, Predicted) = (images, labels, predicted);

    /// <summary>A prediction for each image of a set, in its order.</summary>
    internal PredictionTable(ImageSet images, string[] predicted)
        : this([.. Enumerable.Range(0, images.Count).Select(images.NameOf)], [.. Enumerable.Range(0, images.Count).Select(i => images.LabelOf(i) ?? "")], predicted)
    {
    }

    /// <summary>Names of the images, in the order of their set.</summary>
    public IReadOnlyList<string> Images { get; }

    /// <summary>Their true classes; empty: none.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The class of largest score.</summary>
    public IReadOnlyList<string> Predicted { get; }

    /// <summary>Whether the i-th image's class was found.</summary>
    public bool IsRight(int image) => string.Equals(Labels[image], Predicted[image], StringComparison.Ordinal);

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
        var rows = StrictCsv.Read(path, Columns, fields => fields).Rows;
        return new([.. rows.Select(r => r[0])], [.. rows.Select(r => r[1])], [.. rows.Select(r => r[2])]);
    }
}

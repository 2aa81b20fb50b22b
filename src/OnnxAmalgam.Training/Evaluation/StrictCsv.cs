using CsvHelper;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>CSV files of a run folder, read back.</summary>
static class StrictCsv
{
    /// <summary>Opens a file of any columns at its first row.</summary>
    public static CsvReader Open(string path) => CsvReader.FromText(File.ReadAllText(path), CsvReaderOptions.Default with
    {
        Separator = ',',
        MalformedData = CsvMalformedDataHandling.Throw,
        FieldCountMismatch = CsvFieldCountHandling.Throw,
        TrackLineNumbers = true,
    });

    /// <summary>Opens a file at its first row.</summary>
    /// <exception cref="InputException">Its columns are others.</exception>
    public static CsvReader Open(string path, string[] columns, string remedy = "remove the run's folder to train it anew")
    {
        CsvReader csv = Open(path);
        string[] found = [.. csv.Headers];
        if (found.SequenceEqual(columns, StringComparer.Ordinal))
            return csv;
        csv.Dispose();
        throw new InputException($"'{path}': expected the columns {string.Join(',', columns)}, got {(found.Length == 0 ? "none" : string.Join(',', found))}; {remedy}");
    }
}

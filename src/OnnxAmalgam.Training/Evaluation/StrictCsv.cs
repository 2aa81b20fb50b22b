using CsvHelper;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>CSV files that this program wrote, read back.</summary>
static class StrictCsv
{
    /// <summary>The columns' names and all rows of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">Names that its columns must have; null: any.</param>
    /// <param name="row">Makes a row of its texts, one a column; a text that is no number may throw.</param>
    /// <param name="remedy">What to do about a file that is another.</param>
    /// <exception cref="InputException">Its columns are others, a line is none of such a file, or it cannot be read.</exception>
    public static (string[] Columns, List<T> Rows) Read<T>(string path, IReadOnlyList<string>? columns, Func<string[], T> row, string remedy = "remove the run's folder to train it anew")
    {
        long? line = 1;
        try
        {
            using var csv = CsvReader.FromText(File.ReadAllText(path), CsvReaderOptions.Default with
            {
                Separator = ',',
                MalformedData = CsvMalformedDataHandling.Throw,
                FieldCountMismatch = CsvFieldCountHandling.Throw,
                TrackLineNumbers = true,
            });
            string[] found = [.. csv.Headers];
            if (columns is not null && !found.SequenceEqual(columns, StringComparer.Ordinal))
                throw new InputException($"'{path}': expected the columns {string.Join(',', columns)}, got {(found.Length == 0 ? "none" : string.Join(',', found))}; {remedy}");
            var rows = new List<T>();
            while (csv.Read())
            {
                line = csv.LineNumber;
                rows.Add(row([.. found.Select((_, i) => csv.GetString(i))]));
            }

            return (found, rows);
        }
        catch (Exception e) when (e is CsvFormatException or FormatException or OverflowException)
        {
            throw new InputException($"'{path}', line {(e as CsvFormatException)?.LineNumber ?? line}: expected a row of such a file, got something else ({e.Message.TrimEnd('.')}); {remedy}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"'{path}': expected a file that can be read, got: {e.Message}", e);
        }
    }
}

using CsvHelper;

namespace OnnxAmalgam.Cli.Tests.Running;

/// <summary>A CSV text, read strictly.</summary>
internal sealed class Table
{
    Table(string[] columns, List<Dictionary<string, string>> rows) => (Columns, Rows) = (columns, rows);

    public string[] Columns { get; }

    public List<Dictionary<string, string>> Rows { get; }

    public static Table Read(string text)
    {
        Assert.DoesNotContain('\r', text);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        using CsvReader csv = CsvReader.FromText(text, CsvReaderOptions.Default with
        {
            Separator = ',',
            MalformedData = CsvMalformedDataHandling.Throw,
            FieldCountMismatch = CsvFieldCountHandling.Throw,
        });
        string[] columns = [.. csv.Headers];
        List<Dictionary<string, string>> rows = [];
        while (csv.Read())
        {
            rows.Add(columns.Select((c, i) => (c, csv.GetString(i))).ToDictionary(StringComparer.Ordinal));
        }

        return new Table(columns, rows);
    }
}

using System.Globalization;
using CsvHelper;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>Rows for other programs: a header, comma, line feeds, '.' as decimal point, empty where a value is unknown, quoted only as RFC 4180 needs.</summary>
public static class CsvTable
{
    /// <summary>Writes the header and the rows.</summary>
    /// <param name="writer">Where to; not closed.</param>
    /// <param name="columns">Names of the columns.</param>
    /// <param name="rows">As many values each as there are columns: texts, whole numbers, doubles (shortest form that reads back equal), null.</param>
    public static void Write(TextWriter writer, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<object?>> rows)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(rows);
        var options = CsvWriterOptions.Default with
        {
            Separator = ',',
            NewLine = "\n",
            Injection = CsvInjection.None,
            FormatProvider = CultureInfo.InvariantCulture,
            WriteByteOrderMark = false,
        };
        using var csv = CsvWriter.Create(writer, options, leaveOpen: true);
        csv.WriteHeader([.. columns]);
        foreach (var row in rows)
        {
            if (row.Count != columns.Count)
                throw new ArgumentException($"expected {columns.Count} values a row, got {row.Count}", nameof(rows));
            foreach (var value in row)
                csv.WriteField(Text(value));
            csv.EndRecord();
        }
    }

    /// <summary>Reads a table back as texts.</summary>
    /// <param name="path">A file that <see cref="Write"/> could have written.</param>
    /// <returns>The columns' names, and the rows.</returns>
    /// <exception cref="OnnxAmalgam.Graphs.InputException">It cannot be read, or is no table.</exception>
    public static (IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows) Read(string path)
    {
        var (columns, rows) = StrictCsv.Read<IReadOnlyList<string>>(path, null, fields => fields);
        return (columns, rows);
    }

    static string Text(object? value) => value switch
    {
        null => "",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}

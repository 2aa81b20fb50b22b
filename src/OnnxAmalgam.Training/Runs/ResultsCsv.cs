using System.Globalization;
using System.Text;
using CsvHelper;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Runs;

/// <summary>results.csv: a row an epoch, rewritten atomically; a resumed run cuts it back to what its checkpoint knows.</summary>
sealed class ResultsCsv
{
    readonly string path;
    byte[] content;

    /// <summary>Goes on after the first bytes of an existing file; 0: starts anew.</summary>
    public ResultsCsv(string path, long keptBytes)
    {
        this.path = path;
        content = keptBytes == 0 ? [] : File.ReadAllBytes(path);
        if (content.Length < keptBytes)
        {
            throw new InputException($"'{path}': expected at least the {keptBytes} bytes its checkpoint knows of, got {content.Length}; restore the file");
        }

        content = content[..(int)keptBytes];
    }

    /// <summary>Bytes written so far.</summary>
    public long Length => content.Length;

    /// <summary>Adds a row; the first one writes the header too. Numbers that are null stay empty.</summary>
    public void Append(IReadOnlyList<(string Column, double? Value)> row)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var csv = CsvWriter.Create(text, new() { NewLine = "\n" }, leaveOpen: true))
        {
            if (content.Length == 0)
            {
                csv.WriteRecord([.. row.Select(r => r.Column)]);
            }

            csv.WriteRecord([.. row.Select(r => r.Value?.ToString("G9", CultureInfo.InvariantCulture) ?? "")]);
        }

        content = [.. content, .. Encoding.UTF8.GetBytes(text.ToString())];
        AtomicFile.Write(path, content);
    }
}

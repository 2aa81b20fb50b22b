using System.Globalization;
using CsvHelper;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Data;

/// <summary>A CSV file with a header that names <c>path</c> and, for labelled images, <c>label</c>; paths are relative to the file, other columns are ignored.</summary>
/// <remarks>
/// An empty label means none. Classes are the distinct labels in ordinal order, and the recipe's <c>labels</c> rename them in that order; when all labels are
/// numbers below the count of those names, they are class indices instead.
/// </remarks>
static class CsvListing
{
    public static ImageFiles Open(SourceRecipe recipe)
    {
        string where = $"csv source '{recipe.Path}'";
        if (!File.Exists(recipe.Path))
            throw new InputException($"{where}: expected a CSV file with the columns path,label, got no such file");
        List<(string Path, string Label)> rows = Rows(where, recipe.Path);
        if (rows.Count == 0)
            throw new InputException($"{where}: expected at least one row, got none");
        (int[]? labels, IReadOnlyList<string>? classes) = Classify(where, [.. rows.Select(r => r.Label)], recipe.Labels);
        return new(where, Path.GetDirectoryName(Path.GetFullPath(recipe.Path))!, [.. rows.Select(r => r.Path)], labels, classes);
    }

    static List<(string Path, string Label)> Rows(string where, string path)
    {
        CsvReaderOptions options = CsvReaderOptions.Default with
        {
            Separator = ',',
            MalformedData = CsvMalformedDataHandling.Throw,
            FieldCountMismatch = CsvFieldCountHandling.Throw,
            TrackLineNumbers = true,
        };
        try
        {
            using CsvReader csv = CsvReader.FromFile(path, options);
            if (!csv.TryGetFieldIndex("path", out int pathAt))
                throw new InputException($"{where}: expected a header that names path,label, got '{string.Join(',', csv.Headers)}'");
            int labelAt = csv.TryGetFieldIndex("label", out int at) ? at : -1;
            List<(string, string)> rows = [];
            while (csv.Read())
            {
                if (csv.GetString(pathAt) is not { Length: > 0 } image)
                    throw new InputException($"{where}, line {csv.LineNumber}: expected a path, got '{csv.Current.ToString()}'");
                rows.Add((image, labelAt < 0 ? "" : csv.GetString(labelAt)));
            }
            return rows;
        }
        catch (CsvFormatException e)
        {
            throw new InputException($"{where}, line {e.LineNumber}: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{where}: {e.Message}", e);
        }
    }

    static (int[]?, IReadOnlyList<string>?) Classify(string where, string[] labels, IReadOnlyList<string>? given)
    {
        string[] found = [.. labels.Where(l => l.Length > 0).Distinct().Order(StringComparer.Ordinal)];
        if (found.Length == 0)
            return (null, null);
        bool indices = given is not null && found.All(l => int.TryParse(l, NumberStyles.None, CultureInfo.InvariantCulture, out int i) && i < given.Count);
        Dictionary<string, int> numbers = found.Index().ToDictionary(f => f.Item, f => indices ? int.Parse(f.Item, CultureInfo.InvariantCulture) : f.Index);
        return ([.. labels.Select(l => l.Length > 0 ? numbers[l] : -1)], indices ? given : ClassNames.Renamed(where, found, given));
    }
}

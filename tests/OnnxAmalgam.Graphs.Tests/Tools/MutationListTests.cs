using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Graphs.Tests.Tools;

/// <summary>tools/mutations/list.tsv: what run.py breaks is still there to be broken.</summary>
public sealed class MutationListTests
{
    [Fact]
    public void Each_text_occurs_once_in_its_file()
    {
        string[][] rows = [.. File.ReadLines(Path.Combine(Repository.Root, "tools", "mutations", "list.tsv")).Skip(1).Where(line => line.Length > 0).Select(line => line.Split('\t'))];
        Assert.True(rows.Length > 50);
        Assert.Empty(rows.Where(row => Occurrences(row[2], row[3]) != 1).Select(row => $"{row[0]}: '{row[3]}' in {row[2]}"));
    }

    static int Occurrences(string file, string text)
    {
        string path = Path.Combine(Repository.Root, file);
        return File.Exists(path) ? File.ReadAllText(path).Split(text).Length - 1 : 0;
    }
}

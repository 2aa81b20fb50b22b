using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Benchmarks;

/// <summary>A page of documentation whose measured parts are between <c>&lt;!-- bench NAME --&gt;</c> and <c>&lt;!-- /bench --&gt;</c>.</summary>
static class Document
{
    const string End = "<!-- /bench -->";

    /// <summary>Replaces one part.</summary>
    /// <exception cref="InvalidOperationException">The page has no such part.</exception>
    public static void Write(string path, string name, string text)
    {
        string page = File.ReadAllText(path), start = $"<!-- bench {name} -->";
        int from = page.IndexOf(start, StringComparison.Ordinal);
        int to = from < 0 ? -1 : page.IndexOf(End, from, StringComparison.Ordinal);
        if (to < 0)
        {
            throw new InvalidOperationException($"'{path}': expected a part from '{start}' to '{End}', got none");
        }

        AtomicFile.Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes($"{page[..(from + start.Length)]}\n{text.Trim()}\n{page[to..]}")));
    }
}

using System.Buffers;
using System.Collections.Concurrent;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Data;

/// <summary>The selected, readable records of one source; as many canvases in memory as were allowed, the rest made anew whenever read.</summary>
sealed class LoadedSource
{
    const int NamesShown = 5;

    readonly ImageSource source;
    readonly Canvas canvas;
    readonly CanvasStore store;
    readonly int[] records;
    readonly int[] places;

    /// <param name="recipe">The source.</param>
    /// <param name="canvas">What to bring images to.</param>
    /// <param name="memoryBytes">Most memory for canvases.</param>
    /// <param name="warn">Receives a line for each damaged file.</param>
    public LoadedSource(SourceRecipe recipe, Canvas canvas, long memoryBytes, Action<string> warn)
    {
        source = ImageSource.Open(recipe, warn);
        this.canvas = canvas;
        records = Selection.Of(recipe, source);
        store = new(canvas.Bytes, (int)Math.Min(records.Length, memoryBytes / canvas.Bytes));
        ConcurrentDictionary<int, string> problems = Fill();
        Report(problems, warn);
        places = [.. Enumerable.Range(0, records.Length).Where(p => !problems.ContainsKey(p))];
        if (store.Count == records.Length)
            source.Release();
    }

    public int Count => places.Length;

    public long MemoryBytes => (long)store.Count * canvas.Bytes;

    public string? LabelOf(int index) => source.ClassOf(records[places[index]]) is >= 0 and int number ? source.Classes![number] : null;

    public string NameOf(int index) => source.NameOf(records[places[index]]);

    public void Read(int index, Span<byte> pixels)
    {
        int place = places[index];
        if (place < store.Count)
            store[place].CopyTo(pixels);
        else if (source.Read(records[place], canvas, pixels) is string problem)
            throw new InputException($"'{NameOf(index)}': expected the image that was there when the run started, got: {problem}");
    }

    /// <summary>Decodes everything that may fail or is to be kept, on all cores; returns what failed by place.</summary>
    ConcurrentDictionary<int, string> Fill()
    {
        ConcurrentDictionary<int, string> problems = new();
        ParallelLoop.Run(source.MayFail ? records.Length : store.Count, place =>
        {
            byte[]? scratch = place < store.Count ? null : ArrayPool<byte>.Shared.Rent(canvas.Bytes);
            if (source.Read(records[place], canvas, scratch is null ? store[place] : scratch) is string problem)
                problems[place] = problem;
            if (scratch is not null)
                ArrayPool<byte>.Shared.Return(scratch);
        });
        return problems;
    }

    void Report(ConcurrentDictionary<int, string> problems, Action<string> warn)
    {
        int[] bad = [.. problems.Keys.Order()];
        if (bad.Length * 100L > records.Length)
        {
            string names = string.Join("; ", bad.Take(NamesShown).Select(Line));
            throw new InputException($"{source.Where}: expected at least 99 % of {records.Length} images to be readable, got {bad.Length} that are not: {names}{(bad.Length > NamesShown ? "; ..." : "")}; remove or replace them");
        }
        foreach (int place in bad)
            warn($"{Line(place)}; skipped");

        string Line(int place) => $"'{source.NameOf(records[place])}': {problems[place]}";
    }
}

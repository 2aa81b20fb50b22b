using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Data;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training;

/// <summary>The terms' values of steps that were made, fetched from the device several steps at a time, because fetching waits for it.
/// Owns what is not fetched yet.</summary>
/// <param name="names">Of the terms, the total first.</param>
/// <param name="interval">Steps a fetch.</param>
sealed class TermLog(IReadOnlyList<string> names, int interval) : IDisposable
{
    const int StepsOnCuda = 50;
    readonly List<(int Epoch, int Batch, Tensor Terms)> steps = [];

    /// <summary>Of a run: each step on a processor, where nothing is waited for, many steps on a GPU.</summary>
    public static TermLog On(ComputeDevice device, IReadOnlyList<string> names) => new(names, device.IsCuda ? StepsOnCuda : 1);

    /// <summary>Takes a step's terms V[names] in float64.</summary>
    /// <returns>A row a step where it is time to fetch, else none.</returns>
    /// <exception cref="InputException">A total is not finite: the first such step is named.</exception>
    public IReadOnlyList<double[]> Add(ImageBatch batch, Tensor terms)
    {
        steps.Add((batch.Epoch, batch.Index, terms));
        return steps.Count < interval ? [] : Fetch();
    }

    /// <summary>A row for each step since the last fetch.</summary>
    /// <exception cref="InputException">A total is not finite: the first such step is named.</exception>
    public IReadOnlyList<double[]> Fetch()
    {
        if (steps.Count == 0)
        {
            return [];
        }

        using var scope = NewDisposeScope();
        double[][] rows = [.. stack(steps.Select(s => s.Terms).ToArray()).cpu().data<double>().ToArray().Chunk(names.Count)];
        foreach (var ((epoch, batch, _), row) in steps.Zip(rows))
        {
            if (!double.IsFinite(row[0]))
            {
                throw new InputException($"epoch {epoch}, batch {batch}: expected a finite loss, got {string.Join(", ", names.Zip(row, (n, v) => $"{n} {v:g4}"))}; lower train.learning_rate or set train.clip_norm");
            }
        }

        Clear();
        return rows;
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();

    void Clear()
    {
        steps.ForEach(s => s.Terms.Dispose());
        steps.Clear();
    }
}

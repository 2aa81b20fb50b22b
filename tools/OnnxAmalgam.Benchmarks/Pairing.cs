namespace OnnxAmalgam.Benchmarks;

/// <summary>Timings taken in turn, so that what else the machine does falls on all sides alike.</summary>
static class Pairing
{
    /// <summary>Rounds of the same work by every worker in turn, first a warm-up that does not count; every second round in reverse order.</summary>
    /// <param name="workers">The sides.</param>
    /// <param name="work">The command.</param>
    /// <param name="count">Times a round.</param>
    /// <param name="rounds">Rounds that count.</param>
    /// <returns>Images a second, a row a worker.</returns>
    public static double[][] Rates(IReadOnlyList<WorkerProcess> workers, string work, int count, int rounds) =>
        Rates(workers, work, [.. workers.Select(_ => count)], rounds);

    /// <summary>The same with a count of its own for each worker, where some are many times slower.</summary>
    public static double[][] Rates(IReadOnlyList<WorkerProcess> workers, string work, IReadOnlyList<int> counts, int rounds)
    {
        var rates = workers.Select(_ => new double[rounds]).ToArray();
        foreach (var (i, worker) in workers.Index())
        {
            worker.Do(work, counts[i]);
        }

        for (int round = 0; round < rounds; round++)
        {
            foreach (int i in Enumerable.Range(0, workers.Count).Select(i => round % 2 == 0 ? i : workers.Count - 1 - i))
            {
                rates[i][round] = workers[i].Do(work, counts[i]).Rate;
            }
        }

        return rates;
    }

    /// <summary>How often a side does something in so many seconds.</summary>
    public static int Count(WorkerProcess worker, string work, double seconds)
    {
        worker.Do(work, 2);
        Timing trial = worker.Do(work, 3);
        return Math.Clamp((int)(seconds * 3 / trial.Seconds), 3, 2000);
    }

    /// <summary>The middle value.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] ordered = [.. values.Order()];
        return ordered.Length % 2 == 1 ? ordered[ordered.Length / 2] : (ordered[(ordered.Length / 2) - 1] + ordered[ordered.Length / 2]) / 2;
    }

    /// <summary>Median, least and largest of the rounds' ratios.</summary>
    public static (double Median, double Least, double Largest) Ratio(double[] ours, double[] theirs)
    {
        double[] ratios = [.. ours.Zip(theirs, (a, b) => a / b)];
        return (Median(ratios), ratios.Min(), ratios.Max());
    }
}

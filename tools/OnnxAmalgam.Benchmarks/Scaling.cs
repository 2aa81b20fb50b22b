using System.Globalization;
using System.Text;

namespace OnnxAmalgam.Benchmarks;

/// <summary>How a run's cost grows with teachers and with images.</summary>
static class Scaling
{
    /// <summary>Milliseconds a step with 1, 2, 4 and 8 teachers (two networks, each time with other weights), published method.</summary>
    public static string Teachers(ComparisonOptions options)
    {
        var table = new StringBuilder("| teachers | ms a step | ms a teacher more |\n|---|---|---|\n");
        double before = 0;
        int fewer = 0;
        foreach (int teachers in (int[])[1, 2, 4, 8])
        {
            using WorkerProcess worker = Start($"cifar*{teachers}", "published", options);
            double[] rates = Pairing.Rates([worker], "sequential", 10, options.Rounds)[0];
            double milliseconds = 1000 * 64 / Pairing.Median(rates);
            string more = fewer == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{(milliseconds - before) / (teachers - fewer):0.0}");
            table.Append(string.Create(CultureInfo.InvariantCulture, $"| {teachers} | {milliseconds:0.0} | {more} |\n"));
            (before, fewer) = (milliseconds, teachers);
        }

        return table.ToString();
    }

    /// <summary>Seconds an epoch over 1,000 to 60,000 images, soft targets, two teachers.</summary>
    public static string Images(ComparisonOptions options)
    {
        var table = new StringBuilder("| images | s an epoch | us an image | peak memory after it |\n|---|---|---|---|\n");
        foreach (int images in (int[])[1_000, 4_000, 16_000, 60_000])
        {
            using WorkerProcess worker = Start($"cifar/{images}", "soft", options);
            worker.Do("step", 10);
            Timing epoch = worker.Do("step", images / 64);
            double memory = worker.Ask("memory").GetProperty("peak_bytes").GetDouble();
            table.Append(string.Create(CultureInfo.InvariantCulture, $"| {images} | {epoch.Seconds:0.00} | {1e6 * epoch.Seconds / epoch.Images:0} | {memory / 1e6:0} MB |\n"));
        }

        return table.ToString();
    }

    static WorkerProcess Start(string setting, string method, ComparisonOptions options) =>
        WorkerProcess.Start(setting, Environment.ProcessPath!, ["worker", setting, method, "", $"{options.Threads}", ""])
            ?? throw new InvalidOperationException($"worker '{setting}': expected it to start, got the message above");
}

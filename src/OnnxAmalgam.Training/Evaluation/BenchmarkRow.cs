namespace OnnxAmalgam.Training.Evaluation;

/// <summary>One line of benchmark.csv: one model at one batch size. Base units throughout.</summary>
public sealed record BenchmarkRow
{
    /// <summary>The file, as given.</summary>
    public required string Model { get; init; }
    /// <summary>ONNX Runtime's execution provider.</summary>
    public required string Provider { get; init; }
    /// <summary><c>cpu</c> or <c>cuda:0</c>.</summary>
    public required string Device { get; init; }
    /// <summary>Threads within an operator.</summary>
    public required int Threads { get; init; }
    /// <summary><c>fp32</c>, <c>fp16</c> or <c>int8</c>, by the weights.</summary>
    public required string Precision { get; init; }
    /// <summary>Images a run.</summary>
    public required int Batch { get; init; }
    /// <summary>The first input's shape without the batch, as <c>3x32x32</c>.</summary>
    public required string Input { get; init; }
    /// <summary>Runs before measuring.</summary>
    public required int Warmup { get; init; }
    /// <summary>Measured runs.</summary>
    public required int Runs { get; init; }
    /// <summary>Mean duration of a run in milliseconds.</summary>
    public required double MeanMs { get; init; }
    /// <summary>Median.</summary>
    public required double P50Ms { get; init; }
    /// <summary>90th percentile.</summary>
    public required double P90Ms { get; init; }
    /// <summary>95th percentile.</summary>
    public required double P95Ms { get; init; }
    /// <summary>99th percentile.</summary>
    public required double P99Ms { get; init; }
    /// <summary>Images a second, from the mean.</summary>
    public required double SamplesPerSec { get; init; }
    /// <summary>Resident memory that opening the model and running this batch added at its peak; null where the system does not tell.</summary>
    public required long? PeakMemoryBytes { get; init; }
    /// <summary>The file and its external data.</summary>
    public required long FileBytes { get; init; }
    /// <summary>Elements of all weights.</summary>
    public required long ParamCount { get; init; }
    /// <summary>Multiply-accumulates for one image; null where a shape is unknown.</summary>
    public required long? Macs { get; init; }

    static readonly string[] Columns =
    [
        "model", "provider", "device", "threads", "precision", "batch", "input", "warmup", "runs", "mean_ms", "p50_ms", "p90_ms", "p95_ms", "p99_ms",
        "samples_per_sec", "peak_memory_bytes", "file_bytes", "param_count", "macs",
    ];

    /// <summary>The text of benchmark.csv.</summary>
    public static string ToCsv(IEnumerable<BenchmarkRow> rows)
    {
        using var text = new StringWriter();
        CsvTable.Write(text, Columns, rows.Select(r => (IReadOnlyList<object?>)
        [
            r.Model, r.Provider, r.Device, r.Threads, r.Precision, r.Batch, r.Input, r.Warmup, r.Runs, r.MeanMs, r.P50Ms, r.P90Ms, r.P95Ms, r.P99Ms,
            r.SamplesPerSec, r.PeakMemoryBytes, r.FileBytes, r.ParamCount, r.Macs,
        ]));
        return text.ToString();
    }
}

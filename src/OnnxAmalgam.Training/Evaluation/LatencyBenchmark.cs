using System.Diagnostics;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Ensemble;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>How to measure.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>Batch sizes, each measured by itself.</summary>
    public IReadOnlyList<int> Batches { get; init; } = [1, 8, 64];
    /// <summary>Runs of each model before measuring.</summary>
    public int Warmup { get; init; } = 5;
    /// <summary>Measured runs of each model.</summary>
    public int Runs { get; init; } = 50;
    /// <summary>Sizes of dimensions that a file leaves free.</summary>
    public IReadOnlyList<ShapeRequest> Shapes { get; init; } = [];
    /// <summary>What a file's image input is fed, by file, where that is known: sizes that the file leaves free.</summary>
    public IReadOnlyDictionary<string, InputDescription> Images { get; init; } = new Dictionary<string, InputDescription>();
    /// <summary>Seeds the noise that is fed.</summary>
    public long Seed { get; init; } = 1;
}

/// <summary>Latency, throughput and memory of models in ONNX Runtime. All models of one batch size take turns, in an order that changes with every
/// round, so that whatever else the machine does meets all of them alike; the i-th runs of two models are a pair.</summary>
public static class LatencyBenchmark
{
    /// <summary>Measures each file at each batch size.</summary>
    /// <param name="files">Models.</param>
    /// <param name="compute">Device and threads.</param>
    /// <param name="options">How to measure; default 50 runs at 1, 8 and 64.</param>
    /// <param name="note">Told what is measured, and what is left out and why.</param>
    /// <returns>Rows in the order of files, then batches.</returns>
    /// <exception cref="InputException">A file that cannot be read or run, or a free dimension that must be stated.</exception>
    public static IReadOnlyList<BenchmarkRow> Measure(IReadOnlyList<string> files, ComputeOptions compute, BenchmarkOptions? options = null, Action<string>? note = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(compute);
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfZero(files.Count);
        ArgumentOutOfRangeException.ThrowIfZero(options.Batches.Count);
        var candidates = files.Select((file, i) => new Candidate(i, file)).ToArray();
        if (options.Shapes.FirstOrDefault(r => !candidates.Any(c => c.Names.Contains(r.Name))) is { } stray)
            throw new InputException($"--shape {stray.Name}: expected an input or a named dimension of a model ({string.Join(", ", candidates.SelectMany(c => c.Names).Distinct().Select(n => $"'{n}'"))}), got a name that none of them has");
        var rows = new List<(int File, BenchmarkRow Row)>();
        LoadRuntime(candidates[0], compute, options);
        foreach (var batch in options.Batches)
        {
            note?.Invoke($"batch {batch}");
            rows.AddRange(MeasureBatch(candidates, batch, compute, options, note));
        }
        return [.. rows.OrderBy(r => r.File).Select(r => r.Row)];
    }

    /// <summary>The runtime's own memory is no model's: it is loaded before the first is measured.</summary>
    static void LoadRuntime(Candidate candidate, ComputeOptions compute, BenchmarkOptions options)
    {
        if (candidate.ForBatch(options.Batches[0]) is { } model)
            new Entry(candidate, model, options.Batches[0], compute, options).Dispose();
    }

    static List<(int File, BenchmarkRow Row)> MeasureBatch(Candidate[] candidates, int batch, ComputeOptions compute, BenchmarkOptions options, Action<string>? note)
    {
        var entries = new List<Entry>();
        try
        {
            foreach (var candidate in candidates)
            {
                if (candidate.ForBatch(batch) is { } model)
                    entries.Add(new Entry(candidate, model, batch, compute, options));
                else
                    note?.Invoke($"'{candidate.File}' takes batches of {candidate.FixedBatch} only: not measured at {batch}");
            }
            for (var round = 0; round < options.Warmup + options.Runs; round++)
                foreach (var i in Randomness.Permutation(options.Seed, "benchmark", round, entries.Count))
                    entries[i].Time(round >= options.Warmup);
            return [.. entries.Select(e => (e.Candidate.Index, e.Row(compute, options)))];
        }
        finally
        {
            entries.ForEach(e => e.Dispose());
        }
    }

    /// <summary>A model file and what can be said of it without running it.</summary>
    sealed class Candidate
    {
        readonly OnnxModel model;
        readonly Lazy<OnnxModel?> free;

        public Candidate(int index, string file)
        {
            (Index, File) = (index, file);
            model = OnnxModel.Load(file);
            free = new(() => GraphEdits.WithSymbolicBatch(model));
            var dims = new GraphView(model.Proto.Graph).Inputs.Select(i => i.Type?.TensorType?.Shape?.Dim).FirstOrDefault();
            FixedBatch = dims is [var first, ..] ? first.FixedSize() : null;
            FileBytes = ModelFiles.TotalBytes(model);
            Precision = PrecisionOf(model);
        }

        public int Index { get; }

        public string File { get; }

        /// <summary>What a request of a shape may name.</summary>
        public IReadOnlyCollection<string> Names => ModelFeed.Names(model);

        /// <summary>The batch size that the file insists on, or null.</summary>
        public long? FixedBatch { get; }

        public long FileBytes { get; }

        public string Precision { get; }

        /// <summary>The model for batches of this size: as it is, or with its fixed batch set free where that changes nothing else; null: impossible.</summary>
        public OnnxModel? ForBatch(int batch) => FixedBatch is null || FixedBatch == batch ? model : free.Value;

        static string PrecisionOf(OnnxModel model)
        {
            if (model.Proto.Graph.Node.Any(n => n.OpType is "QuantizeLinear" or "DynamicQuantizeLinear" or "QLinearConv" or "QLinearMatMul"))
                return "int8";
            return model.Proto.Graph.Initializer.Any(t => (DataType)t.DataType == DataType.Float16) ? "fp16" : "fp32";
        }
    }

    /// <summary>A model opened for one batch size, with its input in place and its times so far.</summary>
    sealed class Entry : IDisposable
    {
        readonly PlainSession session;
        readonly PreparedRun run;
        readonly List<double> milliseconds = [];
        readonly long? peakBytes;
        readonly int batch;
        readonly long[] shape;
        readonly Costs costs;

        public Entry(Candidate candidate, OnnxModel model, int batch, ComputeOptions compute, BenchmarkOptions options)
        {
            (Candidate, this.batch) = (candidate, batch);
            var shapes = ModelFeed.Shapes(model, batch, ModelFeed.Meant(model, options.Shapes), freeSize: null, options.Images.GetValueOrDefault(candidate.File));
            var feed = ModelFeed.Noise(model, shapes, options.Seed);
            shape = shapes.Values.FirstOrDefault() ?? [];
            if (shape.Length > 0 && shape[0] != batch)
                throw new InputException($"--shape: expected {batch} on the first axis of '{shapes.First().Key}', the batch that is timed, got {shape[0]}; state the same with --batch");
            costs = Costs.Of(model, shape.Length == 4 ? (int)shape[2] : null);
            var before = ResidentMemory.Reset();
            session = new PlainSession(model, compute.Session);
            run = session.Prepare(feed);
            run.Execute();
            peakBytes = before is { } bytes && ResidentMemory.Peak() is { } peak ? Math.Max(0, peak - bytes) : null;
        }

        public Candidate Candidate { get; }

        public void Time(bool counts)
        {
            var start = Stopwatch.GetTimestamp();
            run.Execute();
            var elapsed = Stopwatch.GetElapsedTime(start);
            if (counts)
                milliseconds.Add(elapsed.TotalMilliseconds);
        }

        public BenchmarkRow Row(ComputeOptions compute, BenchmarkOptions options)
        {
            milliseconds.Sort();
            var mean = milliseconds.Average();
            return new BenchmarkRow
            {
                Model = Candidate.File,
                Provider = compute.TeacherDevice.IsCuda ? "CUDAExecutionProvider" : "CPUExecutionProvider",
                Device = compute.TeacherDevice.ToString(),
                Threads = compute.Threads,
                Precision = Candidate.Precision,
                Batch = batch,
                Input = string.Join('x', shape.Skip(1)),
                Warmup = options.Warmup,
                Runs = options.Runs,
                MeanMs = mean,
                P50Ms = Percentile(milliseconds, 0.5),
                P90Ms = Percentile(milliseconds, 0.9),
                P95Ms = Percentile(milliseconds, 0.95),
                P99Ms = Percentile(milliseconds, 0.99),
                SamplesPerSec = batch / mean * 1000,
                PeakMemoryBytes = peakBytes,
                FileBytes = Candidate.FileBytes,
                ParamCount = costs.Parameters,
                Macs = costs.Macs,
            };
        }

        public void Dispose()
        {
            run.Dispose();
            session.Dispose();
        }
    }

    /// <summary>Between the two nearest of sorted values, in proportion.</summary>
    internal static double Percentile(IReadOnlyList<double> sorted, double share)
    {
        var at = share * (sorted.Count - 1);
        var below = (int)at;
        return below + 1 < sorted.Count ? sorted[below] + ((at - below) * (sorted[below + 1] - sorted[below])) : sorted[^1];
    }
}

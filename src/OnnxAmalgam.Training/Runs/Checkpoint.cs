using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Runs;

/// <summary>Where a run stands, beside its tensors.</summary>
internal sealed record TrainingState
{
    /// <summary>Version of this record.</summary>
    public int Format { get; init; } = 1;
    /// <summary>SHA-256 of the resolved recipe, the initial student, the data listing and each teacher's file, by name.</summary>
    public required IReadOnlyDictionary<string, string> Hashes { get; init; }
    /// <summary>Threads the run used; another number gives other rounding.</summary>
    public required int Threads { get; init; }
    /// <summary>What else results depend on, by what it is: devices and versions; null in files that do not say.</summary>
    public IReadOnlyDictionary<string, string>? Machine { get; init; }
    /// <summary>Number format of the steps (fp32 in files that do not say).</summary>
    [JsonConverter(typeof(JsonStringEnumConverter<Precision>))]
    public Precision Precision { get; init; }
    /// <summary>Epoch of the next batch, from 1.</summary>
    public required int Epoch { get; init; }
    /// <summary>Next batch within that epoch, from 0.</summary>
    public required int Batch { get; init; }
    /// <summary>Steps done.</summary>
    public required long Step { get; init; }
    /// <summary>Seconds of training so far.</summary>
    public required double Seconds { get; init; }
    /// <summary>Length of results.csv this state knows.</summary>
    public required long ResultsBytes { get; init; }
    /// <summary>Best value on the validation part so far (higher is better), or null.</summary>
    public required double? Best { get; init; }
    /// <summary>Epoch of that value; 0: none.</summary>
    public required int BestEpoch { get; init; }
    /// <summary>Sums of the unfinished epoch's terms over its batches.</summary>
    public required IReadOnlyDictionary<string, double> Sums { get; init; }

    /// <summary>Refuses inputs that are not the ones the run was started with.</summary>
    /// <exception cref="InputException">Names what changed.</exception>
    internal void RequireInputs(IReadOnlyDictionary<string, string> hashes, string folder)
    {
        string[] changed = [.. Hashes.Where(saved => hashes.GetValueOrDefault(saved.Key) != saved.Value).Select(saved => saved.Key)];
        if (changed.Length > 0)
        {
            throw new InputException($"'{folder}': expected the files this run was started with, got others for {string.Join(", ", changed)}; restore them or start a new run");
        }
    }
}

/// <summary>The checkpoints of a run: one file each, with pointer files <c>last</c> and <c>best</c> that are replaced atomically.
/// The last, the one before it and the best are kept.</summary>
internal sealed class Checkpoints(string folder)
{
    const string StateKey = "state";

    /// <summary>Writes a checkpoint and points <c>last</c> at it.</summary>
    /// <param name="state">Where the run stands.</param>
    /// <param name="tensors">Everything that changes while training.</param>
    /// <param name="isBest">Whether <c>best</c> is to point at it too.</param>
    public void Save(TrainingState state, IReadOnlyDictionary<string, Tensor> tensors, bool isBest)
    {
        string name = NameOf(state);
        TensorFile.Write(Path.Combine(folder, name), tensors, new Dictionary<string, string> { [StateKey] = JsonSerializer.Serialize(state) });
        if (isBest)
        {
            Point("best", name);
        }

        Point("last", name);
        string? previous = Files().Select(Path.GetFileName).Where(f => string.CompareOrdinal(f, name) < 0).Max(StringComparer.Ordinal);
        var kept = new HashSet<string?>(StringComparer.Ordinal) { name, previous, Pointer("best") };
        // the run is locked: what another write left half done is nobody's
        foreach (string file in Files().Where(f => !kept.Contains(Path.GetFileName(f))).Concat(Directory.GetFiles(folder, ".step-*.tmp")))
        {
            File.Delete(file);
        }
    }

    /// <summary>Makes <c>best</c> agree with a checkpoint that was read. Where that is the best itself it is pointed at: a run that was killed may have been about to.
    /// Where <c>best</c> is of a later step, which an older checkpoint knows nothing of, or is gone, there is none: the earlier best's weights are no longer kept.</summary>
    /// <returns>The state to go on from.</returns>
    public TrainingState SettleBest(TrainingState read, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(warn);
        if (read is { Batch: 0, BestEpoch: > 0 } && read.BestEpoch == read.Epoch - 1)
        {
            if (Pointer("best") != NameOf(read))
            {
                Point("best", NameOf(read));
            }

            return read;
        }

        string? best = Pointer("best");
        if (best is not null && string.CompareOrdinal(best, NameOf(read)) > 0)
        {
            File.Delete(Path.Combine(folder, "best"));
            best = null;
        }

        if (best is not null || read.BestEpoch == 0)
        {
            return read;
        }

        warn(string.Create(CultureInfo.InvariantCulture, $"the weights of epoch {read.BestEpoch}, the best up to here, are no longer kept: the best is chosen among the epochs that follow"));
        return read with { Best = null, BestEpoch = 0 };
    }

    /// <summary>Reads the last checkpoint; null when the run has none yet.</summary>
    /// <param name="acceptOlder">Whether an older whole checkpoint will do when the newest is damaged.</param>
    /// <param name="warn">Told which checkpoint was refused.</param>
    /// <exception cref="InputException">The newest is damaged and older ones are not accepted, or all are.</exception>
    public (TrainingState State, Dictionary<string, Tensor> Tensors)? LoadLast(bool acceptOlder, Action<string> warn)
    {
        var names = Files().Select(f => Path.GetFileName(f)!).OrderDescending(StringComparer.Ordinal).ToList();
        if (names.Count == 0)
        {
            return null;
        }

        for (int i = 0; ; i++)
        {
            try
            {
                return Load(names[i]);
            }
            catch (InputException e) when (acceptOlder && i + 1 < names.Count)
            {
                warn(e.Message);
            }
        }
    }

    /// <summary>Reads the best checkpoint; null when none was marked.</summary>
    public (TrainingState State, Dictionary<string, Tensor> Tensors)? LoadBest() => Pointer("best") is { } name ? Load(name) : null;

    (TrainingState State, Dictionary<string, Tensor> Tensors) Load(string name)
    {
        string path = Path.Combine(folder, name);
        var (tensors, metadata) = TensorFile.Read(path);
        try
        {
            var state = JsonSerializer.Deserialize<TrainingState>(metadata.GetValueOrDefault(StateKey, "null"));
            return state is { Format: 1 } ? (state, tensors) : throw new JsonException($"format {state?.Format}");
        }
        catch (JsonException e)
        {
            throw new InputException($"'{path}': expected a checkpoint of this program, format 1, got {e.Message}", e);
        }
    }

    static string NameOf(TrainingState state) => string.Create(CultureInfo.InvariantCulture, $"step-{state.Step:d9}.safetensors");

    string? Pointer(string name)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path) ? Path.GetFileName(File.ReadAllText(path).Trim()) : null;
    }

    void Point(string name, string target) => AtomicFile.WriteText(Path.Combine(folder, name), target + "\n");

    string[] Files() => Directory.GetFiles(folder, "step-*.safetensors");
}

using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Caching;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;

namespace OnnxAmalgam.Training.Comparison;

/// <summary>What names a run: the recipe's text with its overrides, the networks it names, the seed, and the program.</summary>
/// <param name="Recipe">First 16 digits of the SHA-256 of the recipe's file and what overrides it.</param>
/// <param name="Models">First 16 digits of the SHA-256 of the files of teachers and student.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Program">The program's version, and what else tells builds apart.</param>
public sealed record RunKey(string Recipe, string Models, long Seed, string Program)
{
    /// <summary>Of a recipe's file and what it says.</summary>
    /// <param name="path">The file.</param>
    /// <param name="overrides">What overrides it, but for the seed.</param>
    /// <param name="recipe">Both, read.</param>
    /// <param name="program">The program's version, and what else tells builds apart.</param>
    /// <exception cref="InputException">A file that it names cannot be read.</exception>
    public static RunKey Of(string path, IEnumerable<string> overrides, Recipe recipe, string program)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        string[] files = [.. recipe.Teachers.Select(t => t.Model), .. recipe.Student.IsFromZoo ? Array.Empty<string>() : [recipe.Student.Model]];
        return new(
            Short([.. File.ReadAllBytes(path), .. Encoding.UTF8.GetBytes(string.Concat(overrides.Select(o => "\n" + o)))]),
            Short(Encoding.UTF8.GetBytes(string.Join('\n', files.Select(file => ModelHash.Of(OnnxModel.Load(file)))))),
            recipe.Train.Seed, program);
    }

    static string Short(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];
}

/// <summary>Runs of methods in one CSV file, a row a run, so that a comparison can go on from it where the runs' folders are gone. Columns:
/// <c>method,recipe,models,seed,program,seconds,evaluation,test,nameless,right</c>; evaluation is a JSON array of
/// <c>[model, task, metric, value, ci_low, ci_high, n]</c>, of the accuracies alone, right is <see cref="TestAnswers.Pack"/>; seconds are empty where
/// they are not known. Several programs may add to one file.</summary>
public sealed class RunLog
{
    static readonly string[] Columns = ["method", "recipe", "models", "seed", "program", "seconds", "evaluation", "test", "nameless", "right"];
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    readonly string path;
    List<string[]> rows;

    /// <summary>Opens a file; one that is not there, or empty, is made with the first run.</summary>
    /// <exception cref="InputException">It holds something else.</exception>
    public RunLog(string path)
    {
        this.path = path;
        AtomicFile.RequireFolder(path);
        rows = Read();
    }

    /// <summary>A run that is there already, or null.</summary>
    /// <exception cref="InputException">Its row cannot be read.</exception>
    public MethodRun? Find(RunKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        string seed = key.Seed.ToString(CultureInfo.InvariantCulture);
        if (rows.Find(r => (r[1], r[2], r[3], r[4]) == (key.Recipe, key.Models, seed, key.Program)) is not { } row)
            return null;
        try
        {
            return new(key.Seed, Evaluation(row[6]), new TestAnswers(row[7], int.Parse(row[8], CultureInfo.InvariantCulture), TestAnswers.Unpack(row[9])))
            {
                Duration = row[5].Length == 0 ? null : TimeSpan.FromSeconds(double.Parse(row[5], CultureInfo.InvariantCulture)),
            };
        }
        catch (Exception e) when (e is JsonException or FormatException or OverflowException or InvalidOperationException or InvalidDataException)
        {
            throw new InputException($"'{path}', method '{row[0]}', seed {row[3]}: expected a run's results, got something else ({e.Message}); remove the row to train it anew", e);
        }
    }

    /// <summary>Adds a run to what is in the file by now, where other programs may have written to it, too.</summary>
    /// <param name="method">The recipe's name.</param>
    /// <param name="key">What names the run.</param>
    /// <param name="run">Its results.</param>
    /// <exception cref="InputException">The file holds something else by now, or another program keeps it to itself.</exception>
    public void Add(string method, RunKey key, MethodRun run)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(run);
        using FileStream alone = Lock();
        rows = Read();
        rows.Add(
        [
            method, key.Recipe, key.Models, key.Seed.ToString(CultureInfo.InvariantCulture), key.Program, run.Duration?.TotalSeconds.ToString("0", CultureInfo.InvariantCulture) ?? "",
            Text(run.Evaluation), run.Answers.Images, run.Answers.Nameless.ToString(CultureInfo.InvariantCulture), run.Answers.Pack(),
        ]);
        using var text = new StringWriter();
        CsvTable.Write(text, Columns, rows);
        AtomicFile.WriteText(path, text.ToString());
    }

    List<string[]> Read() => !File.Exists(path) || new FileInfo(path).Length == 0
        ? []
        : StrictCsv.Read(path, Columns, fields => fields, "name another file for the log, or mend it").Rows;

    /// <summary>A file beside the log, held alone. It stays: were it removed, one could wait for a file that is no longer there while another takes a new one.</summary>
    FileStream Lock()
    {
        string held = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetFileName(path)}.lock");
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return new FileStream(held, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
            }
            catch (IOException e) when (clock.Elapsed < Patience && HeldFile.IsCauseOf(e))
            {
                Thread.Sleep(20);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new InputException($"'{path}': expected to write to it, got none ({e.Message}); is another program at '{held}', or is that another user's?", e);
            }
        }
    }

    static string Text(IEnumerable<EvaluationRow> evaluation) =>
        JsonSerializer.Serialize(evaluation.Where(r => r.Metric == "accuracy_top1").Select(r => new object?[] { r.Model, r.Task, r.Metric, r.Value, r.CiLow, r.CiHigh, r.N }));

    static EvaluationRow[] Evaluation(string json)
    {
        return [.. (JsonSerializer.Deserialize<JsonElement[]?[]>(json) ?? throw new FormatException("no results")).Select(r => r is [var model, var task, var metric, var value, var low, var high, var n]
            ? new EvaluationRow(model.GetString()!, task.GetString()!, metric.GetString()!, value.GetDouble(), Number(low), Number(high), n.GetInt64())
            : throw new FormatException($"a result of {r?.Length ?? 0} fields"))];

        static double? Number(JsonElement element) => element.ValueKind == JsonValueKind.Null ? null : element.GetDouble();
    }
}

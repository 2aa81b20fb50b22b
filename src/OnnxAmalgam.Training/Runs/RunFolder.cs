using System.Globalization;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Runs;

/// <summary>A run's folder and the names in it. Holds the folder's lock for as long as it lives.</summary>
public sealed class RunFolder : IDisposable
{
    readonly FileStream held;

    RunFolder(string path, FileStream held)
    {
        Path = path;
        this.held = held;
    }

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>The resolved recipe.</summary>
    public string Recipe => In("recipe.yaml");
    /// <summary>A row an epoch.</summary>
    public string Results => In("results.csv");
    /// <summary>The student, written when the run is done.</summary>
    public string Student => In("student.onnx");
    /// <summary>Accuracy of student and teachers.</summary>
    public string Evaluation => In("evaluation.csv");
    /// <summary>Latency and size.</summary>
    public string Benchmark => In("benchmark.csv");
    /// <summary>Versions, device, hashes.</summary>
    public string Environment => In("environment.json");
    /// <summary>Checkpoints and their pointers <c>last</c> and <c>best</c>.</summary>
    public string Checkpoints => In("checkpoints");

    /// <summary>Whether the run in a folder has come to its end.</summary>
    public static bool IsFinished(string path) => File.Exists(System.IO.Path.Combine(path, "student.onnx")) && File.Exists(System.IO.Path.Combine(path, "evaluation.csv"));

    /// <summary>Makes a new run folder.</summary>
    /// <param name="path">A folder that is new or empty; null: runs/NAME, then runs/NAME-2, ...</param>
    /// <param name="name">The recipe's name.</param>
    /// <exception cref="InputException">The folder holds something, or cannot be written.</exception>
    public static RunFolder Create(string? path, string name)
    {
        if (path is not null)
        {
            string full = System.IO.Path.GetFullPath(path);
            return File.Exists(full) || (Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any(e => System.IO.Path.GetFileName(e) != ".lock"))
                ? throw new InputException($"'{path}': expected a new or empty folder, got one that holds something; choose another -o, or go on with --resume")
                : Open(full, create: true);
        }

        for (int number = 1; ; number++)
        {
            string candidate = System.IO.Path.GetFullPath(System.IO.Path.Combine("runs", number == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}-{number}")));
            if (!Directory.Exists(candidate) && !File.Exists(candidate))
            {
                return Open(candidate, create: true);
            }
        }
    }

    /// <summary>Opens an existing run folder.</summary>
    public static RunFolder Open(string path) => Open(System.IO.Path.GetFullPath(path), create: false);

    /// <summary>The newest unfinished run: <c>runs/NAME*</c>, or <c>runs/*</c> without a name; null when there is none.</summary>
    public static string? NewestUnfinished(string? name) => !Directory.Exists("runs")
        ? null
        : Directory.EnumerateDirectories("runs")
            .Where(d => name is null || System.IO.Path.GetFileName(d) is var n && (n == name || n.StartsWith(name + "-", StringComparison.Ordinal)))
            .Where(d => File.Exists(System.IO.Path.Combine(d, "recipe.yaml")) && !IsFinished(d))
            .MaxBy(d => (Directory.GetLastWriteTimeUtc(d), d));

    /// <inheritdoc/>
    public void Dispose() => held.Dispose();

    static RunFolder Open(string path, bool create)
    {
        try
        {
            if (create)
            {
                Directory.CreateDirectory(System.IO.Path.Combine(path, "checkpoints"));
            }
            else if (!Directory.Exists(path))
            {
                throw new InputException($"'{path}': expected a run folder, got nothing there");
            }

            return new RunFolder(path, new FileStream(System.IO.Path.Combine(path, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InputException($"'{path}': cannot be written: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new InputException(File.Exists(System.IO.Path.Combine(path, ".lock"))
                ? $"'{path}': another onnx-amalgam works in this run folder; wait for it or choose another -o"
                : $"'{path}': cannot be written: {e.Message}", e);
        }
    }

    string In(string name) => System.IO.Path.Combine(Path, name);
}

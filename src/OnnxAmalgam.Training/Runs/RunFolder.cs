using System.Globalization;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Runs;

/// <summary>A run's folder and the names in it. Holds the folder's lock for as long as it lives.</summary>
public sealed class RunFolder : IDisposable
{
    readonly FileStream? held;
    readonly string[] created;

    RunFolder(string path, FileStream? held, string[] created)
    {
        Path = path;
        this.held = held;
        this.created = created;
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
    /// <summary>What the student says of each image it was evaluated on.</summary>
    public string Predictions => In("predictions.csv");
    /// <summary>Latency and size.</summary>
    public string Benchmark => In("benchmark.csv");
    /// <summary>Versions, device, hashes.</summary>
    public string Environment => In("environment.json");
    /// <summary>The run as one page.</summary>
    public string Report => In("report.html");
    /// <summary>Its epochs, drawn.</summary>
    public string ResultsPlot => In("results.png");
    /// <summary>True classes against answers, drawn.</summary>
    public string ConfusionPlot => In("confusion_matrix.png");
    /// <summary>Checkpoints and their pointers <c>last</c> and <c>best</c>.</summary>
    public string Checkpoints => In("checkpoints");

    /// <summary>Whether the run in a folder has come to its end.</summary>
    public static bool IsFinished(string path) => File.Exists(System.IO.Path.Combine(path, "student.onnx")) && File.Exists(System.IO.Path.Combine(path, "evaluation.csv"));

    /// <summary>The full path of a new run folder; nothing is made yet.</summary>
    /// <param name="path">A folder that is new or empty; null: runs/NAME, then runs/NAME-2, ...</param>
    /// <param name="name">The recipe's name.</param>
    /// <exception cref="InputException">The folder holds something.</exception>
    public static string Choose(string? path, string name)
    {
        if (path is not null)
        {
            string full = System.IO.Path.GetFullPath(path);
            return File.Exists(full) || HoldsSomething(full)
                ? throw new InputException($"'{path}': expected a new or empty folder, got {(File.Exists(full) ? "a file" : "one that holds something")}; choose another -o, or go on with --resume")
                : full;
        }

        return Enumerable.Range(1, int.MaxValue).Select(number => Numbered(name, number)).First(IsFree);
    }

    static bool HoldsSomething(string folder)
    {
        try
        {
            return Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any(e => System.IO.Path.GetFileName(e) != ".lock");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(folder, e);
        }
    }

    static string Numbered(string name, int number) =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine("runs", number == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}-{number}")));

    static bool IsFree(string path) => !Directory.Exists(path) && !File.Exists(path);

    /// <summary>Makes a new run folder; its path is chosen as by <see cref="Choose"/>.</summary>
    /// <exception cref="InputException">The folder holds something, or cannot be written.</exception>
    public static RunFolder Create(string? path, string name)
    {
        if (path is not null)
        {
            return Open(Choose(path, name), create: true);
        }

        for (int number = 1; ; number++)
        {
            // several may start at one moment: whoever has the lock of an empty folder has the folder
            if (Numbered(name, number) is var candidate && IsFree(candidate) && Claim(candidate) is { } claimed)
            {
                return claimed;
            }
        }
    }

    /// <summary>Opens an existing run folder.</summary>
    public static RunFolder Open(string path) => Open(System.IO.Path.GetFullPath(path), create: false);

    /// <summary>The newest unfinished run: <c>runs/NAME</c> or <c>runs/NAME-2</c> and so on, or <c>runs/*</c> without a name; null when there is none.</summary>
    public static string? NewestUnfinished(string? name) => !Directory.Exists("runs")
        ? null
        : Directory.EnumerateDirectories("runs")
            .Where(d => name is null || System.IO.Path.GetFileName(d) is var n && (n == name || (n.StartsWith(name + "-", StringComparison.Ordinal) && n[(name.Length + 1)..].All(char.IsAsciiDigit))))
            .Where(d => File.Exists(System.IO.Path.Combine(d, "recipe.yaml")) && !IsFinished(d))
            .MaxBy(d => (Directory.GetLastWriteTimeUtc(d), d));

    /// <summary>A run folder for who leaves the run itself as it is: no lock is taken, it may be read-only or in use.</summary>
    /// <exception cref="InputException">There is no run in it.</exception>
    public static RunFolder Read(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        return File.Exists(System.IO.Path.Combine(full, "recipe.yaml"))
            ? new RunFolder(full, null, [])
            : throw new InputException($"'{path}': expected a run folder (it holds recipe.yaml), got {(Directory.Exists(full) ? "a folder without one" : File.Exists(full) ? "a file" : "nothing there")}; name the folder that train wrote");
    }

    /// <summary>Takes a run that failed before its first checkpoint back: its few files go, and the folders that it made. A run with a
    /// checkpoint stays, to be resumed.</summary>
    public void DiscardUnlessSaved()
    {
        if (created.Length == 0 || !Directory.Exists(Checkpoints) || Directory.EnumerateFileSystemEntries(Checkpoints).Any())
        {
            return;
        }

        held?.Dispose();
        try
        {
            foreach (string file in (string[])[Recipe, Results, Environment, In(".lock"), .. Directory.EnumerateFiles(Path, "events.out.tfevents.*")])
            {
                File.Delete(file);
            }

            foreach (string folder in created.TakeWhile(f => !Directory.EnumerateFileSystemEntries(f).Any()))
            {
                Directory.Delete(folder);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What made the run fail is on its way to the user; leftovers must not hide it.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => held?.Dispose();

    /// <summary>The folder and those above it that do not exist yet, innermost first.</summary>
    static IEnumerable<string> Missing(string folder)
    {
        for (string? at = folder; at is not null && !Directory.Exists(at); at = System.IO.Path.GetDirectoryName(at))
        {
            yield return at;
        }
    }

    static RunFolder Open(string path, bool create)
    {
        if (!create && !Directory.Exists(path))
        {
            throw new InputException($"'{path}': expected a run folder, got nothing there");
        }

        return Held(path, create) ?? throw new InputException($"'{path}': another onnx-amalgam works in this run folder; wait for it or choose another -o");
    }

    /// <summary>A folder that was free a moment ago; null where somebody else has it by now.</summary>
    static RunFolder? Claim(string path)
    {
        var folder = Held(path, create: true);
        if (folder is null || !File.Exists(folder.Recipe))
        {
            return folder;
        }

        folder.Dispose();
        return null;
    }

    /// <summary>The folder with its lock; null where another program has that.</summary>
    static RunFolder? Held(string path, bool create)
    {
        string[] created = [];
        try
        {
            if (create)
            {
                string checkpoints = System.IO.Path.Combine(path, "checkpoints");
                created = [.. Missing(checkpoints)];
                Directory.CreateDirectory(checkpoints);
            }

            return new RunFolder(path, new FileStream(System.IO.Path.Combine(path, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), created);
        }
        catch (IOException e) when (HeldFile.IsCauseOf(e))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(path, e);
        }
    }

    static InputException Unwritable(string path, Exception e) =>
        new($"'{path}': expected a folder that can be written, got: {e.Message.TrimEnd('.')}; change its permissions or choose another -o", e);

    string In(string name) => System.IO.Path.Combine(Path, name);
}

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace OnnxAmalgam.Benchmarks;

/// <summary>What a worker says of a piece of work.</summary>
/// <param name="Seconds">By the clock.</param>
/// <param name="Images">Handled.</param>
readonly record struct Timing(double Seconds, double Images)
{
    /// <summary>Images a second.</summary>
    public double Rate => Images / Seconds;
}

/// <summary>One side of a comparison: a process that does a piece of work when told to, and sleeps otherwise.</summary>
sealed class WorkerProcess : IDisposable
{
    readonly Process process;

    WorkerProcess(string name, Process process, JsonElement greeting) => (Name, this.process, Greeting) = (name, process, greeting);

    /// <summary>What tables call it.</summary>
    public string Name { get; }

    /// <summary>Its first line: versions, precision.</summary>
    public JsonElement Greeting { get; }

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <returns>Null where it cannot work here; why is on stderr.</returns>
    public static WorkerProcess? Start(string name, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        Process process = Process.Start(start)!;
        if (process.StandardOutput.ReadLine() is { } line)
        {
            return new WorkerProcess(name, process, Parse(line));
        }

        process.WaitForExit();
        process.Dispose();
        return null;
    }

    /// <summary>Has it do something so many times.</summary>
    public Timing Do(string work, int count)
    {
        JsonElement answer = Ask(string.Create(CultureInfo.InvariantCulture, $"{work} {count}"));
        return new Timing(answer.GetProperty("seconds").GetDouble(), answer.GetProperty("images").GetDouble());
    }

    /// <summary>Asks for anything.</summary>
    public JsonElement Ask(string line)
    {
        process.StandardInput.WriteLine(line);
        process.StandardInput.Flush();
        return Parse(process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"worker '{Name}': expected an answer to '{line}', got the end of its output"));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        process.StandardInput.WriteLine("quit");
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    static JsonElement Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }
}

using System.Diagnostics;

namespace OnnxAmalgam.Cli.Tests.Running;

/// <summary>The program as a process of its own, as the build left it beside the tests.</summary>
internal static class ChildProcess
{
    /// <summary>Longest a child may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <summary>The program's command line.</summary>
    public static string[] Program(params string[] arguments) =>
        [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", Path.Combine(AppContext.BaseDirectory, "onnx-amalgam.dll"), .. arguments];

    /// <summary>Runs a command line to its end.</summary>
    /// <param name="folder">Where it runs.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="variables">Put into its environment; null removes.</param>
    /// <param name="onErrorLine">Sees each line of stderr as it comes.</param>
    public static CliResult Run(string folder, string[] command, (string Name, string? Value)[]? variables = null, Action<Process, string>? onErrorLine = null)
    {
        ProcessStartInfo start = new(command[0], command[1..]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string name in (string[])["NO_COLOR", "CI", "OMP_NUM_THREADS"])
        {
            start.Environment.Remove(name);
        }

        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        foreach (var (name, value) in variables ?? [])
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = Task.Run(() =>
        {
            List<string> lines = [];
            while (process.StandardError.ReadLine() is { } line)
            {
                lines.Add(line + "\n");
                onErrorLine?.Invoke(process, line);
            }

            return string.Concat(lines);
        });
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{string.Join(' ', command)} took more than {Limit.TotalSeconds} s");
        }

        process.WaitForExit();
        return new CliResult(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Sends a signal.</summary>
    public static void Signal(Process process, string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }
}

using System.Diagnostics;
using System.Text;

namespace OnnxAmalgam.Graphs.Tests.Tools;

/// <summary>Runs the scripts of tools/ as a user would.</summary>
static class Python
{
    /// <summary>What a script answered.</summary>
    public sealed record Answer(int ExitCode, string Output, string Errors);

    /// <summary>The repository's root folder.</summary>
    public static string Root { get; } = FindRoot();

    static readonly string? s_interpreter = FindInterpreter();
    static readonly Lazy<bool> s_hasTorch = new(() => Start(["-c", "import torch, onnx"]).ExitCode == 0);

    /// <summary>Runs tools/SCRIPT; skips the test where there is no Python 3.</summary>
    public static Answer Run(string script, params string[] arguments)
    {
        Assert.SkipWhen(s_interpreter is null, "needs python3 on the PATH");
        return Start([Path.Combine(Root, "tools", script), .. arguments]);
    }

    /// <summary>Runs a program text; skips the test where there is no Python 3.</summary>
    public static Answer Command(string program, params string[] arguments)
    {
        Assert.SkipWhen(s_interpreter is null, "needs python3 on the PATH");
        return Start(["-c", program, .. arguments]);
    }

    /// <summary>Skips the test unless PyTorch and onnx can be imported.</summary>
    public static void RequireTorch()
    {
        Assert.SkipWhen(s_interpreter is null, "needs python3 on the PATH");
        Assert.SkipUnless(s_hasTorch.Value, "needs the Python modules torch and onnx (Debian: python3-torch, python3-onnx)");
    }

    /// <summary>The lines that a script of the tests prints; skips the test where Python 3 or onnx is absent.</summary>
    public static string[] Lines(string path, params string[] arguments)
    {
        RequireTorch();
        Answer answer = Start([path, .. arguments]);
        Assert.True(answer.ExitCode == 0, answer.Errors);
        return answer.Output.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
    }

    static Answer Start(IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(s_interpreter!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        using Process process = new() { StartInfo = start };
        StringBuilder output = new(), errors = new();
        process.OutputDataReceived += (_, line) => output.AppendLine(line.Data);
        process.ErrorDataReceived += (_, line) => errors.AppendLine(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        return new(process.ExitCode, output.ToString(), errors.ToString());
    }

    /// <summary>Debian's own Python before any other: it is the one that finds Debian's python3-torch.</summary>
    static string? FindInterpreter()
    {
        IEnumerable<string> folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Prepend("/usr/bin").SelectMany(f => new[] { Path.Combine(f, "python3"), Path.Combine(f, "python3.exe") }).FirstOrDefault(File.Exists);
    }

    static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "OnnxAmalgam.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException($"no OnnxAmalgam.sln above '{AppContext.BaseDirectory}'");
    }
}

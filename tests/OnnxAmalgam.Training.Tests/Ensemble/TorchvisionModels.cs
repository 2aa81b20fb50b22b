using System.Diagnostics;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Tests.Ensemble;

[assembly: AssemblyFixture(typeof(TorchvisionModels))]

namespace OnnxAmalgam.Training.Tests.Ensemble;

/// <summary>Torchvision's classifiers, exported once, when a test asks for the first of them; none where PyTorch is absent.</summary>
public sealed class TorchvisionModels : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("torchvision-").FullName;
    readonly Lazy<string?> problem;

    public TorchvisionModels() => problem = new(Export);

    /// <summary>A model's file; the test is skipped where it cannot be made.</summary>
    public string this[string name]
    {
        get
        {
            Assert.SkipWhen(problem.Value is not null, problem.Value ?? "");
            return Path.Combine(folder, name + ".onnx");
        }
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string? Export()
    {
        // Debian's own Python before any other: it is the one that finds Debian's python3-torch
        var python = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Prepend("/usr/bin").SelectMany(path => new[] { Path.Combine(path, "python3"), Path.Combine(path, "python3.exe") }).FirstOrDefault(File.Exists);
        if (python is null || Run(python, "-c", "import torch, torchvision, onnx").ExitCode != 0)
            return "needs the Python modules torch, torchvision and onnx (Debian: python3-torch, python3-torchvision, python3-onnx)";
        var (code, errors) = Run(python, Path.Combine(Repository.Root, "tests", "OnnxAmalgam.Training.Tests", "Ensemble", "torchvision_students.py"), folder);
        Assert.True(code == 0, errors);
        return null;
    }

    static (int ExitCode, string Errors) Run(string python, params string[] arguments)
    {
        ProcessStartInfo start = new(python, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.Result + errors);
    }
}

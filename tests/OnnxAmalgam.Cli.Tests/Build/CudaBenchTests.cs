using System.ComponentModel;
using System.Diagnostics;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Build;

/// <summary>The one command that measures a GPU.</summary>
public sealed class CudaBenchTests
{
    [Fact]
    public void Without_a_gpu_it_says_so_in_one_line_and_builds_nothing()
    {
        Assert.SkipWhen(Run("nvidia-smi", "--list-gpus") is { ExitCode: 0 }, "there is an NVIDIA GPU");
        var make = Run("make", "--no-print-directory", "bench-cuda");
        Assert.SkipWhen(make is null, "needs make");

        Assert.Equal(2, make.Value.ExitCode);
        Assert.Equal("", make.Value.Output);
        Assert.StartsWith("bench-cuda: expected an NVIDIA GPU, got none (nvidia-smi --list-gpus); nothing was measured\n", make.Value.Errors, StringComparison.Ordinal);
    }

    /// <summary>Runs a program in the repository; null where there is none of this name.</summary>
    static (int ExitCode, string Output, string Errors)? Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = Repository.Root, RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, errors.Result);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}

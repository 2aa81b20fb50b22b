using System.Diagnostics;

namespace OnnxAmalgam.Teachers.Tests;

/// <summary>ONNX Runtime's official builds keep a queue of events in the user's home and upload it; unless they are told not to.</summary>
public sealed class TelemetryTests
{
    const string Ordinary = "*The_callers_memory_holds_the_result*";

    [Fact]
    public void Native_code_finds_telemetry_switched_off()
    {
        OnnxRuntimeState state = OnnxRuntime.State();

        Assert.Equal("1", NativeEnvironment.Get("ORT_DISABLE_TELEMETRY"));
        Assert.True(state.TelemetryIsOff);
        Assert.Equal("1.31.1", state.Version);
        Assert.Contains("CPUExecutionProvider", state.Providers);
    }

    [Fact]
    public void The_switch_reaches_native_code_where_the_managed_one_does_not()
    {
        const string name = "ONNX_AMALGAM_TEST_SWITCH";

        NativeEnvironment.Set(name, "käse");

        Assert.Equal("käse", NativeEnvironment.Get(name));
        Assert.Null(NativeEnvironment.Get(name + "_ABSENT"));
    }

    [Fact]
    public void A_process_that_runs_a_teacher_leaves_nothing_in_its_users_home()
    {
        string home = Directory.CreateTempSubdirectory("home-").FullName;

        RunOneTest(home);

        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(home, "*", SearchOption.AllDirectories), f => f.Contains("onnxruntime", StringComparison.OrdinalIgnoreCase));
        Directory.Delete(home, recursive: true);
    }

    [Fact]
    public void A_process_that_runs_a_teacher_opens_no_internet_socket()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "needs strace");
        string home = Directory.CreateTempSubdirectory("home-").FullName, trace = Path.Combine(home, "trace");

        RunOneTest(home, "/usr/bin/strace", "-f", "-e", "trace=socket,openat", "-o", trace);

        string[] calls = File.ReadAllLines(trace);
        Assert.Contains(calls, c => c.Contains("libonnxruntime.so", StringComparison.Ordinal));
        Assert.DoesNotContain(calls, c => c.Contains("AF_INET", StringComparison.Ordinal));
        Directory.Delete(home, recursive: true);
    }

    /// <summary>Runs one ordinary test of this assembly in a process of its own, without the variables that would silence telemetry anyway.</summary>
    static void RunOneTest(string home, params string[] wrapper)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "OnnxAmalgam.Teachers.Tests" + (OperatingSystem.IsWindows() ? ".exe" : ""));
        string[] command = [.. wrapper, program, "-method", Ordinary];
        ProcessStartInfo start = new(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string silencer in (string[])["CI", "ORT_RUNNING_UNIT_TESTS", Telemetry.Switch, "XDG_CACHE_HOME"])
        {
            start.Environment.Remove(silencer);
        }

        start.Environment["HOME"] = start.Environment["USERPROFILE"] = start.Environment["LOCALAPPDATA"] = home;
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0 && output.Contains("Total: 1", StringComparison.Ordinal), output + errors.Result);
    }
}

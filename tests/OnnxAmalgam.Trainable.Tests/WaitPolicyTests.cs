using System.Diagnostics;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>libtorch's threads sleep while they wait, so that a busy machine does not stop them; a user who wants them to spin is obeyed.</summary>
public sealed class WaitPolicyTests
{
    const string Probe = "ONNX_AMALGAM_TEST_WAIT_POLICY";

    [Theory]
    [InlineData(null, null, "PASSIVE", null)]
    [InlineData("active", null, "active", null)]
    [InlineData(null, "7", null, "7")]
    public async Task Native_code_finds_the_policy_before_libtorch_loads(string? policy, string? spin, string? expectedPolicy, string? expectedSpin)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!, ["-method", $"*{nameof(In_this_process_the_policy_is_what_the_parent_expects)}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Give(start, "OMP_WAIT_POLICY", policy);
        Give(start, "GOMP_SPINCOUNT", spin);
        start.Environment[Probe] = $"{expectedPolicy}/{expectedSpin}";

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.True(process.ExitCode == 0 && output.Contains("Total: 1", StringComparison.Ordinal), output + await errors);
    }

    /// <summary>The test above runs it in a process of its own, whose environment is known.</summary>
    [Fact]
    public void In_this_process_the_policy_is_what_the_parent_expects()
    {
        Assert.Null(TorchRuntime.State().Problem);
        string? policy = NativeEnvironment.Get("OMP_WAIT_POLICY"), spin = NativeEnvironment.Get("GOMP_SPINCOUNT");
        if (Environment.GetEnvironmentVariable(Probe) is { } expected) Assert.Equal(expected, $"{policy}/{spin}");
        else Assert.NotNull(policy ?? spin);
    }

    static void Give(ProcessStartInfo start, string name, string? value)
    {
        start.Environment.Remove(name);
        if (value is not null) start.Environment[name] = value;
    }
}

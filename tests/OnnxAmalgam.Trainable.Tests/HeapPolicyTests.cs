namespace OnnxAmalgam.Trainable.Tests;

public sealed class HeapPolicyTests
{
    [Fact]
    public void Freed_memory_is_kept_unless_the_user_says_otherwise()
    {
        bool usersChoice = new[] { "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES" }.Any(name => NativeEnvironment.Get(name) is not null);
        bool isGlibc = OperatingSystem.IsLinux() && File.ReadAllText("/proc/self/maps").Contains("/libc.so.6", StringComparison.Ordinal);
        Assert.Equal(isGlibc && !usersChoice, HeapPolicy.IsKept);
    }
}

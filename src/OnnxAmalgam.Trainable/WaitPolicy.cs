using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace OnnxAmalgam.Trainable;

/// <summary>
/// How libtorch's OpenMP threads wait for each other: asleep, unless the user says otherwise. Left alone they spin, and starve as soon as
/// anything else wants a core: the threads that hold the work wait for those that hold the processors.
/// </summary>
internal static class WaitPolicy
{
    internal const string Name = "OMP_WAIT_POLICY";
    internal const string SpinCount = "GOMP_SPINCOUNT";

    /// <summary>Runs before any other code of this assembly; OpenMP reads its environment once, when it loads.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "No caller of this library may be able to forget it.")]
    internal static void Wait()
    {
        if (NativeEnvironment.Get(Name) is null && NativeEnvironment.Get(SpinCount) is null)
        {
            NativeEnvironment.Set(Name, "PASSIVE");
        }
    }
}

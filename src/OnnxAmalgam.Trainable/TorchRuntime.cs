using System.Text;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable;

/// <summary>What is known of the libtorch of this process.</summary>
/// <param name="Version">Its version, or null when it does not load.</param>
/// <param name="Problem">Why it does not load or compute, with the remedy; null when it works.</param>
/// <param name="Library">TorchSharp's native library as loaded (Linux), or null.</param>
/// <param name="IsWeakened">Whether that file's requirement of GLIBCXX_3.4.32 is the weakened one; null: it has none, or is unknown.</param>
/// <param name="Glibcxx">Newest symbol version of the process' libstdc++ (Linux), as <c>3.4.30</c>, or null.</param>
/// <param name="CudaDevices">CUDA devices it can use.</param>
public sealed record TorchState(string? Version, string? Problem, string? Library, bool? IsWeakened, string? Glibcxx, int CudaDevices);

/// <summary>The process-wide libtorch.</summary>
public static partial class TorchRuntime
{
    /// <summary>What TorchSharp's library really calls, once the requirement of 3.4.32 is weak.</summary>
    static readonly Version NeededGlibcxx = new(3, 4, 30);

    /// <summary>Loads libtorch, if need be, computes a sum with it, and describes it. Never throws for what is wrong with the machine.</summary>
    public static TorchState State()
    {
        string? glibcxx = NewestGlibcxx();
        try
        {
            using Tensor sum = ones(3).sum();
            string? problem = sum.item<float>() == 3 ? null : $"libtorch: expected 1 + 1 + 1 = 3, got {sum.item<float>()}; install the packages again.";
            string? library = Mapped("libLibTorchSharp.so");
            return new(__version__, problem, library, IsWeakened(library), glibcxx, cuda.is_available() ? cuda.device_count() : 0);
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException or NotSupportedException or BadImageFormatException or EntryPointNotFoundException)
        {
            return new(null, Explain(e, glibcxx), null, null, glibcxx, 0);
        }
    }

    /// <summary>Float32 on CUDA means float32: without this, convolutions there round their operands to TF32 (10 bits of mantissa), and a
    /// student differs from its exported file by some 1e-4.</summary>
    public static void UseFullFloat32()
    {
        backends.cudnn.allow_tf32 = false;
        backends.cuda.matmul.allow_tf32 = false;
    }

    /// <summary>Takes floats below 1e-38 for zero on this thread and on those that it starts from now on: some processors compute with them many times more slowly, and
    /// weights that decay come there in the end. libtorch's threads are such, where it has none yet.</summary>
    /// <returns>False where that is not known to be possible (other systems than Linux on x86-64), and nothing is changed.</returns>
    public static bool FlushDenormals() => Denormals.Flush();

    static string Explain(Exception error, string? glibcxx)
    {
        if (glibcxx is not null && Version.Parse(glibcxx) < NeededGlibcxx)
        {
            return $"libstdc++: expected GLIBCXX_{NeededGlibcxx} (GCC 12: Debian 12, Ubuntu 22.04) or newer, got GLIBCXX_{glibcxx}; install a newer libstdc++.";
        }

        string reason = (error.InnerException ?? error).Message.ReplaceLineEndings(" ");
        return $"libtorch: expected the native libraries beside the program, got '{reason}'; reference the libtorch-cpu package of this system, or build with -p:Cuda=true.";
    }

    static bool? IsWeakened(string? library) =>
        library is not null && VersionNeeds.Read(File.ReadAllBytes(library)).TryGetValue("GLIBCXX_3.4.32", out bool weak) ? weak : null;

    static string? NewestGlibcxx() =>
        Mapped("libstdc++.so.6") is { } library
            ? GlibcxxName().Matches(Encoding.Latin1.GetString(File.ReadAllBytes(library))).Select(m => Version.Parse(m.Groups[1].Value)).Max()?.ToString()
            : null;

    /// <summary>The file mapped into this process whose name starts so.</summary>
    static string? Mapped(string name) =>
        OperatingSystem.IsLinux()
            ? File.ReadLines("/proc/self/maps")
                .Select(l => l.IndexOf('/') is var at and >= 0 ? l[at..] : "")
                .FirstOrDefault(p => Path.GetFileName(p).StartsWith(name, StringComparison.Ordinal) && File.Exists(p))
            : null;

    [GeneratedRegex(@"GLIBCXX_(3\.4\.\d+)\0")]
    private static partial Regex GlibcxxName();
}

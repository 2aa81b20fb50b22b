using System.Runtime.InteropServices;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Trainable;
using SkiaSharp;

namespace OnnxAmalgam.Cli.Diagnosis;

/// <summary>Loads each native library and has it do something, so that what works here works in a run.</summary>
internal static class Doctor
{
    const long LittleDiskBytes = 1L << 30;

    public static DoctorReport Examine(Session session)
    {
        var onnxRuntime = OnnxRuntimeState();
        var libtorch = LibtorchState();
        var decoder = DecoderState();
        var disk = Disk(Environment.CurrentDirectory);
        var hasCuda = onnxRuntime.Providers.Contains("CUDAExecutionProvider");
        string?[] problems =
        [
            onnxRuntime.Problem,
            onnxRuntime is { Version: not null, TelemetryIsOff: false } ? "ONNX Runtime: expected its telemetry to be off, got a value of ORT_DISABLE_TELEMETRY other than 1; unset it" : null,
            libtorch.Problem,
            decoder.Problem,
            hasCuda && libtorch.CudaDevices == 0 ? "CUDA: expected a device, got none that libtorch can use; check the driver with nvidia-smi" : null,
            disk.FreeBytes < LittleDiskBytes ? $"disk: expected 1 GiB free in '{disk.Path}', got {disk.FreeBytes >> 20} MiB; free some, or run in another folder" : null,
        ];
        return new DoctorReport
        {
            Version = CommandLine.Version,
            Runtime = RuntimeInformation.FrameworkDescription,
            System = RuntimeInformation.OSDescription,
            Architecture = $"{RuntimeInformation.OSArchitecture}".ToLowerInvariant(),
            Processors = Environment.ProcessorCount,
            MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            Threads = session.Threads,
            OnnxRuntime = onnxRuntime,
            Libtorch = libtorch,
            ImageDecoder = decoder,
            Devices = ["cpu", .. Enumerable.Range(0, libtorch.CudaDevices).Select(i => $"cuda:{i}")],
            Disk = disk,
            Problems = [.. problems.OfType<string>()],
            Notes = hasCuda ? [] : [libtorch.CudaDevices == 0
                ? "CUDA is not in this build; make build CUDA=1 (or -p:Cuda=true) selects the GPU packages"
                : "libtorch has CUDA, ONNX Runtime has not: students train on CUDA, teachers run on the processor; the package Microsoft.ML.OnnxRuntime.Gpu (-p:Cuda=true) changes that"],
        };
    }

    static OnnxRuntimeFinding OnnxRuntimeState()
    {
        try
        {
            var state = OnnxRuntime.State();
            return new(state.Version, state.Providers, state.TelemetryIsOff, null);
        }
        catch (Exception e) when (IsLoadFailure(e))
        {
            return new(null, [], false, $"ONNX Runtime: expected its library beside the program, got '{Reason(e)}'; run make build");
        }
    }

    static LibtorchFinding LibtorchState()
    {
        var state = TorchRuntime.State();
        return new(state.Version, state.Library, state.IsWeakened, state.Glibcxx, state.CudaDevices, state.Problem);
    }

    /// <summary>Writes one pixel as PNG and reads it back.</summary>
    static ImageDecoderFinding DecoderState()
    {
        try
        {
            using var pixel = new SKBitmap(1, 1);
            pixel.SetPixel(0, 0, SKColors.Red);
            using var png = pixel.Encode(SKEncodedImageFormat.Png, 100);
            using var read = SKBitmap.Decode(png);
            return read.GetPixel(0, 0) == SKColors.Red
                ? new($"{typeof(SKBitmap).Assembly.GetName().Version?.ToString(3)}", null)
                : new(null, $"SkiaSharp: expected a red pixel, got {read.GetPixel(0, 0)}; run make build");
        }
        catch (Exception e) when (IsLoadFailure(e))
        {
            return new(null, $"SkiaSharp: expected its library beside the program, got '{Reason(e)}'; run make build");
        }
    }

    static DiskFinding Disk(string path)
    {
        try
        {
            return new(path, new DriveInfo(path).AvailableFreeSpace);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new(path, null);
        }
    }

    static bool IsLoadFailure(Exception e) => e is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException or BadImageFormatException;

    static string Reason(Exception e) => (e.InnerException ?? e).Message.ReplaceLineEndings(" ");
}

namespace OnnxAmalgam.Cli.Diagnosis;

/// <summary>What this program needs of a machine, and what it found.</summary>
internal sealed record DoctorReport
{
    public int SchemaVersion { get; } = Reports.Json.SchemaVersion;
    public required string Version { get; init; }
    public required string Runtime { get; init; }
    public required string System { get; init; }
    public required string Architecture { get; init; }
    public required int Processors { get; init; }
    public required long MemoryBytes { get; init; }
    /// <summary>Threads that <c>--threads</c> or OMP_NUM_THREADS asks for; null: one a processor.</summary>
    public required int? Threads { get; init; }
    public required OnnxRuntimeFinding OnnxRuntime { get; init; }
    public required LibtorchFinding Libtorch { get; init; }
    public required ImageDecoderFinding ImageDecoder { get; init; }
    public required IReadOnlyList<string> Devices { get; init; }
    public required DiskFinding Disk { get; init; }
    /// <summary>What is missing, each with the remedy; empty: all is well.</summary>
    public required IReadOnlyList<string> Problems { get; init; }
    /// <summary>What could be had and is not wrong to lack.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>The runtime of the teachers.</summary>
internal sealed record OnnxRuntimeFinding(string? Version, IReadOnlyList<string> Providers, bool TelemetryIsOff, string? Problem);

/// <summary>The runtime of the student. <paramref name="IsWeakened"/>: see THIRD-PARTY-NOTICES; null where the file needs no change.</summary>
internal sealed record LibtorchFinding(string? Version, string? Library, bool? IsWeakened, string? Glibcxx, int CudaDevices, string? Problem);

/// <summary>What reads pictures.</summary>
internal sealed record ImageDecoderFinding(string? Version, string? Problem);

/// <summary>Where a run would be written.</summary>
internal sealed record DiskFinding(string Path, long? FreeBytes);

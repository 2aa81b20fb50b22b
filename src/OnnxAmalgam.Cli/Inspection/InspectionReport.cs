using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;

namespace OnnxAmalgam.Cli.Inspection;

/// <summary>What a model file says, and what can be done with it. Null: unknown.</summary>
internal sealed record InspectionReport
{
    public int SchemaVersion { get; } = Reports.Json.SchemaVersion;
    public required string Model { get; init; }
    public required string Producer { get; init; }
    public required long IrVersion { get; init; }
    public required IReadOnlyList<OpsetFinding> Opsets { get; init; }
    public required IReadOnlyList<ValueFinding> Inputs { get; init; }
    public required IReadOnlyList<ValueFinding> Outputs { get; init; }
    public required long Parameters { get; init; }
    /// <summary>Multiply-accumulates for one image.</summary>
    public required long? Macs { get; init; }
    public required long FileBytes { get; init; }
    public required IReadOnlyList<ExternalFileFinding> ExternalFiles { get; init; }
    public required IReadOnlyList<OperatorFinding> Operators { get; init; }
    /// <summary>Null: there are none.</summary>
    public required ConvolutionsFinding? Convolutions { get; init; }
    public required LogitsFinding Logits { get; init; }
    public required HeadFinding? Head { get; init; }
    public required LabelsFinding Labels { get; init; }
    public required PreprocessingFinding Preprocessing { get; init; }
    public required IReadOnlyList<TapFinding> Taps { get; init; }
    /// <summary>Why <c>taps: auto</c> finds none; null: it finds one.</summary>
    public required string? AutoTapProblem { get; init; }
    public required TrainableFinding Trainable { get; init; }
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>An imported operator set; the empty domain is ONNX's own.</summary>
internal sealed record OpsetFinding(string Domain, long Version);

/// <summary>An input or output. <paramref name="Shape"/>: sizes, names, or <c>?</c>; null: of unknown rank.</summary>
internal sealed record ValueFinding(string Name, string Type, IReadOnlyList<string>? Shape);

/// <summary>A file of external data.</summary>
internal sealed record ExternalFileFinding(string Location, long Bytes);

/// <summary>An operator and how often the main graph uses it.</summary>
internal sealed record OperatorFinding(string Name, int Count);

/// <summary>Convolutions of the main graph. <paramref name="Bare"/>: no normalisation follows; <paramref name="LinearLayers"/>: those that make the
/// scores or work behind a global pool, which are not counted as bare; <paramref name="FollowedBy"/>: the others, by what normalises them.</summary>
internal sealed record ConvolutionsFinding(int Count, int Bare, int LinearLayers, IReadOnlyList<OperatorFinding> FollowedBy);

/// <summary>Where the class scores are read. <paramref name="Note"/>: what was skipped to get there; <paramref name="Problem"/>: why there are none.</summary>
internal sealed record LogitsFinding(string? Value, bool IsProbability, int? Classes, string? Note, string? Problem);

/// <summary>The classifier's last linear layer.</summary>
internal sealed record HeadFinding(string Node, string Operator, string Feature, int Features, int Classes);

/// <summary>Class names; <paramref name="From"/>: metadata key, file or attribute.</summary>
internal sealed record LabelsFinding(IReadOnlyList<string>? Names, string? From);

/// <summary>Preprocessing; <paramref name="From"/> is <c>graph</c> where only the shape tells and scale, mean and std are the usual ones.</summary>
internal sealed record PreprocessingFinding(InputDescription? Input, string? From, string? Problem);

/// <summary>A value that can be tapped. <paramref name="Stride"/>: input height by tap height.</summary>
internal sealed record TapFinding(string Value, IReadOnlyList<string> Shape, double? Stride, TapKind Kind, int? Channels, int ChannelAxis, string? ModulePath, bool Dominates, bool IsAuto);

/// <summary>Whether it can be trained and, if not, every reason.</summary>
internal sealed record TrainableFinding(bool IsPossible, IReadOnlyList<string> Reasons);

namespace OnnxAmalgam.Cli.Checks;

/// <summary>What a check says of a model.</summary>
internal enum CheckStatus
{
    Pass,
    Fail,
    /// <summary>Valid, but the trainable graph lacks something it needs.</summary>
    Unsupported,
    /// <summary>The file breaks ONNX's rules, or cannot be read.</summary>
    Invalid,
}

/// <summary>One row of <c>check</c>. Null: not measured.</summary>
internal sealed record CheckResult
{
    public int SchemaVersion { get; } = Reports.Json.SchemaVersion;
    /// <summary>Path as given.</summary>
    public required string Model { get; init; }
    public required CheckStatus Status { get; init; }
    /// <summary>Trainable graph against ONNX Runtime, or against the expected outputs beside the model.</summary>
    public double? MaxDifference { get; init; }
    /// <summary>The written file in ONNX Runtime against the trained graph.</summary>
    public double? MaxDifferenceAfterTraining { get; init; }
    public double? LossBefore { get; init; }
    public double? LossAfter { get; init; }
    /// <summary>Elements of all weights.</summary>
    public long? Parameters { get; init; }
    /// <summary>Node, operator, and what is expected.</summary>
    public IReadOnlyList<string> Unsupported { get; init; } = [];
    public string? Message { get; init; }
}

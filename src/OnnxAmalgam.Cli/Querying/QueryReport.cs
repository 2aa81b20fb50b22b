using OnnxAmalgam.Graphs.Queries;

namespace OnnxAmalgam.Cli.Querying;

/// <summary>What a query selects in a model. Null: unknown, or nothing that such an element has.</summary>
internal sealed record QueryReport
{
    public int SchemaVersion { get; } = Reports.Json.SchemaVersion;
    public required string Model { get; init; }
    public required string Query { get; init; }
    public required IReadOnlyList<ElementFinding> Matches { get; init; }
    /// <summary>Only with <c>--explain</c>.</summary>
    public required IReadOnlyList<StepFinding>? Steps { get; init; }

    public static QueryReport Of(string model, string query, QueryAnswer answer, bool explains) => new()
    {
        Model = model,
        Query = query,
        Matches = [.. answer.Matches.Select(e => ElementFinding.Of(e, amongSeveral: e.Graph != answer.Matches.Graph))],
        Steps = explains ? [.. answer.Steps.Select(StepFinding.Of)] : null,
    };
}

/// <summary>An element that is selected.</summary>
internal sealed record ElementFinding(
    ElementKind Kind,
    string Name,
    string? Type,
    string? Dtype,
    IReadOnlyList<string>? Shape,
    int? Channels,
    double? Stride,
    int? Depth,
    int? Distance,
    bool Dominator,
    bool Tap,
    long? Parameters,
    string? Role,
    string? Module,
    string? Value)
{
    /// <summary>The model it is in, where several are asked.</summary>
    public string? Model { get; private init; }

    public static ElementFinding Of(GraphElement e, bool amongSeveral) => Of(e) with { Model = amongSeveral ? e.Graph.Name : null };

    static ElementFinding Of(GraphElement e) => new(
        e.Kind, e.Name, e.Type, e.Dtype, ShapeOf(e), e.Channels, e.Stride, e.Depth, e.Distance, e.IsDominator, e.IsTap, e.Parameters, e.Role, e.Module, Shown(e.Value));

    public static IReadOnlyList<string>? ShapeOf(GraphElement e) => e.Shape?.Select(dim => dim.ToString()).ToArray();

    static string? Shown(object? value) => value switch
    {
        null => null,
        IReadOnlyList<object> list => $"[{string.Join(',', list.Select(Shown))}]",
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };
}

/// <summary>A step of the query, with what it dropped.</summary>
internal sealed record StepFinding(string Step, int Before, int After, IReadOnlyList<DroppedFinding> Dropped)
{
    public static StepFinding Of(QueryStep step) => new(step.Text, step.Before, step.After, [.. step.Dropped.Select(DroppedFinding.Of)]);
}

/// <summary>An element that a step dropped, and why.</summary>
internal sealed record DroppedFinding(ElementKind Kind, string Name, IReadOnlyList<string>? Shape, string Reason)
{
    public static DroppedFinding Of(DroppedElement dropped) =>
        new(dropped.Element.Kind, dropped.Element.Name, ElementFinding.ShapeOf(dropped.Element), dropped.Reason);
}

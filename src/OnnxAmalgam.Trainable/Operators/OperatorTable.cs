using System.Collections.Frozen;
using OnnxAmalgam.Trainable.Ops;

namespace OnnxAmalgam.Trainable.Operators;

/// <summary>Every operator that can be trained: a row for each version that means something else than the one before.</summary>
internal sealed class OperatorTable
{
    /// <summary>The oldest and the newest opset of ONNX's own domain whose meaning the rows hold.</summary>
    /// <remarks>From opset 7 on every operator is there; of older ones those that still meant the same then.</remarks>
    public const int OldestOpset = 1, NewestOpset = 23;

    readonly FrozenDictionary<(string Domain, string Type), Operator[]> _versions;

    /// <summary>Makes a table; tests make small ones.</summary>
    /// <exception cref="InvalidOperationException">Two rows for one operator and opset.</exception>
    public OperatorTable(IEnumerable<Operator> rows)
    {
        Rows = [.. rows];
        var twice = Rows.GroupBy(row => row.ToString()).Where(group => group.Count() > 1).Select(group => group.Key).ToArray();
        if (twice.Length > 0)
            throw new InvalidOperationException($"operator table: expected one row for each operator and opset, got several for {string.Join(", ", twice)}");
        _versions = Rows.GroupBy(row => (row.Domain, row.Type))
            .ToFrozenDictionary(group => group.Key, group => group.OrderByDescending(row => row.Since).ToArray());
    }

    /// <summary>The rows of all families.</summary>
    public static OperatorTable All { get; } = new(
    [
        .. Arithmetic.Rows, .. Logic.Rows, .. Activations.Rows, .. Convolutions.Rows, .. Pooling.Rows, .. Normalisation.Rows,
        .. LinearAlgebra.Rows, .. Reductions.Rows, .. Shapes.Rows, .. Indexing.Rows, .. Constants.Rows, .. Resize.Rows, .. Recurrent.Rows, .. Fused.Rows, .. Quantisation.Rows,
        .. Sampling.Rows, .. ControlFlow.Rows, .. Attention.Rows, .. Rotary.Rows, .. Detection.Rows, .. DeformableConvolution.Rows,
        .. Uniqueness.Rows, .. Losses.Rows, .. Signals.Rows,
    ]);

    /// <summary>The rows, as the families list them.</summary>
    public IReadOnlyList<Operator> Rows { get; }

    /// <summary>The row that holds at an opset: the largest <see cref="Operator.Since"/> at or under it; null when there is none, or the opset is newer than the table.</summary>
    public Operator? Find(string domain, string type, long opset) =>
        _versions.TryGetValue((Canonical(domain), type), out var versions) && (domain.Length > 0 && domain != "ai.onnx" || opset <= NewestOpset)
            ? Array.Find(versions, row => row.Since <= opset)
            : null;

    /// <summary>The first opset at which the operator has a row; null: it has none.</summary>
    public int? Oldest(string domain, string type) =>
        _versions.TryGetValue((Canonical(domain), type), out var versions) ? versions[^1].Since : null;

    /// <summary>ONNX's own domain has two spellings.</summary>
    public static string Canonical(string domain) => domain == "ai.onnx" ? "" : domain;
}

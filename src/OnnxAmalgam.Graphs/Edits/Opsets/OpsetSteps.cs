using OnnxAmalgam.Graphs.Edits.Opsets.Steps;

namespace OnnxAmalgam.Graphs.Edits.Opsets;

/// <summary>Brings a node of the opset before to this one.</summary>
/// <returns>Null; or, where that cannot be done, why (<c>expected ..., got ...</c>). The node may be half rewritten then.</returns>
internal delegate string? Step(NodeUpgrade upgrade);

/// <summary>A row of the table: an operator, and the opset that made its older nodes mean something else or nothing.</summary>
internal sealed record OpsetStep(string Operator, int Opset, Step Apply);

/// <summary>The table of all steps, gathered from the family files.</summary>
internal static class OpsetSteps
{
    static readonly Dictionary<(string Operator, int Opset), Step> Table = new OpsetStep[][]
    {
        AttributesToInputs.Rows, Coercions.Rows, Normalisation.Rows, Resampling.Rows, Renamings.Rows, BatchedScan.Rows, Refusals.Rows,
    }.SelectMany(rows => rows).ToDictionary(row => (row.Operator, row.Opset), row => row.Apply);

    /// <summary>Every operator and opset that has a step.</summary>
    public static IEnumerable<(string Operator, int Opset)> All => Table.Keys;

    /// <summary>The step of an operator to an opset, or null.</summary>
    public static Step? Find(string type, int opset) => Table.GetValueOrDefault((type, opset));
}

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>How one operator's outputs follow from its inputs. An empty answer, or null for an output, means that nothing can be said.</summary>
internal delegate ValueState?[] Rule(RuleCall call);

/// <summary>A row of the table: an operator and its rule.</summary>
internal sealed record FactRule(string Operator, Rule Rule, string Domain = "");

/// <summary>The table of all rules, gathered from the family files.</summary>
internal static class FactTable
{
    static readonly Dictionary<(string Domain, string Operator), Rule> Rules = new FactRule[][]
    {
        Elementwise.Rows, Convolutions.Rows, Pools.Rows, Products.Rows, Normalisations.Rows, Rearrangements.Rows, Selections.Rows,
        Reductions.Rows, ShapeValues.Rows, Resampling.Rows, Quantisation.Rows, Recurrences.Rows, Contributed.Rows, ClassicalModels.Rows,
    }.SelectMany(rows => rows).ToDictionary(row => (row.Domain, row.Operator), row => row.Rule);

    public static Rule? Find(string domain, string type) => Rules.GetValueOrDefault((domain == "ai.onnx" ? "" : domain, type));

    /// <summary>Every operator that has a rule.</summary>
    public static IEnumerable<(string Domain, string Operator)> Operators => Rules.Keys;
}

using OnnxAmalgam.Trainable.Tests.Conformance.Cases;

namespace OnnxAmalgam.Trainable.Tests.Conformance;

/// <summary>The cases of all families.</summary>
internal static class AllCases
{
    static readonly Dictionary<string, Case> ByName = Named();

    public static IReadOnlyCollection<Case> List => ByName.Values;

    public static IEnumerable<string> Names => ByName.Keys;

    public static Case Find(string name) => ByName[name];

    static Dictionary<string, Case> Named()
    {
        Case[] all =
        [
            .. ArithmeticCases.All, .. LogicCases.All, .. ActivationCases.All, .. ConvolutionCases.All, .. PoolingCases.All,
            .. NormalisationCases.All, .. LinearAlgebraCases.All, .. ReductionCases.All, .. ShapeCases.All, .. IndexingCases.All,
            .. ConstantCases.All, .. ResizeCases.All, .. RecurrentCases.All, .. FusedCases.All,
            .. QuantisationCases.All, .. SamplingCases.All, .. ControlFlowCases.All, .. AttentionCases.All,
            .. LossCases.All, .. SignalCases.All, .. DetectionCases.All,
        ];
        var named = new Dictionary<string, Case>(StringComparer.Ordinal);
        foreach (var c in all)
        {
            var name = c.Name;
            for (var i = 2; !named.TryAdd(name, c); i++) name = $"{c.Name} #{i}";
        }

        return named;
    }
}

using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Optimisation;

/// <summary>What of a recipe's rates and decays holds for which parameters.</summary>
internal static class ParameterGroups
{
    /// <summary>The student's weights by their settings; frozen ones are left out.</summary>
    public static IEnumerable<ParameterGroup> OfStudent(TrainableGraph student, ParameterPlan plan) =>
        student.Initializers.Where(p => !plan.Settings[p.Key].IsFrozen).GroupBy(p => plan.Settings[p.Key])
            .Select(g => new ParameterGroup(g.Key.Group, [.. g.Select(p => new NamedParameter("student/" + p.Key, p.Value))], g.Key.RateFactor, g.Key.WeightDecay));

    /// <summary>Parameters beside the student's: one group, or two where vectors (biases, normalisation) do not decay; none where there is nothing to train.</summary>
    public static IEnumerable<ParameterGroup> Beside(string name, IEnumerable<NamedParameter> parameters, TrainRecipe train)
    {
        var byDecay = parameters.ToLookup(p => train.DecayVectors || p.Value.dim() > 1);
        return new[]
        {
            new ParameterGroup(name, [.. byDecay[true]], train.CommonRate, train.WeightDecay),
            new ParameterGroup(name + ".vectors", [.. byDecay[false]], train.CommonRate, 0),
        }.Where(g => g.Parameters.Count > 0);
    }
}

using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>A teacher's weighted taps as one feature: A = sum_j w_j F_j.</summary>
/// <remarks>Differentiable feature aggregation with frozen weights (Guan et al., ECCV 2020, arXiv 2008.00506).</remarks>
internal sealed class TapSum
{
    readonly double[] weights;

    TapSum(double[] weights, TapShape shape, string name) => (this.weights, Shape, Name) = (weights, shape, name);

    /// <summary>Layout and shape, which all taps share.</summary>
    public TapShape Shape { get; }

    /// <summary>The sum as text.</summary>
    public string Name { get; }

    /// <summary>The sum that a recipe asks for; null where its taps have no weights.</summary>
    /// <exception cref="InputException">Taps of different layouts, grids or widths.</exception>
    public static TapSum? Of(TeacherRecipe recipe, IReadOnlyList<TapShape> taps)
    {
        if (recipe.Taps is not [{ Weight: not null }, ..] stated)
        {
            return null;
        }

        string[] other = [.. taps.Where(t => !IsSame(t, taps[0])).Select(t => $"'{t.Name}' [{string.Join(", ", t.Shape.Skip(1))}]")];
        if (other.Length > 0)
        {
            throw new InputException($"teacher '{recipe.Name}', taps: expected weighted taps of one layout, grid and number of channels, got '{taps[0].Name}' [{string.Join(", ", taps[0].Shape.Skip(1))}] and {string.Join(", ", other)}; weigh taps of one grid only");
        }

        double[] weights = [.. stated.Select(t => t.Weight!.Value)];
        string name = string.Join(" + ", stated.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Weight:0.###} {t.Value}")));
        return new TapSum(weights, taps[0] with { Name = $"{recipe.Name}: {name}" }, name);
    }

    /// <summary>F_j, in the order of the recipe's taps -> A, in the caller's scope.</summary>
    public Tensor Apply(IReadOnlyList<Tensor> taps)
    {
        using var scope = NewDisposeScope();
        Tensor sum = taps[0] * weights[0];
        for (int j = 1; j < weights.Length; j++)
        {
            sum.add_(taps[j], alpha: weights[j]);
        }

        return sum.MoveToOuterDisposeScope();
    }

    /// <summary>Whether two taps can be summed; the batch is not looked at.</summary>
    public static bool IsSame(TapShape a, TapShape b) => a.Kind == b.Kind && a.Axis == b.Axis && a.Shape.Skip(1).SequenceEqual(b.Shape.Skip(1));
}

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
    readonly string teacher;

    TapSum(string teacher, double[] weights, string name) => (this.teacher, this.weights, Name) = (teacher, weights, name);

    /// <summary>The sum as text.</summary>
    public string Name { get; }

    /// <summary>The weights, exactly, for what is stored under them.</summary>
    public string Key => string.Join(' ', weights.Select(w => w.ToString("R", CultureInfo.InvariantCulture)));

    /// <summary>The sum that a recipe asks for; null where its taps have no weights.</summary>
    /// <param name="recipe">Its taps have weights, or not.</param>
    /// <param name="taps">The values they are.</param>
    /// <exception cref="InputException">A weighted tap that is several values, or one that another is too.</exception>
    public static TapSum? Of(TeacherRecipe recipe, IReadOnlyList<Tap> taps)
    {
        if (recipe.Taps is not [{ Weight: not null }, ..] stated)
        {
            return null;
        }

        if (stated.Count != taps.Count)
        {
            throw new InputException($"teacher '{recipe.Name}', taps: expected one value of its own for each weighted tap, got {taps.Count} for {stated.Count}; name the values");
        }

        double[] weights = [.. stated.Select(t => t.Weight!.Value)];
        string name = string.Join(" + ", weights.Zip(taps, (w, t) => string.Create(CultureInfo.InvariantCulture, $"{w:0.###} {t.Value}")));
        return new TapSum(recipe.Name, weights, name);
    }

    /// <summary>Layout and shape, which all taps share.</summary>
    /// <exception cref="InputException">Taps of different layouts, grids or widths.</exception>
    public TapShape Shape(IReadOnlyList<TapShape> taps)
    {
        string[] other = [.. taps.Where(t => !IsSame(t, taps[0])).Select(t => $"'{t.Name}' [{string.Join(", ", t.Shape.Skip(1))}]")];
        return other.Length == 0
            ? taps[0] with { Name = $"{teacher}: {Name}" }
            : throw new InputException($"teacher '{teacher}', taps: expected weighted taps of one layout, grid and number of channels, got '{taps[0].Name}' [{string.Join(", ", taps[0].Shape.Skip(1))}] and {string.Join(", ", other)}; weigh taps of one grid only");
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

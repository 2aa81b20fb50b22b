using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Balance;

/// <summary>Factors of the terms that are found while training. Its state is in checkpoints.</summary>
internal abstract class LossBalance(string name) : nn.Module(name)
{
    /// <summary>The scalar to minimise.</summary>
    /// <param name="terms">The terms times the recipe's weights, scalars.</param>
    /// <param name="shared">A weight of the student that all terms train; null: none is known.</param>
    public abstract Tensor Total(IReadOnlyList<Tensor> terms, Tensor? shared);

    /// <summary>The factors of the last batch, V[terms]; the caller owns them.</summary>
    public abstract Tensor Factors();

    /// <summary>The recipe's balance; null: none.</summary>
    public static LossBalance? Create(AmalgamationRecipe recipe, WeightSource source) => recipe.Balance switch
    {
        UncertaintyBalance => new UncertaintyWeights(recipe.Losses.Count, source),
        GradNormBalance norm => new GradientNorms(norm, recipe.Losses.Count, source),
        _ => null,
    };
}

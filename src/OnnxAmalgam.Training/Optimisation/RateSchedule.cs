using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Optimisation;

/// <summary>The learning rate as a closed form of the step, so that a resumed run needs no state of it.</summary>
/// <remarks>
/// With r the recipe's rate, t the step from 0, E steps an epoch, S steps in all, W = warm-up epochs * E:
/// constant r; step r factor^floor((epoch - 1 + offset) / every); cosine r (1 + cos(pi (t - W) / (S - W))) / 2; the first W steps of these
/// are multiplied by (t + 1) / W (cosine: r (t + 1) / W). One cycle is PyTorch's OneCycleLR with its defaults (Smith and Topin, arXiv
/// 1708.07120): half cosines from r/25 to r at step .3 S - 1 and down to r/250000 at step S - 1, with the momentum .95, .85, .95.
/// </remarks>
/// <param name="recipe">Rate, schedule, warm-up, epochs.</param>
/// <param name="stepsPerEpoch">Batches an epoch.</param>
internal sealed class RateSchedule(TrainRecipe recipe, int stepsPerEpoch)
{
    const double RiseShare = 0.3, StartDivisor = 25, EndDivisor = 1e4, LowMomentum = 0.85, HighMomentum = 0.95;
    readonly long steps = (long)recipe.Epochs * stepsPerEpoch;
    readonly double warmup = recipe.Schedule is OneCycleSchedule && recipe.WarmupEpochs > 0
        ? throw new InputException("train.schedule: expected no warm-up beside one_cycle, which rises by itself, got one; remove it")
        : recipe.WarmupEpochs * stepsPerEpoch;

    /// <summary>Rate and momentum of a step, counted from 0; past the last step, the last step's.</summary>
    public RatePoint At(long step)
    {
        var t = Math.Clamp(step, 0, Math.Max(steps - 1, 0));
        var rise = t < warmup ? Math.Min((t + 1) / warmup, 1) : 1;
        var rate = recipe.LearningRate;
        return recipe.Schedule switch
        {
            OneCycleSchedule => OneCycle(t),
            StepSchedule s => new(rise * rate * Math.Pow(s.Factor, (t / stepsPerEpoch + s.Offset) / s.Every)),
            CosineSchedule => new(t < warmup ? rise * rate : rate * (1 + Math.Cos(Math.PI * (t - warmup) / (steps - warmup))) / 2),
            ConstantSchedule => new(rise * rate),
            _ => throw new NotSupportedException(recipe.Schedule.GetType().Name),
        };
    }

    RatePoint OneCycle(long t)
    {
        var peak = recipe.LearningRate;
        var (turn, last) = (RiseShare * steps - 1, steps - 1.0);
        if (t <= turn) return new(Anneal(peak / StartDivisor, peak, t / turn), Anneal(HighMomentum, LowMomentum, t / turn));
        var share = (t - turn) / (last - turn);
        return new(Anneal(peak, peak / StartDivisor / EndDivisor, share), Anneal(LowMomentum, HighMomentum, share));
    }

    static double Anneal(double from, double to, double share) => to + (from - to) / 2 * (1 + Math.Cos(Math.PI * share));
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Optimisation;

namespace OnnxAmalgam.Training.Tests.Optimisation;

public sealed class RateScheduleTests
{
    static RateSchedule Of(Schedule schedule, double rate, int epochs, int stepsPerEpoch, double warmup = 0) =>
        new(new TrainRecipe { Epochs = epochs, LearningRate = rate, Schedule = schedule, WarmupEpochs = warmup }, stepsPerEpoch);

    static double[] Rates(RateSchedule schedule, int steps) => [.. Enumerable.Range(0, steps).Select(t => schedule.At(t).Rate)];

    /// <summary>param_groups of PyTorch 1.13's OneCycleLR(Adam, max_lr=4e-3, total_steps=12) before each step: lr, betas[0].</summary>
    static readonly (double Rate, double Momentum)[] TwelveSteps =
    [
        (0.00015999999999999999, 0.95), (0.001399158616878332, 0.9177302443521267), (0.003517140636488515, 0.8625744625914449),
        (0.003977661741803647, 0.8505584586887436), (0.0037320518793656464, 0.856698729810778), (0.0032469826157990518, 0.8688255099070633),
        (0.002589515990780413, 0.8852622412794547), (0.0018505484106679001, 0.9037365046793212), (0.0011322439928347968, 0.9216941869558779),
        (0.0005339101207553224, 0.9366525935914912), (0.00013826794970158088, 0.9465436874322102), (1.6e-08, 0.95),
    ];

    /// <summary>The same with total_steps=3, where the rise ends before the first step.</summary>
    static readonly (double Rate, double Momentum)[] ThreeSteps =
        [(0.003977661741803647, 0.8505584586887436), (0.0018505484106679001, 0.9037365046793212), (1.6e-08, 0.95)];

    [Theory]
    [InlineData(3, 4)]
    [InlineData(1, 12)]
    public void One_cycle_is_pytorchs(int epochs, int stepsPerEpoch) => Same(TwelveSteps, Of(new OneCycleSchedule(), 4e-3, epochs, stepsPerEpoch));

    [Fact]
    public void One_cycle_of_a_few_steps_is_pytorchs()
    {
        Same(ThreeSteps, Of(new OneCycleSchedule(), 4e-3, 1, 3));
        Same([(1.6e-08, 0.95)], Of(new OneCycleSchedule(), 4e-3, 1, 1));
    }

    [Fact]
    public void Cosine_is_pytorchs_annealing_to_zero()
    {
        // CosineAnnealingLR(lr=.1, T_max=6) of PyTorch 1.13
        double[] expected = [0.1, 0.09330127018922195, 0.07500000000000001, 0.05, 0.025000000000000012, 0.006698729810778065];
        Assert.Equal(expected, Rates(Of(new CosineSchedule(), 0.1, 2, 3), 6), (a, b) => Math.Abs(a - b) < 1e-15);
    }

    [Fact]
    public void Cosine_after_warm_up_starts_at_the_whole_rate()
    {
        var rates = Rates(Of(new CosineSchedule(), 1, 3, 4, warmup: 1), 12);
        Assert.Equal([0.25, 0.5, 0.75, 1, 1], rates[..5], (a, b) => Math.Abs(a - b) < 1e-15);
        Assert.Equal(0.5, rates[8], 1e-15);
        Assert.Equal((1 + Math.Cos(Math.PI * 7 / 8)) / 2, rates[11], 1e-15);
    }

    [Fact]
    public void The_published_step_schedule_has_14_epochs_then_15_then_1()
    {
        var schedule = Of(new StepSchedule(15, 0.1, Offset: 1), 1e-4, 30, 2);
        var epochs = Enumerable.Range(0, 30).Select(e => schedule.At(2 * e + 1).Rate).ToArray();
        Assert.Equal([14, 15, 1], epochs.GroupBy(r => Math.Round(Math.Log10(r))).Select(g => g.Count()));
        Assert.Equal(1e-6, schedule.At(59).Rate, 1e-18);
        Assert.Equal(schedule.At(28).Rate, schedule.At(29).Rate);
        Assert.Equal((1e-4, 1e-5), (Math.Round(schedule.At(27).Rate, 12), Math.Round(schedule.At(28).Rate, 12)));
    }

    [Fact]
    public void Warm_up_rises_linearly_by_step_and_may_be_part_of_an_epoch()
    {
        Assert.Equal([0.5, 1, 1, 1], Rates(Of(new ConstantSchedule(), 1, 1, 4, warmup: 0.5), 4));
        // rise 1/5 a step over five steps, times 1/2 an epoch of two
        Assert.Equal([0.2, 0.4, 0.3, 0.4, 0.25, 0.25], Rates(Of(new StepSchedule(1, 0.5), 1, 3, 2, warmup: 2.5), 6), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Other_schedules_leave_the_momentum_as_configured() => Assert.Null(Of(new CosineSchedule(), 1, 1, 4).At(2).Momentum);

    [Fact]
    public void Past_the_end_the_last_rate_stays() => Assert.Equal(1.6e-08, Of(new OneCycleSchedule(), 4e-3, 1, 12).At(500).Rate, 1e-20);

    [Fact]
    public void One_cycle_takes_no_warm_up() => Assert.Throws<InputException>(() => Of(new OneCycleSchedule(), 1, 1, 4, warmup: 1));

    static void Same((double Rate, double Momentum)[] expected, RateSchedule schedule)
    {
        foreach (var (t, (rate, momentum)) in expected.Index())
        {
            Assert.Equal(rate, schedule.At(t).Rate, 1e-16);
            Assert.Equal(momentum, schedule.At(t).Momentum!.Value, 1e-14);
        }
    }
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Optimisation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>Steps whose terms are fetched later, as on a GPU, are the same steps.</summary>
public sealed class TermLogTests
{
    static readonly string[] Names = ["loss", "soft_target"];

    [Fact]
    public void Rows_come_in_the_order_of_the_steps_when_there_are_enough_or_they_are_asked_for()
    {
        using var scope = NewDisposeScope();
        using var log = new TermLog(Names, 3);

        Assert.Empty(log.Add(Batch(0), Terms(1, 2)));
        Assert.Empty(log.Add(Batch(1), Terms(3, 4)));
        Assert.Equal([[1, 2], [3, 4], [5, 6]], log.Add(Batch(2), Terms(5, 6)));
        Assert.Empty(log.Add(Batch(3), Terms(7, 8)));
        Assert.Equal([[7, 8]], log.Fetch());
        Assert.Empty(log.Fetch());
    }

    [Fact]
    public void The_first_step_whose_loss_is_not_finite_is_named()
    {
        using var scope = NewDisposeScope();
        using var log = new TermLog(Names, 10);
        log.Add(Batch(4), Terms(1, double.NaN));
        log.Add(Batch(5), Terms(double.PositiveInfinity, 2));
        log.Add(Batch(6), Terms(double.NaN, double.NaN));

        var error = Assert.Throws<InputException>(log.Fetch);

        Assert.Equal("epoch 2, batch 5: expected a finite loss, got loss Infinity, soft_target 2; lower train.learning_rate or set train.clip_norm", error.Message);
    }

    [Fact]
    public void On_a_processor_each_step_is_read_at_once()
    {
        using var scope = NewDisposeScope();
        using var log = TermLog.On(ComputeDevice.Cpu, Names);
        using var later = TermLog.On(new ComputeDevice(IsCuda: true), Names);

        Assert.Single(log.Add(Batch(0), Terms(1, 2)));
        Assert.Empty(later.Add(Batch(0), Terms(1, 2)));
    }

    [Fact]
    public void No_terms_stay_alive() => Tensors.LeavesNothingAlive(() =>
    {
        using var log = new TermLog(Names, 2);
        log.Add(Batch(0), Terms(1, 2));
        log.Add(Batch(1), Terms(1, 2));
        log.Add(Batch(2), Terms(1, 2));
    });

    [Fact]
    public void Steps_that_are_read_together_learn_what_steps_read_one_by_one_learn()
    {
        double[][] Run(int interval, out double[] weights)
        {
            using AmalgamationSetup setup = ShortRun.Open();
            manual_seed(1);
            using var step = new AmalgamationStep(setup);
            using var loader = new BatchLoader(setup.Train, 32, setup.Recipe.Augment, seed: 1);
            using var log = new TermLog(step.TermNames, interval);
            List<double[]> rows = [];
            for (int i = 0; i < 3; i++)
            {
                ImageBatch batch = loader.Next();
                using TaughtBatch taught = step.Teach(batch);
                rows.AddRange(log.Add(batch, step.Advance(taught, new RatePoint(1e-3))));
                loader.Return(batch);
            }

            rows.AddRange(log.Fetch());
            weights = [.. step.Student.Initializers.OrderBy(p => p.Key, StringComparer.Ordinal).SelectMany(p => p.Value.Values())];
            Assert.DoesNotContain(setup.Teachers, t => t.IsRecorded);
            return [.. rows];
        }

        double[][] atOnce = Run(1, out double[] expected), later = Run(10, out double[] got);

        Assert.Equal(3, later.Length);
        Assert.Equal(atOnce, later);
        Assert.Equal(expected, got);
    }

    static ImageBatch Batch(int index)
    {
        ImageBatch batch = ImageBatch.Of(1, 1);
        (batch.Epoch, batch.Index) = (2, index);
        return batch;
    }

    static Tensor Terms(params double[] values) => tensor(values).DetachFromDisposeScope();
}

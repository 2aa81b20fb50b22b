using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Tests.Data;
using TorchSharp;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>What another thread prepares while the student learns.</summary>
public sealed class TaughtBatchesTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly BatchLoader loader;

    public TaughtBatchesTests()
    {
        Samples.WriteIdxPair(folder, 23);
        loader = new BatchLoader(Samples.Open(Samples.Source(SourceKind.Idx, folder.Path), 1, 2, 3), 5, [], seed: 1);
    }

    public void Dispose()
    {
        loader.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_batch_comes_in_its_order_with_what_was_said_of_it(bool timed)
    {
        using var batches = new TaughtBatches(loader, Answer, new(timed));
        for (int i = 0; i < 100; i++)
        {
            using TaughtBatch taught = batches.Next();
            Assert.Equal((1 + (i / 4), i % 4), (taught.Batch.Epoch, taught.Batch.Index));
            Assert.Equal(taught.Batch.Indices.Sum(), taught.Answers[0].Logits!.item<long>());
        }
    }

    [Fact]
    public void Two_batches_may_be_held_while_a_third_is_made()
    {
        using var batches = new TaughtBatches(loader, Answer, new(timed: false));
        TaughtBatch held = batches.Next();
        for (int i = 0; i < 20; i++)
        {
            TaughtBatch next = batches.Next();
            held.Dispose();
            held = next;
        }

        held.Dispose();
    }

    [Fact]
    public void What_goes_wrong_while_teaching_is_met_where_the_batch_is_asked_for()
    {
        using var batches = new TaughtBatches(loader, batch => batch.Index == 2 ? throw new InputException("teacher 'a', image '7': expected finite scores") : Answer(batch), new(timed: false));
        batches.Next().Dispose();
        batches.Next().Dispose();
        var e = Assert.Throws<InputException>(batches.Next);
        Assert.StartsWith("teacher 'a', image '7'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leaving_early_waits_for_nothing_but_the_batch_under_way()
    {
        var batches = new TaughtBatches(loader, Answer, new(timed: false));
        batches.Next().Dispose();
        await Task.Run(batches.Dispose).WaitAsync(TimeSpan.FromMinutes(1));
    }

    /// <summary>Teachers and student of four milliseconds each; disturbed, whoever starts beside the other takes twenty.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_faster_order_stays(bool disturbed)
    {
        int atOnce = 0;
        var order = new TeachingOrder(timed: true);
        using var batches = new TaughtBatches(loader, batch => { Work(); return Answer(batch); }, order);
        while (!order.IsSettled)
        {
            batches.Next().Dispose();
            Work();
        }

        Assert.Equal(!disturbed, order.IsAhead);

        void Work()
        {
            var beside = Interlocked.Increment(ref atOnce) > 1 && disturbed;
            Thread.Sleep(beside ? 20 : 4);
            Interlocked.Decrement(ref atOnce);
        }
    }

    /// <summary>The sum of the batch's indices as the only score.</summary>
    static TaughtBatch Answer(ImageBatch batch) =>
        new(batch, torch.zeros(1).DetachFromDisposeScope(), torch.zeros(1).DetachFromDisposeScope(), [new TeacherOutput(torch.tensor(batch.Indices.Sum()).to_type(torch.ScalarType.Int64).DetachFromDisposeScope(), [])]);
}

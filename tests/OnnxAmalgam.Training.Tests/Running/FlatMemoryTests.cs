using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;
using TorchSharp;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>Alone in the process while it measures.</summary>
[CollectionDefinition(nameof(FlatMemoryTests), DisableParallelization = true)]
[Collection(nameof(FlatMemoryTests))]
public sealed class FlatMemoryTests : IDisposable
{
    /// <summary>What a thousand steps may add to resident memory. One step makes some 200 tensors of 8 KB on average and as many nodes of
    /// autograd's graph: keeping a hundredth of it alive would add 16 MiB. Measured: 7 MiB while the garbage collector
    /// and the compiler settle (the steps before), then 0.6 MiB.</summary>
    const long Bound = 8 << 20;

    const int SettledAfter = 400;

    const string Recipe = """
        name: flat
        teachers:
          - {model: a.onnx, labels: [red, green, blue]}
          - {model: b.onnx, labels: [blue, grey]}
        student: {model: "zoo:resnet(widths=[4,8], blocks=[1,1])"}
        data:
          unlabelled:
            - {folder: left, domain: a}
            - {folder: right, domain: [a, b]}
        augment: [flip, {crop: {padding: 1}}]
        amalgamation:
          labels: gated
          standardise: ema
          common_space: {channels: 4, blocks: 1}
          losses: [{soft_target: {weight: 1, temperature: 2}}, {mmd: {weight: 1, bandwidths: median}}, {reconstruction: {weight: 1}}, {cosine: {weight: 1}}]
        train: {epochs: 2, batch: 8, learning_rate: 1e-3, clip_norm: 1}
        """;

    readonly TinyWorld world = new TinyWorld()
        .Network("a", "zoo:resnet(widths=[4,8], blocks=[1,1])", 3)
        .Network("b", "zoo:convmixer(dim=8, depth=1, patch=2)", 2)
        .Images("left", 40)
        .Images("right", 40);

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData(Precision.Fp32, 1000)]
    [InlineData(Precision.Bf16, 100)]
    public void Steps_leave_no_tensor_alive_and_resident_memory_where_it_was(Precision precision, int steps)
    {
        using AmalgamationSetup setup = world.Open(Recipe);
        using var step = new AmalgamationStep(setup) { Precision = precision };
        using var loader = new BatchLoader(setup.Train, 8, setup.Recipe.Augment, seed: 1);
        void Run(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                ImageBatch batch = loader.Next();
                step.Run(batch, new RatePoint(1e-3));
                loader.Return(batch);
            }
        }

        Run(SettledAfter);
        long tensors = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        long resident = Resident();
        Run(steps);
        Assert.Equal(tensors, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.True(Resident() - resident < Bound, $"resident memory grew from {resident >> 10} to {Resident() >> 10} KiB");
    }

    /// <summary>TorchSharp's count grows by one with every parameter that is made, which is the same for any length of run.</summary>
    [Fact]
    public void A_longer_run_with_validation_and_checkpoints_leaves_no_more_tensors_behind()
    {
        Whole(epochs: 1);
        long start = torch.Tensor.TotalCount;
        Whole(epochs: 1);
        long shorter = torch.Tensor.TotalCount - start;
        Whole(epochs: 4);
        Assert.Equal(shorter, torch.Tensor.TotalCount - start - shorter);
    }

    /// <summary>A run from opening to disposal; tensors of every thread count.</summary>
    void Whole(int epochs)
    {
        using AmalgamationSetup setup = world.Open(Recipe.Replace("epochs: 2", $"epochs: {epochs}", StringComparison.Ordinal));
        string path = world.Inside(Guid.NewGuid().ToString("N"));
        using RunFolder run = RunFolder.Create(path, "whole");
        using var trainer = new Trainer(setup, run, new Witness());
        Assert.True(trainer.Run(resume: false, acceptOlder: false, CancellationToken.None));
    }

    static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Environment.WorkingSet;
    }
}

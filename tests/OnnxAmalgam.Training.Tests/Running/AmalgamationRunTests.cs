using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;
using TorchSharp;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>The main job on the bundled teachers and images, made short.</summary>
public sealed class AmalgamationRunTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("amalgamation-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_run_leaves_a_verified_student_and_its_figures()
    {
        using AmalgamationSetup setup = Open(Short);
        using RunFolder run = RunFolder.Create(Path.Combine(folder, "run"), "run");
        RunReport report = AmalgamationRun.Execute(setup, run, resume: false, acceptOlder: false, new Silent(), TestContext.Current.CancellationToken)!;

        Assert.True(report.Agreement.Passes);
        Assert.True(report.Agreement.Images >= 256);
        var student = OnnxModel.Load(run.Student);
        Assert.Equal(20, Graphs.Metadata.ModelMetadata.Labels(student)!.Count);
        Assert.Equal(setup.Student.Input, Graphs.Metadata.ModelMetadata.Input(student));
        Assert.Contains(report.Evaluation, r => r is { Model: "concatenated", Task: "union", Metric: "accuracy_top1", Value: > 0.7 });
        Assert.All(new[] { run.Recipe, run.Results, run.Environment, run.Evaluation, run.Benchmark }, file => Assert.True(new FileInfo(file).Length > 0));
        string[] rows = File.ReadAllLines(run.Results);
        Assert.Equal(3, rows.Length);
        Assert.StartsWith("epoch,time,train/loss,train/soft_target,train/mmd,train/mmd[digits],train/mmd[clothes],train/reconstruction", rows[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(9)]
    public void An_interrupted_run_goes_on_to_the_same_bytes(int steps)
    {
        byte[] whole = Train("whole", stopAfter: null);
        byte[] resumed = Train($"stopped-{steps}", stopAfter: steps);
        Assert.Equal(whole, resumed);
    }

    [Fact]
    public void A_step_leaves_no_tensor_behind()
    {
        using AmalgamationSetup setup = Open(Short);
        using var step = new AmalgamationStep(setup);
        using var loader = new Training.Data.BatchLoader(setup.Train, 32, setup.Recipe.Augment, seed: 1);
        void Once()
        {
            var batch = loader.Next();
            step.Run(batch, new Optimisation.RatePoint(1e-3));
            loader.Return(batch);
        }

        Once();
        Once();
        long before = torch.Tensor.TotalCount;
        for (int i = 0; i < 20; i++)
        {
            Once();
        }

        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public void A_checkpoint_with_a_flipped_bit_is_refused()
    {
        string path = Path.Combine(folder, "flipped.safetensors");
        using var value = torch.arange(10, torch.float32);
        TensorFile.Write(path, new Dictionary<string, torch.Tensor> { ["x"] = value }, new Dictionary<string, string> { ["k"] = "v" });
        var (tensors, metadata) = TensorFile.Read(path);
        Assert.Equal("v", metadata["k"]);
        Assert.Equal(value.data<float>().ToArray(), tensors["x"].data<float>().ToArray());
        tensors["x"].Dispose();

        byte[] bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains("SHA-256", Assert.Throws<InputException>(() => TensorFile.Read(path)).Message, StringComparison.Ordinal);
    }

    static readonly string[] Short =
    [
        "data.unlabelled.0.limit=128", "data.unlabelled.1.limit=128", "data.validate.0.limit=50", "data.validate.1.limit=50",
        "data.test.0.limit=150", "data.test.1.limit=150", "train.epochs=2", "train.batch=32",
        "amalgamation={labels: gated, common_space: {channels: 8, blocks: 1}, losses: [{soft_target: {weight: 1, temperature: 1}}, {mmd: {weight: 10, bandwidths: published}}, {reconstruction: {weight: 10}}]}",
    ];

    static AmalgamationSetup Open(string[] overrides)
    {
        torch.set_num_threads(1);
        var recipe = RecipeReader.Read(Path.Combine(Repository.Root, "models", "demo", "recipe.yaml"), overrides);
        return AmalgamationSetup.Open(recipe, new ComputeOptions(ComputeDevice.Cpu, 1), message => Assert.Fail(message));
    }

    byte[] Train(string name, int? stopAfter)
    {
        string path = Path.Combine(folder, name);
        if (stopAfter is { } steps)
        {
            using var stop = new CancellationTokenSource();
            using AmalgamationSetup first = Open(Short);
            using RunFolder begun = RunFolder.Create(path, name);
            using var trainer = new Trainer(first, begun, new Silent(steps, stop));
            Assert.False(trainer.Run(resume: false, acceptOlder: false, stop.Token));
        }

        using AmalgamationSetup setup = Open(Short);
        using RunFolder run = stopAfter is null ? RunFolder.Create(path, name) : RunFolder.Open(path);
        using var last = new Trainer(setup, run, new Silent());
        Assert.True(last.Run(resume: true, acceptOlder: false, CancellationToken.None));
        return last.Student.WriteBack().ToBytes();
    }

    sealed class Silent(int stopAfter = 0, CancellationTokenSource? stop = null) : ITrainingObserver
    {
        int steps;

        public void Started(string equation, int epochs, int batches)
        {
        }

        public void Stepped(int epoch, int batch, double imagesPerSecond, TimeSpan left)
        {
            if (++steps == stopAfter)
            {
                stop?.Cancel();
            }
        }

        public void EpochEnded(EpochSummary summary)
        {
        }

        public void Warn(string message) => Assert.Fail(message);
    }
}

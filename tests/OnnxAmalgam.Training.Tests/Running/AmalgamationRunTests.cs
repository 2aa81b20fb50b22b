using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
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
        using AmalgamationSetup setup = ShortRun.Open();
        using RunFolder run = RunFolder.Create(Path.Combine(folder, "run"), "run");
        RunReport report = AmalgamationRun.Execute(setup, run, resume: false, acceptOlder: false, new Witness(), TestContext.Current.CancellationToken)!;

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
    [InlineData(8)]
    [InlineData(9)]
    public void An_interrupted_run_goes_on_to_the_same_bytes(int steps)
    {
        byte[] whole = Train("whole", stopAfter: null);
        byte[] resumed = Train($"stopped-{steps}", stopAfter: steps);
        Assert.Equal(whole, resumed);
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

    byte[] Train(string name, int? stopAfter)
    {
        string path = Path.Combine(folder, name);
        if (stopAfter is { } steps)
        {
            using var stop = new CancellationTokenSource();
            using AmalgamationSetup first = ShortRun.Open();
            using RunFolder begun = RunFolder.Create(path, name);
            using var trainer = new Trainer(first, begun, new Witness(steps, stop));
            Assert.False(trainer.Run(resume: false, acceptOlder: false, stop.Token));
        }

        using AmalgamationSetup setup = ShortRun.Open();
        using RunFolder run = stopAfter is null ? RunFolder.Create(path, name) : RunFolder.Open(path);
        using var last = new Trainer(setup, run, new Witness());
        Assert.True(last.Run(resume: true, acceptOlder: false, CancellationToken.None));
        return last.Student.WriteBack().ToBytes();
    }
}

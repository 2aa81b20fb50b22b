using System.Text.RegularExpressions;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxAmalgam.Trainable.Tests.Samples;

/// <summary>The code of the package's README does what it says.</summary>
public sealed partial class SampleTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("samples").FullName;
    readonly TorchSharp.DisposeScope scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    static string Teacher => Path.Combine(Repository.Root, "models", "teachers", "digits_resnet.onnx");

    string Trained => Path.Combine(folder, "trained.onnx");

    [Fact]
    public void Every_block_of_code_in_the_README_is_a_sample_that_is_run()
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "src", "OnnxAmalgam.Trainable", "README.md")).ReplaceLineEndings("\n");
        var shown = CodeBlock().Matches(readme).Select(match => match.Groups[1].Value);
        Assert.Equal(((string[])["FineTuning", "NewHead", "Distillation"]).Select(Sample), shown);
    }

    [Fact]
    public void A_fine_tuned_classifier_has_a_smaller_loss_in_its_new_file()
    {
        var (images, labels) = Batch(10);
        FineTuning.Run(Teacher, Trained, Enumerable.Repeat((images, labels), 20));
        Assert.True(Loss(Trained, images, labels) < 0.5 * Loss(Teacher, images, labels));
    }

    [Fact]
    public void A_new_head_learns_while_the_other_layers_keep_their_bytes()
    {
        var (images, labels) = Batch(3);
        NewHead.Run(Teacher, Trained, 3, Enumerable.Repeat((images, labels), 30));
        Assert.True(Loss(Trained, images, labels) < Math.Log(3));
        var (before, after) = (OnnxModel.Load(Teacher), OnnxModel.Load(Trained));
        var head = Anatomy.Head(after)!;
        Assert.Equal(3, head.Classes);
        var kept = before.Proto.Graph.Initializer.Where(tensor => !head.Node.Input.Contains(tensor.Name)).ToArray();
        Assert.Equal(before.Proto.Graph.Initializer.Count - 2, kept.Length);
        Assert.All(kept, tensor => Assert.Equal(before.ReadRaw(tensor), after.ReadRaw(after.Proto.Graph.Initializer.Single(other => other.Name == tensor.Name))));
    }

    [Fact]
    public void A_distilled_student_comes_close_to_its_teacher()
    {
        var images = Batch(10).Images;
        using var teacher = TrainableGraph.Load(Teacher);
        teacher.eval();
        var target = teacher.forward(images).detach().softmax(1);
        Distillation.Run(Teacher, Trained, Enumerable.Repeat(images, 40));
        var entropy = target.mul(target.clamp_min(1e-30).log()).sum(1).mean().neg().item<float>();
        Assert.True(Loss(Trained, images, target) - entropy < 0.5 * (Math.Log(10) - entropy), "half of the way from even odds to the teacher's");
    }

    static (Tensor Images, Tensor Labels) Batch(int classes)
    {
        manual_seed(5);
        return (randn(24, 1, 28, 28), randint(0, classes, 24, ScalarType.Int64));
    }

    static float Loss(string file, Tensor images, Tensor target)
    {
        using var guard = no_grad();
        using var graph = TrainableGraph.Load(file);
        graph.eval();
        return functional.cross_entropy(graph.forward(images), target).item<float>();
    }

    static string Sample(string name)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "tests", "OnnxAmalgam.Trainable.Tests", "Samples", $"{name}.cs")).ReplaceLineEndings("\n");
        var lines = Region().Match(text).Groups[1].Value.Split('\n');
        return string.Join('\n', lines.Select(line => line.Length > 0 ? line[8..] : line));
    }

    [GeneratedRegex(@"```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"#region README\n(.*?) *#endregion", RegexOptions.Singleline)]
    private static partial Regex Region();
}

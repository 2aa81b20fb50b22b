using BenchmarkDotNet.Attributes;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Losses.Features;
using static TorchSharp.torch;

namespace OnnxAmalgam.Benchmarks;

/// <summary>Maximum mean discrepancy of a batch in the common space, forward and backward.</summary>
[MemoryDiagnoser]
public class MmdBenchmark
{
    readonly Tensor units = nn.functional.normalize(rand(3, 64, 4096), p: 2, dim: 2).requires_grad_(true);
    readonly MmdOptions published = new([0.001, 0.01, 0.05, 0.1, 0.2, 1, 2]);

    /// <summary>Student and two teachers, 64 images of 64x8x8.</summary>
    [Benchmark]
    public void ForwardAndBackward()
    {
        using var scope = NewDisposeScope();
        Mmd.ToEach(units, published).sum().backward();
        units.grad = null;
    }
}

/// <summary>Single operators through the trainable graph, forward and backward, batch 64.</summary>
public class OperatorBenchmark : IDisposable
{
    TrainableGraph graph = null!;
    Tensor images = null!;

    /// <summary>Networks of the zoo that are mostly one kind of operator.</summary>
    [Params("zoo:resnet(widths=[32], blocks=[1])", "zoo:convmixer(dim=64, depth=1, kernel=5, patch=2)", "zoo:vit(dim=64, depth=1, heads=4, patch=4)")]
    public string Network { get; set; } = "";

    /// <summary>Builds it.</summary>
    [GlobalSetup]
    public void Build()
    {
        graph = new TrainableGraph(StudentZoo.Build(Network, 3, 32, 32, 10, seed: 1));
        graph.train();
        images = rand(64, 3, 32, 32);
    }

    /// <summary>Frees it.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        graph.Dispose();
        images.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>One pass and its gradients.</summary>
    [Benchmark]
    public void ForwardAndBackward()
    {
        using var scope = NewDisposeScope();
        graph.forward(images).sum().backward();
        graph.zero_grad();
    }
}

/// <summary>Pictures, a picture at a time on one thread.</summary>
[MemoryDiagnoser]
public class PictureBenchmark
{
    readonly Canvas canvas = new(3, 224, 224);
    readonly byte[] pixels = new byte[3 * 224 * 224];
    byte[] jpeg = [];

    /// <summary>A picture with something in it.</summary>
    [GlobalSetup]
    public void Draw() => jpeg = RandomImages.Jpeg(320, 256, seed: 1);

    /// <summary>JPEG of 320x256 to a canvas of 224x224.</summary>
    [Benchmark]
    public string? DecodeAndResize() => Picture.Decode(jpeg, canvas, pixels);
}

/// <summary>An evaluation's rows as CSV.</summary>
[MemoryDiagnoser]
public class CsvBenchmark
{
    readonly EvaluationRow[] rows = [.. Enumerable.Range(0, 1000).Select(i => EvaluationRow.Share("student", $"task {i}", "accuracy_top1", i, 1000))];

    /// <summary>A thousand rows.</summary>
    [Benchmark]
    public string Write()
    {
        using var writer = new StringWriter();
        EvaluationRow.WriteCsv(writer, rows);
        return writer.ToString();
    }
}

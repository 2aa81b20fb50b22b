using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Ensemble;
using static TorchSharp.torch;

namespace OnnxAmalgam.Benchmarks;

/// <summary>Two teachers of one input as two sessions and as one, in turn: what merging their graphs brings.</summary>
static class Merged
{
    /// <summary>Milliseconds a batch.</summary>
    public static string Run(ComparisonOptions options, string? resnets)
    {
        var table = new StringTable("teachers", "batch", "threads", "apart, processor ms", "merged, processor ms", "processor time, apart / merged", "apart, ms", "merged, ms", "time, apart / merged", "nodes, apart / merged", "to merge, ms");
        foreach (var (name, first, second, batch) in Pairs(resnets))
        {
            foreach (int threads in (int[])[1, 2])
            {
                table.Add(Measure(name, first, second, batch, threads, options));
            }
        }

        return table.ToString();
    }

    static IEnumerable<(string Name, OnnxModel First, OnnxModel Second, int Batch)> Pairs(string? resnets)
    {
        OnnxModel animals = OnnxModel.Load("models/teachers/cifar_animals.onnx");
        yield return ("`cifar_animals` with two heads", animals, WithOtherHead(animals), 64);
        yield return ("`cifar_animals`, zoo mobilenet", animals, StudentZoo.Build("zoo:mobilenet(widths=[16,32,64], blocks=[2,2,2])", 3, 32, 32, 4, seed: 2), 64);
        yield return ("`cifar_animals`, zoo vit", animals, StudentZoo.Build("zoo:vit(dim=64, depth=4, heads=4, patch=4)", 3, 32, 32, 4, seed: 2), 64);
        yield return ("two zoo resnets of 20k weights", StudentZoo.Build("zoo:resnet(widths=[8,16,32], blocks=[1,1,1])", 3, 32, 32, 6, seed: 1), StudentZoo.Build("zoo:resnet(widths=[8,16,32], blocks=[1,1,1])", 3, 32, 32, 4, seed: 2), 64);
        if (resnets is not null)
        {
            OnnxModel resnet34 = OnnxModel.Load(Path.Combine(resnets, "resnet34.onnx"));
            yield return ("resnet34 with two heads, 64 px", resnet34, WithOtherHead(resnet34), 32);
            yield return ("resnet34, resnet50, 64 px", resnet34, OnnxModel.Load(Path.Combine(resnets, "resnet50.onnx")), 32);
        }
    }

    /// <summary>The same backbone, another last layer.</summary>
    static OnnxModel WithOtherHead(OnnxModel model)
    {
        OnnxModel other = model.Clone();
        string weight = other.Proto.Graph.Node.Last(n => n.OpType == "Gemm").Input[1];
        var tensor = other.Proto.Graph.Initializer.Single(t => t.Name == weight);
        byte[] bytes = other.ReadRaw(tensor);
        foreach (ref float x in MemoryMarshal.Cast<byte, float>(bytes.AsSpan()))
        {
            x = -x;
        }

        tensor.RawData = ByteString.CopyFrom(bytes);
        return other;
    }

    static string[] Measure(string name, OnnxModel first, OnnxModel second, int batch, int threads, ComparisonOptions options)
    {
        var one = new FrozenModelOptions { Threads = threads };
        (OnnxModel Model, string[] Outputs)[] teachers = [.. new[] { first, second }.Select(m => (m, (string[])[Anatomy.Logits(m).Value, Anatomy.AutoTap(m).Value]))];
        var look = Stopwatch.StartNew();
        OnnxModel merged = GraphEdits.ShareSubexpressions(GraphEdits.Merge([.. teachers.Select((t, i) =>
            new MergePart(GraphEdits.Extract(t.Model, t.Outputs), $"{i}/") { Inputs = new Dictionary<string, string> { [Anatomy.ImageInput(t.Model).Name] = "image" } })]));
        look.Stop();
        using var a = new FrozenModel(first, teachers[0].Outputs, one);
        using var b = new FrozenModel(second, teachers[1].Outputs, one);
        using var both = new FrozenModel(merged, [.. teachers.SelectMany((t, i) => t.Outputs.Select(o => $"{i}/{o}"))], one);
        using var scope = NewDisposeScope();
        int side = Side(first);
        Tensor pixels = rand(batch, 3, side, side);
        var runA = Bound(a, pixels);
        var runB = Bound(b, pixels);
        var runBoth = Bound(both, pixels);
        Action[] sides = [() => { runA(); runB(); }, runBoth];
        int count = Calibrate(sides[0], options.Seconds);
        var (processor, wall) = (new double[2][], new double[2][]);
        for (int s = 0; s < 2; s++)
        {
            (processor[s], wall[s]) = (new double[options.Rounds], new double[options.Rounds]);
            sides[s]();
        }

        for (int round = 0; round < options.Rounds; round++)
        {
            foreach (int s in round % 2 == 0 ? (int[])[0, 1] : [1, 0])
            {
                (processor[s][round], wall[s][round]) = Time(sides[s], count);
            }
        }

        string Number(double x) => x.ToString("0.00", CultureInfo.InvariantCulture);
        string Ratio(double[][] times)
        {
            var (median, least, largest) = Pairing.Ratio(times[0], times[1]);
            return $"{Number(median)} ({Number(least)} to {Number(largest)})";
        }

        return [name, $"{batch}", $"{threads}",
            Number(Pairing.Median(processor[0])), Number(Pairing.Median(processor[1])), Ratio(processor),
            Number(Pairing.Median(wall[0])), Number(Pairing.Median(wall[1])), Ratio(wall),
            $"{teachers.Sum(t => GraphEdits.Extract(t.Model, t.Outputs).Proto.Graph.Node.Count)} / {merged.Proto.Graph.Node.Count}", Number(look.Elapsed.TotalMilliseconds)];

        static int Side(OnnxModel model) => Anatomy.ImageInput(model).Type.TensorType.Shape.Dim[2] is { HasDimValue: true } d ? (int)d.DimValue : 32;
    }

    /// <summary>A run into memory that is used again.</summary>
    static Action Bound(FrozenModel model, Tensor pixels)
    {
        Tensor[] outputs = [.. model.OutputShapes(pixels.shape).Zip(model.Outputs, (shape, o) => empty(shape, TorchMemory.Dtype(o.Type)))];
        TensorView input = TorchMemory.View(pixels);
        TensorView[] views = [.. outputs.Select(TorchMemory.View)];
        return () => model.Run(input, views);
    }

    static int Calibrate(Action work, double seconds)
    {
        work();
        var clock = Stopwatch.StartNew();
        work();
        return Math.Max(1, (int)(seconds / clock.Elapsed.TotalSeconds));
    }

    /// <summary>Milliseconds a time.</summary>
    static (double Processor, double Wall) Time(Action work, int count)
    {
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < count; i++)
        {
            work();
        }

        return ((Environment.CpuUsage.TotalTime - processor).TotalMilliseconds / count, clock.Elapsed.TotalMilliseconds / count);
    }
}

/// <summary>A Markdown table.</summary>
sealed class StringTable(params string[] columns)
{
    readonly List<string[]> rows = [];

    /// <summary>One cell a column.</summary>
    public void Add(string[] row) => rows.Add(row);

    /// <inheritdoc/>
    public override string ToString() => string.Concat(rows.Prepend([.. columns.Select(_ => "---")]).Prepend(columns).Select(r => $"| {string.Join(" | ", r)} |\n"));
}

using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Export;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;
using TorchSharp;

namespace OnnxAmalgam.Training.Tests.Ensemble;

/// <summary>A student from an .onnx file, taught for a few steps by the demo's two teachers (20 labels) on a few of its images.</summary>
sealed class FileStudent : IDisposable
{
    readonly AmalgamationStep step;

    /// <param name="student">The recipe's student, in YAML.</param>
    /// <param name="more">Further <c>--set</c> values.</param>
    public FileStudent(string student, params string[] more)
    {
        Setup = Open(student, more);
        try
        {
            step = new AmalgamationStep(Setup);
        }
        catch
        {
            Setup.Dispose();
            throw;
        }
    }

    public AmalgamationSetup Setup { get; }

    /// <summary>Loss after 0, 1, ... steps on one batch.</summary>
    public double[] Losses(int steps)
    {
        using var loader = new BatchLoader(Setup.Train, 16, [], seed: 1);
        var batch = loader.Next();
        double[] losses = [.. Enumerable.Range(0, steps + 1).Select(_ => step.Run(batch, new RatePoint(1e-3))[0])];
        loader.Return(batch);
        return losses;
    }

    /// <summary>The trained student as a verified file, loaded again.</summary>
    public (OnnxModel Model, Agreement Agreement) Export(string path)
    {
        var agreement = StudentExport.Write(step.Student, Setup, path);
        return (OnnxModel.Load(path), agreement);
    }

    /// <summary>Asserts that a file differs from the one it was made from only in what training and a new head change.</summary>
    public void IsOtherwiseTheSame(OnnxModel original, OnnxModel exported)
    {
        original = GraphEdits.WithSymbolicBatch(original)!;
        var (before, after) = (original.Proto, exported.Proto);
        Assert.Equal((before.IrVersion, before.OpsetImport, before.ProducerName, before.Graph.Name), (after.IrVersion, after.OpsetImport, after.ProducerName, after.Graph.Name));
        Assert.Equal(new GraphView(before.Graph).Inputs.Select(input => input.Name), new GraphView(after.Graph).Inputs.Select(input => input.Name));
        if (after.IrVersion < 4)
            Assert.Equal(after.Graph.Initializer.Select(tensor => tensor.Name).Order(), after.Graph.Input.Select(input => input.Name).Intersect(after.Graph.Initializer.Select(tensor => tensor.Name)).Order());
        Assert.Equal(Setup.Student.Logits, Assert.Single(after.Graph.Output).Name);

        var head = Anatomy.Head(exported)!;
        var changeable = step.Student.Initializers.Keys.Concat(step.Student.Statistics.Keys).ToHashSet(StringComparer.Ordinal);
        var old = Stored(before.Graph).ToDictionary();
        var heads = Setup.Student.Plan.Settings.Where(one => one.Value.Group == "head").Select(one => one.Key).ToHashSet(StringComparer.Ordinal);
        var moved = 0;
        foreach (var (name, tensor) in Stored(after.Graph))
        {
            if (heads.Contains(name))
                continue;
            Assert.True(old.TryGetValue(name, out var source), $"'{name}' is new");
            Assert.Equal((source.Dims, source.DataType), (tensor.Dims, tensor.DataType));
            var same = original.ReadRaw(source).AsSpan().SequenceEqual(exported.ReadRaw(tensor));
            Assert.True(same || changeable.Contains(name), $"'{name}' is not trained and changed");
            moved += same ? 0 : 1;
        }
        Assert.True(moved >= 0.8 * changeable.Except(heads).Count(), $"{moved} of {changeable.Count} trained tensors changed");

        // what is cut is cut at the end; what stays is as it was but for the head's own inputs
        var kept = after.Graph.Node.Select(node => node.Name + node.Output[0]).ToHashSet(StringComparer.Ordinal);
        var expected = before.Graph.Node.Where(node => kept.Contains(node.Name + node.Output[0])).Select(Plain).ToArray();
        Assert.Equal(expected, after.Graph.Node.Where(node => !(node.Output[0] == head.Logits && node.OpType == "Add" && !expected.Any(one => one.Output[0] == head.Logits))).Select(Plain));

        // exporters' traces hold paths of their author's machine: they are not passed on
        NodeProto Plain(NodeProto node)
        {
            var plain = node.Clone();
            foreach (var entry in plain.MetadataProps.Where(entry => entry.Key == "pkg.torch.onnx.stack_trace").ToArray())
                plain.MetadataProps.Remove(entry);
            if (plain.Name == head.Node.Name)
                plain.Input.Clear();
            if (plain.Input.Remove(head.Node.Output[0])) // the head's bias
                plain.Input.Clear();
            if (plain.OpType == "Constant" && changeable.Contains(plain.Output[0]))
                plain.Attribute.Clear();
            return plain;
        }

        static IEnumerable<KeyValuePair<string, TensorProto>> Stored(GraphProto graph) =>
            graph.Initializer.Select(tensor => KeyValuePair.Create(tensor.Name, tensor))
                .Concat(graph.Node.Where(node => node.OpType == "Constant").Select(node => KeyValuePair.Create(node.Output[0], node.Attribute[0].T)));
    }

    public void Dispose()
    {
        step.Dispose();
        Setup.Dispose();
    }

    /// <summary>Something of a recipe that is only opened.</summary>
    public static T Opened<T>(string student, Func<AmalgamationSetup, T> read, params string[] more)
    {
        using var setup = Open(student, more);
        return read(setup);
    }

    public static AmalgamationSetup Open(string student, params string[] more)
    {
        torch.set_num_threads(1);
        string[] overrides =
        [
            $"student={student}", "train.batch=16", "augment=[]",
            .. more.Any(one => one.StartsWith("data.", StringComparison.Ordinal)) ? [] : new[] { "unlabelled", "validate", "test" }.SelectMany(part => new[] { $"data.{part}.0.limit=16", $"data.{part}.1.limit=16" }),
            .. more,
        ];
        var recipe = RecipeReader.Read(Path.Combine(Repository.Root, "models", "demo", "recipe.yaml"), overrides);
        return AmalgamationSetup.Open(recipe, new ComputeOptions(ComputeDevice.Cpu, 1), message => Assert.Fail(message));
    }
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Exemplars;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Tests.Running;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Exemplars;

public sealed class PretrainingTests : IDisposable
{
    const string Resnet = "zoo:resnet(widths=[8,16], blocks=[1,1])";

    const string Recipe = """
        name: exemplar
        teachers:
          - {model: a.onnx, labels: [x, y, z]}
          - {model: b.onnx, labels: [u, v]}
        student: {model: "zoo:resnet(widths=[8,16], blocks=[1,1])"}
        data: {unlabelled: [{folder: left}, {folder: right}]}
        amalgamation: {labels: joint, losses: [{soft_target: {weight: 1}}]}
        train: {epochs: 1, batch: 16, learning_rate: 1e-2, select: last}
        """;

    readonly TinyWorld world = new TinyWorld().Network("a", Resnet, 3).Network("b", Resnet, 2).Images("left", 20).Images("right", 20);

    public void Dispose() => world.Dispose();

    [Fact]
    public void What_the_recipe_freezes_pretraining_leaves_as_it_is()
    {
        string file = world.Inside("pretrained.onnx");
        using AmalgamationSetup setup = world.Open(Recipe.Replace("select: last", "select: last, groups: [{query: 'initializer[depth < 2]', freeze: true}]", StringComparison.Ordinal));
        ExemplarPretraining.Run(setup, new ExemplarOptions(Classes: 4, Samples: 8, Epochs: 1) { Similarity = 0.99 }, file, new Witness(), TestContext.Current.CancellationToken);
        var (learnt, start) = (Weights(OnnxModel.Load(file)), Weights(setup.Student.Model));
        string[] same = [.. start.Keys.Where(name => start[name].Length == learnt[name].Length)];
        Assert.NotEmpty(setup.Student.Plan.Frozen);
        Assert.All(same, name => Assert.Equal(setup.Student.Plan.Frozen.Contains(name), learnt[name].SequenceEqual(start[name])));
    }

    [Fact]
    public void Groups_of_what_this_student_lacks_are_left_out_by_name_and_the_others_stay()
    {
        world.Save("folded", Graphs.Edits.GraphEdits.FoldNormalisation(StudentZoo.Build(Resnet, 3, 8, 8, 5, seed: 1), out _));
        string recipe = Recipe.Replace($"\"{Resnet}\"", "folded.onnx, normalisation: insert", StringComparison.Ordinal)
            .Replace("select: last", "select: last, groups: [{query: initializer, freeze: true}, {query: 'initializer[head]', freeze: false}, {query: 'op[type=BatchNormalization]', learning_rate: 1e-3}]", StringComparison.Ordinal);
        using AmalgamationSetup setup = world.Open(recipe);
        var witness = new Witness();
        ExemplarPretraining.Run(setup, new ExemplarOptions(Classes: 4, Samples: 8, Epochs: 1) { Similarity = 0.99 }, world.Inside("pretrained.onnx"), witness, TestContext.Current.CancellationToken);
        string note = Assert.Single(witness.Notes, n => n.StartsWith("a group is left out", StringComparison.Ordinal));
        Assert.Contains("train.groups.2: ", note, StringComparison.Ordinal);
        var (learnt, start) = (Weights(OnnxModel.Load(world.Inside("pretrained.onnx"))), Weights(OnnxModel.Load(world.Inside("folded.onnx"))));
        string[] same = [.. start.Keys.Where(name => learnt.TryGetValue(name, out var values) && values.Length == start[name].Length)];
        Assert.True(same.Length > 5);
        Assert.All(same, name => Assert.Equal(start[name], learnt[name]));
    }

    [Fact]
    public void A_student_learns_to_tell_patches_apart_and_train_takes_its_weights_over()
    {
        string file = world.Inside("pretrained.onnx");
        var witness = new Witness();
        PretrainingReport report;
        using (AmalgamationSetup setup = world.Open(Recipe))
            report = ExemplarPretraining.Run(setup, new ExemplarOptions(Classes: 6, Samples: 16, Epochs: 6) { Similarity = 0.99 }, file, witness, TestContext.Current.CancellationToken)!;

        Assert.True(report.Agreement.Passes);
        Assert.Equal((6, 6), (report.Classes, report.Epochs));
        double Value(EpochSummary epoch, string column) => epoch.Values.Single(v => v.Column == column).Value!.Value;
        Assert.True(Value(witness.Epochs[^1], "train/loss") < 0.8 * Math.Log(6), string.Join(", ", witness.Epochs.Select(e => Value(e, "train/loss"))));
        Assert.True(Value(witness.Epochs[^1], "metrics/accuracy_top1") > 2 / 6.0);

        OnnxModel pretrained = OnnxModel.Load(file);
        Assert.Equal("exemplar", pretrained.Proto.MetadataProps.Single(p => p.Key == "onnx_amalgam.pretraining").Value);
        using AmalgamationSetup next = world.Open(Recipe.Replace($"\"{Resnet}\"", "pretrained.onnx", StringComparison.Ordinal));
        Assert.Equal(5, next.Union.Count);
        using AmalgamationSetup fresh = world.Open(Recipe);
        var (learnt, start, random) = (Weights(pretrained), Weights(next.Student.Model), Weights(fresh.Student.Model));
        // the classifier alone has another size
        string[] kept = [.. start.Keys.Where(name => start[name].Length == learnt[name].Length)];
        Assert.Equal(start.Count - 2, kept.Length);
        Assert.True(kept.Length > 10);
        Assert.All(kept, name => Assert.Equal(learnt[name], start[name]));
        Assert.All(kept, name => Assert.NotEqual(random[name], start[name]));
    }

    /// <summary>Trained values by name.</summary>
    static Dictionary<string, double[]> Weights(OnnxModel model)
    {
        using TrainableGraph graph = new(model);
        return graph.Initializers.ToDictionary(p => p.Key, p => ((Tensor)p.Value).Values());
    }

    [Fact]
    public void The_same_recipe_gives_the_same_file_and_a_stop_gives_what_was_learnt_by_then()
    {
        byte[] Run(string name, int stopAfter = 0)
        {
            using var stop = new CancellationTokenSource();
            using AmalgamationSetup setup = world.Open(Recipe);
            var report = ExemplarPretraining.Run(setup, new ExemplarOptions(4, 8, 2) { Similarity = 1 }, world.Inside(name), stopAfter > 0 ? new Witness(stopAfter, stop) : new Witness(), stop.Token)!;
            Assert.Equal(stopAfter > 0 ? 0 : 2, report.Epochs);
            return File.ReadAllBytes(world.Inside(name));
        }
        byte[] whole = Run("one.onnx");
        Assert.True(whole.AsSpan().SequenceEqual(Run("two.onnx")));
        Assert.False(whole.AsSpan().SequenceEqual(Run("part.onnx", stopAfter: 1)));
    }

    [Fact]
    public void A_step_lowers_its_own_loss_and_leaves_nothing_alive()
    {
        using var scope = NewDisposeScope();
        using AmalgamationSetup setup = world.Open(Recipe);
        using TrainableGraph graph = new(setup.Student.Model);
        var seeds = PatchSet.Cut(setup.Train, SurrogateSeeds.Places(setup.Train, 5, 1));
        var images = new SurrogateImages(seeds, 8, 1);
        using SurrogateStep step = new(graph, setup.Student, images, setup.Recipe.Train, setup.Compute);
        using BatchLoader loader = new(images, 40, [], 1);
        ImageBatch batch = loader.Next();
        double[] losses = [.. Enumerable.Range(0, 12).Select(_ => step.Run(batch, new RatePoint(5e-3)).Loss)];
        Assert.True(losses[^1] < 0.9 * losses[0], string.Join(", ", losses));
        Tensors.LeavesNothingAlive(() => step.Run(batch, new RatePoint(1e-4)));
    }

    [Fact]
    public void Surrogate_images_are_the_same_whenever_they_are_read_and_belong_to_their_patch()
    {
        using AmalgamationSetup setup = world.Open(Recipe);
        var patches = PatchSet.Cut(setup.Train, SurrogateSeeds.Places(setup.Train, 3, 1));
        var (images, held) = (new SurrogateImages(patches, 4, 9), new SurrogateImages(patches.Hold(), 4, 9));
        byte[] Read(int index, ImageSet? from = null)
        {
            var canvas = new byte[images.CanvasBytes];
            (from ?? images).Read(index, canvas);
            return canvas;
        }
        Assert.Equal(12, images.Count);
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2], Enumerable.Range(0, 12).Select(images.ClassOf));
        Assert.Equal(Read(7), Read(7));
        Assert.Equal(Read(7), Read(7, held));
        Assert.Equal(12, Enumerable.Range(0, 12).Select(i => Convert.ToHexString(Read(i))).Distinct().Count());
    }

    [Fact]
    public void Patches_lie_within_their_images_and_every_image_comes_before_one_comes_again()
    {
        using AmalgamationSetup setup = world.Open(Recipe);
        int count = setup.Train.Count;
        var places = SurrogateSeeds.Places(setup.Train, 2 * count, 5);
        Assert.Equal(Enumerable.Range(0, count), places[..count].Select(p => p.Image).Order());
        Assert.All(places, p => Assert.True(p is { Side: >= 4 and <= 8, Top: >= 0, Left: >= 0 } && p.Top + p.Side <= 8 && p.Left + p.Side <= 8));
        Assert.True(places.Distinct().Count() > count);
    }

    [Fact]
    public void Patches_without_detail_are_chosen_last()
    {
        world.Images("flat", 1).Images("noisy", 1);
        using AmalgamationSetup setup = world.Open(Recipe);
        // enlarging the smallest square of an image smooths it
        PatchPlace[] places = [.. Enumerable.Range(0, 30).Select(i => i % 3 == 0 ? new PatchPlace(i, 0, 0, 1) : new PatchPlace(i, 0, 0, 8))];
        var patches = PatchSet.Cut(setup.Train, places);
        Assert.Equal(0, patches.Detail(0));
        Assert.True(patches.Detail(1) > 100);
        int[] order = SurrogateSeeds.ByDetail(patches, 30, 3);
        Assert.Equal(Enumerable.Range(0, 30), order.Order());
        Assert.All(order[..20], i => Assert.NotEqual(0, i % 3));
        Assert.NotEqual(order, SurrogateSeeds.ByDetail(patches, 30, 4));
    }

    [Fact]
    public void Patches_that_look_alike_to_the_teachers_are_left_out_across_blocks()
    {
        using var scope = NewDisposeScope();
        var apart = eye(300, dtype: ScalarType.Float32);
        // rows 0..299 are all different; then each again, nearly
        var (kept, collisions) = SurrogateSeeds.WithoutCollisions(cat([apart, (apart * 3) + 0.001]), 600, 0.9);
        Assert.Equal(Enumerable.Range(0, 300), kept);
        Assert.Equal(300, collisions);
        Assert.Equal([0, 1, 2], SurrogateSeeds.WithoutCollisions(apart, 3, 0.9).Kept);
        Assert.Equal((2, 1), (SurrogateSeeds.WithoutCollisions(tensor(new[] { 1f, 0, 2, 0.1f, 0, 1 }, 3, 2), 3, 0.9) is var (two, passed) ? (two.Length, passed) : default));
    }

    [Fact]
    public void Invariance_is_reported_for_the_student_and_each_teacher_by_transformation_and_magnitude()
    {
        using AmalgamationSetup setup = world.Open(Recipe);
        ExemplarPretraining.Run(setup, new ExemplarOptions(4, 4, 1) { Similarity = 1 }, world.Inside("pretrained.onnx"), new Witness(), TestContext.Current.CancellationToken);
        var rows = InvarianceReport.Measure(setup, world.Inside("pretrained.onnx"), 10);
        Assert.Equal(["student", "a", "b"], rows.Select(r => r.Model).Distinct());
        Assert.Equal(["translate", "scale", "rotate", "contrast", "value", "saturation", "hue"], rows.Select(r => r.Transformation).Distinct());
        Assert.Equal(3 * InvarianceReport.Steps(3).Count(), rows.Count);
        Assert.All(rows, r => Assert.True(r is { N: 10, Distance: > 0 and < 100 }, $"{r}"));
        Assert.Equal(rows, InvarianceReport.Measure(setup, world.Inside("pretrained.onnx"), 10));
        using AmalgamationSetup early = AmalgamationSetup.Open(setup.Recipe with { Student = setup.Recipe.Student with { Taps = [new TapRecipe("layer1")] } }, setup.Compute, _ => { });
        var others = InvarianceReport.Measure(early, world.Inside("pretrained.onnx"), 10);
        Assert.All(rows.Zip(others), pair => Assert.Equal(pair.First.Model == "student", pair.First != pair.Second));
        Assert.Equal(["translate", "scale", "rotate", "contrast", "value"], InvarianceReport.Steps(1).Select(s => s.Name).Distinct());
        using var csv = new StringWriter();
        InvarianceReport.WriteCsv(csv, rows);
        Assert.StartsWith("model,transformation,magnitude,distance,n\nstudent,translate,0.05,", csv.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Too_few_patches_that_differ_are_said()
    {
        using AmalgamationSetup setup = world.Open(Recipe);
        // nothing is less alike than a bound below the least cosine
        var error = Assert.Throws<InputException>(() => ExemplarPretraining.Run(setup, new ExemplarOptions(4, 4, 1) { Similarity = -1 }, world.Inside("p.onnx"), new Witness(), TestContext.Current.CancellationToken));
        Assert.Contains("expected patches that the teachers tell apart, got 1", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(world.Inside("p.onnx")));
    }

    [Fact]
    public void A_stop_before_the_first_step_leaves_the_file_as_it_was()
    {
        string file = world.Inside("kept.onnx");
        File.WriteAllText(file, "earlier");
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        using AmalgamationSetup setup = world.Open(Recipe);
        Assert.Null(ExemplarPretraining.Run(setup, new ExemplarOptions(4, 8, 2) { Similarity = 1 }, file, new Witness(), stop.Token));
        Assert.Equal("earlier", File.ReadAllText(file));
    }
}

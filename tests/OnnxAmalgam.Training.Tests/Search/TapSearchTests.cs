using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Search;
using OnnxAmalgam.Training.Tests.Running;

namespace OnnxAmalgam.Training.Tests.Search;

/// <summary>The demo's teachers on a few of its images.</summary>
public sealed class TapSearchTests
{
    [Fact]
    public void The_bridge_loss_falls_and_weights_of_every_kind_sum_to_one()
    {
        using AmalgamationSetup setup = ShortRun.Open();
        List<string> said = [];
        TapSearch search = Search(setup, new SearchOptions { Epochs = 4, Rate = 0.1 }, said.Add)!;
        Assert.Equal(4, said.Count);
        Assert.True(search.Losses[^1] < search.Losses[0], string.Join(", ", search.Losses));
        Assert.Equal(["searched", "random", "average", "last"], search.Weights.Select(w => w.Method));
        Assert.All(search.Weights, w =>
        {
            Assert.Equal(["digits", "clothes"], w.Teachers.Select(t => t.Teacher));
            Assert.All(w.Teachers, t => Assert.Equal(1, t.Taps.Sum(tap => tap.Weight), 1e-5));
            Assert.Equal(1, w.Teachers.Average(t => t.TeacherWeight), 1e-5);
        });
        // The weights moved.
        Assert.Contains(search.Weights[0].Teachers, t => t.Taps.Max(w => w.Weight) - t.Taps.Min(w => w.Weight) > 0.01);
        Assert.Equal(search.Weights.Sum(w => w.Teachers.Sum(t => t.Taps.Count)) + 1, search.ToCsv().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void A_frozen_recipe_is_read_again_and_trains()
    {
        using AmalgamationSetup setup = ShortRun.Open("amalgamation={labels: gated, losses: [{soft_target: {weight: 1}}, {hint: {weight: 1}}]}");
        TapSearch search = Search(setup, new SearchOptions { Epochs = 1 }, _ => { })!;
        using TinyWorld world = new();
        foreach (FrozenWeights weights in (FrozenWeights[])[search.Weights[0], search.Weights[^1]])
        {
            Recipe frozen = search.Freeze(weights);
            Assert.Equal($"digits-and-clothes-{weights.Method}", frozen.Name);
            TinyResult result = world.Run(RecipeReader.Write(frozen));
            Assert.True(result.Report.Agreement.Passes);
            Assert.True(result.Epochs[^1]["train/hint"] < result.Epochs[0]["train/hint"]);
        }

        Assert.Equal(1, search.Freeze(search.Weights[^1]).Teachers.Sum(t => t.Taps!.Sum(tap => tap.Weight)) / 2);
        Assert.All(search.Freeze(search.Weights[^1]).Teachers, t => Assert.Single(t.Taps!));
    }

    [Fact]
    public void The_same_seed_finds_the_same_weights_and_a_stop_finds_none()
    {
        using AmalgamationSetup setup = ShortRun.Open();
        var options = new SearchOptions { Epochs = 1 };
        Assert.Equal(Search(setup, options, _ => { })!.ToCsv(), Search(setup, options, _ => { })!.ToCsv());
        Assert.Null(TapSearch.Run(setup.Recipe, options, setup.Compute, _ => { }, _ => { }, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_student_that_draws_is_searched_alike_with_one_seed()
    {
        using TinyWorld world = TwoTeachers().Save("student", WithDropout(StudentZoo.Build("zoo:resnet(widths=[4,8], blocks=[1,1])", 3, 8, 8, 4, seed: 1)));
        using AmalgamationSetup setup = world.Open(Recipe("student.onnx", "{soft_target: {weight: 1 } }, {hint: {weight: 1 } }"));
        var options = new SearchOptions { Epochs = 2, Rate = 0.1 };
        string once = Search(setup, options, _ => { })!.ToCsv();
        TorchSharp.torch.rand(3).Dispose();
        Assert.Equal(once, Search(setup, options, _ => { })!.ToCsv());
    }

    [Fact]
    public void Taggers_are_searched_by_what_their_student_learns_from_them()
    {
        using TinyWorld world = TwoTeachers();
        using AmalgamationSetup setup = world.Open(Recipe("zoo:resnet(widths=[4,8], blocks=[1,1])", "{multi_label: {weight: 1 } }, {hint: {weight: 1 } }", scores: ", scores: sigmoid"));
        Assert.IsType<MultiLabelTerm>(SearchStep.Target(setup.Recipe));
        TapSearch search = Search(setup, new SearchOptions { Epochs = 2, Rate = 0.1 }, _ => { })!;
        Assert.True(search.Losses[1] < search.Losses[0], string.Join(", ", search.Losses));
    }

    [Fact]
    public void What_the_recipe_freezes_and_measures_the_search_does_too()
    {
        using TinyWorld world = TwoTeachers().Network("student", "zoo:resnet(widths=[4,8], blocks=[1,1])", 4);
        using AmalgamationSetup setup = world.Open(Recipe("student.onnx", "{soft_target: {weight: 1 } }, {hint: {weight: 1 } }", train: ", clip_norm: 0.5, groups: [{query: 'initializer[depth < 2]', freeze: true}]"));
        TapGroup[] groups = [.. setup.Recipe.Teachers.Select(t => TapGroup.Of(t, setup.Compute)!)];
        using AmalgamationSetup tapped = AmalgamationSetup.Open(setup.Recipe with { Teachers = [.. groups.Select(g => g.Teacher)] }, setup.Compute, _ => { });
        using var step = new SearchStep(tapped, groups, new SearchOptions());
        string[] frozen = [.. setup.Student.Plan.Frozen];
        Assert.NotEmpty(frozen);
        var before = step.Student.Initializers.ToDictionary(p => p.Key, p => p.Value.clone());
        using var targets = new ImageTargets(tapped, tapped.Train);
        step.Learn(BatchLoader.InOrder(tapped.Train, 8).First(), tapped.Train, targets, new RatePoint(1e-2));
        Assert.All(before, p => Assert.Equal(frozen.Contains(p.Key), step.Student.Initializers[p.Key].equal(p.Value).all().item<bool>()));
    }

    [Fact]
    public void Student_and_weights_take_turns_each_on_images_of_its_own()
    {
        using TinyWorld world = TwoTeachers();
        using AmalgamationSetup setup = world.Open(Recipe("zoo:resnet(widths=[4,8], blocks=[1,1])", "{soft_target: {weight: 1 } }, {hint: {weight: 1 } }"));
        TapGroup[] groups = [.. setup.Recipe.Teachers.Select(t => TapGroup.Of(t, setup.Compute)!)];
        using AmalgamationSetup tapped = AmalgamationSetup.Open(setup.Recipe with { Teachers = [.. groups.Select(g => g.Teacher)] }, setup.Compute, _ => { });
        using var step = new SearchStep(tapped, groups, new SearchOptions { Rate = 0.1 });
        using var targets = new ImageTargets(tapped, tapped.Train);
        ImageBatch batch = BatchLoader.InOrder(tapped.Train, 8).First();
        string Weights() => string.Join(' ', step.Weights().Teachers.SelectMany(t => t.Taps).Select(t => t.Weight));
        bool StudentMoved(Action action)
        {
            var before = step.Student.Initializers.ToDictionary(p => p.Key, p => p.Value.clone());
            action();
            return before.Any(p => !step.Student.Initializers[p.Key].equal(p.Value).all().item<bool>());
        }

        string first = Weights();
        Assert.True(StudentMoved(() => step.Learn(batch, tapped.Train, targets, new RatePoint(1e-2))));
        Assert.Equal(first, Weights());
        Assert.False(StudentMoved(() => step.Search(batch, tapped.Train, targets)));
        Assert.NotEqual(first, Weights());

        var (one, other) = step.Halves();
        string[] names = [.. new[] { one, other }.SelectMany(half => Enumerable.Range(0, half.Count).Select(half.NameOf))];
        Assert.Equal(tapped.Train.Count, names.Distinct().Count());
        Assert.Equal(tapped.Train.Count, names.Length);
    }

    [Fact]
    public void Steps_of_both_kinds_leave_no_tensor_alive()
    {
        using AmalgamationSetup demo = ShortRun.Open("data.unlabelled.0.limit=16", "data.unlabelled.1.limit=16", "train.select=last", "amalgamation={labels: gated, losses: [{soft_target: {weight: 1}}, {hint: {weight: 1}}]}", "teachers.1.taps=none");
        TapGroup group = TapGroup.Of(demo.Recipe.Teachers[0], demo.Compute)!;
        using AmalgamationSetup setup = AmalgamationSetup.Open(demo.Recipe with { Teachers = [group.Teacher, demo.Recipe.Teachers[1]] }, demo.Compute, _ => { });
        using var step = new SearchStep(setup, [group], new SearchOptions());
        using var targets = new ImageTargets(setup, setup.Train);
        ImageBatch batch = BatchLoader.InOrder(setup.Train, 8).First();
        var losses = new List<double>();
        step.Learn(batch, setup.Train, targets, new RatePoint(2e-3));
        Tensors.LeavesNothingAlive(() =>
        {
            losses.Add(step.Learn(batch, setup.Train, targets, new RatePoint(2e-3)));
            step.Search(batch, setup.Train, targets);
        }, times: 20);
        Assert.True(losses[^1] < losses[0], string.Join(", ", losses));
    }

    [Fact]
    public void A_student_may_be_tapped_before_layers_that_normalise()
    {
        using AmalgamationSetup whole = ShortRun.Open();
        string first = Anatomy.TapsOnPath(whole.Student.Model)[0].Value;
        using AmalgamationSetup setup = ShortRun.Open("data.unlabelled.0.limit=64", "data.unlabelled.1.limit=64", $"student.taps=['{first}']", "teachers.0.taps=none");
        TapSearch search = Search(setup, new SearchOptions { Epochs = 2 }, _ => { })!;
        Assert.True(search.Losses[1] < search.Losses[0], string.Join(", ", search.Losses));
        Assert.Equal(("clothes", 1), (Assert.Single(search.Weights[0].Teachers).Teacher, search.Weights[0].Teachers[0].TeacherWeight));
        Assert.Empty(search.Freeze(search.Weights[0]).Teachers[0].Taps!);
    }

    [Fact]
    public void Tokens_of_a_teacher_are_searched_and_a_student_without_height_and_width_is_refused()
    {
        using var world = new TinyWorld().Network("a", "zoo:vit(dim=8, depth=2, heads=2, patch=2)", 3).Network("b", "zoo:resnet(widths=[4,8], blocks=[1,2])", 2).Images("left", 24).Images("right", 24);
        const string Losses = "{soft_target: {weight: 1 } }, {hint: {weight: 1 } }";
        using AmalgamationSetup setup = world.Open(Recipe("zoo:mobilenet(widths=[4,8], blocks=[1,1])", Losses));
        TapSearch search = TapSearch.Run(setup.Recipe, new SearchOptions(), setup.Compute, _ => { }, _ => { }, CancellationToken.None)!;
        Assert.All(search.Weights[0].Teachers, t => Assert.True(t.Taps.Count > 1));
        TinyResult result = world.Run(RecipeReader.Write(search.Freeze(search.Weights[0])));
        Assert.True(result.Report.Agreement.Passes);

        using AmalgamationSetup vit = world.Open(Recipe("zoo:vit(dim=8, depth=1, heads=2, patch=2)", Losses));
        string message = Assert.Throws<InputException>(() => TapSearch.Run(vit.Recipe, new SearchOptions(), vit.Compute, _ => { }, _ => { }, CancellationToken.None)).Message;
        Assert.Contains("expected a feature with height and width, got Tokens; name another tap in the recipe", message, StringComparison.Ordinal);
    }

    static TinyWorld TwoTeachers() => new TinyWorld().Network("a", "zoo:resnet(widths=[4,8], blocks=[1,2])", 3).Network("b", "zoo:resnet(widths=[4,8], blocks=[1,2])", 2).Images("left", 24).Images("right", 24);

    static string Recipe(string student, string losses, string scores = "", string train = "") => $$"""
        name: two
        teachers:
          - {model: a.onnx, labels: [red, green, blue]{{scores}} }
          - {model: b.onnx, labels: [blue, grey]{{scores}} }
        student: {model: "{{student}}"}
        data:
          unlabelled:
            - {folder: left, domain: a}
            - {folder: right, domain: b}
        amalgamation:
          labels: gated
          losses: [{{losses}}]
        train: {epochs: 1, batch: 8{{train}} }
        """;

    /// <summary>The model with a Dropout behind its first Relu, whose readers read that.</summary>
    static OnnxModel WithDropout(OnnxModel model)
    {
        Onnx.GraphProto graph = model.Proto.Graph;
        Onnx.NodeProto relu = graph.Node.First(n => n.OpType == "Relu");
        string value = relu.Output[0];
        foreach (Onnx.NodeProto reader in graph.Node.Where(n => n.Input.Contains(value)))
        {
            reader.Input[reader.Input.IndexOf(value)] = "dropped";
        }

        Onnx.NodeProto dropout = new() { OpType = "Dropout", Name = "dropout", Input = { value }, Output = { "dropped" } };
        graph.Node.Insert(graph.Node.IndexOf(relu) + 1, dropout);
        return new OnnxModel(model.Proto, "student.onnx");
    }

    static TapSearch? Search(AmalgamationSetup setup, SearchOptions options, Action<string> progress) =>
        TapSearch.Run(setup.Recipe, options, setup.Compute, message => Assert.Contains(ShortRun.Unstated, message, StringComparison.Ordinal), progress, CancellationToken.None);
}

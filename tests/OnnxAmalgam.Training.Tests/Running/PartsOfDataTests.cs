using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Runs;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>What a recipe says of its images, and leaves out, decides what is trained on, what selects and what is measured.</summary>
public sealed class PartsOfDataTests : IDisposable
{
    readonly TinyWorld world = new TinyWorld().Network("a", "zoo:resnet(widths=[4,8], blocks=[1,1])", 2);

    public void Dispose() => world.Dispose();

    /// <summary>Two teachers, and nothing that says whose image is whose.</summary>
    static string Gated(string data, string train = "") => $$"""
        name: tiny
        teachers: [{name: a, model: a.onnx, labels: [x, y]}, {name: b, model: b.onnx, labels: [u, v]}]
        student: {model: "zoo:resnet(widths=[4], blocks=[1])"}
        data: {{data}}
        amalgamation: {labels: gated, gate: {refined: {clusters: 2} }, losses: [{soft_target: {weight: 1} }]}
        train: {epochs: 2, batch: 8, learning_rate: 3e-3{{train}} }
        """;

    static string Recipe(string data, string train = "") => $$"""
        name: tiny
        teachers: [{model: a.onnx, labels: [x, y]}]
        student: {model: "zoo:resnet(widths=[4], blocks=[1])"}
        data: {{data}}
        amalgamation: {labels: joint, losses: [{soft_target: {weight: 1} }]}
        train: {epochs: 3, batch: 8, learning_rate: 3e-3{{train}} }
        """;

    [Fact]
    public void Without_validate_and_test_the_last_tenth_selects_by_loss_and_agreement_is_measured()
    {
        world.Images("left", 40).Images("right", 25);
        TinyResult result = world.Run(Recipe("{unlabelled: [{folder: left}, {folder: right}]}"));
        result.Learned();
        Assert.Equal(36 + 23, result.Trained);
        Assert.All(result.Epochs, e => Assert.NotNull(e["val/loss"]));
        Assert.DoesNotContain("metrics/accuracy_top1", result.Epochs[0].Keys);
        Assert.Equal("validate", result.Report.EvaluatedOn);
        Assert.All(result.Report.Evaluation, r => Assert.Equal(("student", "agreement", 4L + 2), (r.Model, r.Metric, r.N)));
    }

    [Fact]
    public void An_estimated_gate_is_known_for_the_images_that_are_kept_back_and_for_any_selection_of_them()
    {
        world.Network("b", "zoo:resnet(widths=[4,8], blocks=[1,1])", 2).Images("left", 40).Images("right", 30);
        using AmalgamationSetup setup = world.Open(Gated("{unlabelled: [{folder: left}, {folder: right}]}"));
        TrainingEstimate estimate = TrainingEstimate.Measure(setup);
        Assert.True(estimate.Training > TimeSpan.Zero);
        float[] all = setup.Gate!.Of(setup.Validate!);
        Assert.Equal(7 * 2, all.Length);
        Assert.Equal([.. all[10..12], .. all[2..4]], setup.Gate.Of(setup.Validate!.Select([5, 1])));
        Assert.Equal(all[10..12], setup.Gate.Of(setup.Validate!.Select([3, 5]).Select([1])));
    }

    [Fact]
    public void A_best_epoch_that_could_not_be_told_is_refused_before_any_teacher_runs()
    {
        world.Network("b", "zoo:resnet(widths=[4,8], blocks=[1,1])", 2).Images("left", 24).Images("right", 24);
        using AmalgamationSetup setup = world.Open(Gated("{unlabelled: [{folder: left}], validate: [{folder: right}]}"));
        foreach (Teacher teacher in setup.Teachers)
        {
            teacher.Dispose();
        }

        Assert.Contains("data.validate: expected images with labels", Assert.Throws<InputException>(() => setup.Gate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void With_select_last_validation_images_that_nothing_can_be_measured_on_are_left_out_and_that_is_said()
    {
        world.Network("b", "zoo:resnet(widths=[4,8], blocks=[1,1])", 2).Images("left", 24).Images("right", 24);
        using AmalgamationSetup setup = world.Open(Gated("{unlabelled: [{folder: left}], validate: [{folder: right}]}", ", select: last"));
        Assert.True(TrainingEstimate.Measure(setup).Evaluation > TimeSpan.Zero);
        using RunFolder folder = RunFolder.Create(world.Inside("run"), "tiny");
        var witness = new Witness();
        Assert.NotNull(AmalgamationRun.Execute(setup, folder, resume: false, acceptOlder: false, witness, TestContext.Current.CancellationToken));
        Assert.Contains(witness.Notes, note => note.StartsWith("data.validate: no epoch is measured", StringComparison.Ordinal));
        Assert.DoesNotContain(witness.Epochs[0].Values, v => v.Column == "val/loss");
    }

    [Fact]
    public void Of_fewer_than_ten_images_nothing_is_kept_back_and_the_last_weights_are_exported()
    {
        world.Images("left", 9);
        TinyResult result = world.Run(Recipe("{unlabelled: [{folder: left}]}"));
        Assert.Equal(9, result.Trained);
        Assert.DoesNotContain("val/loss", result.Epochs[0].Keys);
        Assert.Equal("unlabelled", result.Report.EvaluatedOn);
    }

    [Fact]
    public void With_select_last_nothing_is_kept_back_and_the_last_weights_are_exported()
    {
        world.Images("left", 40);
        TinyResult result = world.Run(Recipe("{unlabelled: [{folder: left}]}", ", select: last"));
        result.Learned();
        Assert.Equal(40, result.Trained);
        Assert.DoesNotContain("val/loss", result.Epochs[0].Keys);
        Assert.Equal("unlabelled", result.Report.EvaluatedOn);
        Assert.All(result.Report.Evaluation, r => Assert.Equal("agreement", r.Metric));
    }

    [Fact]
    public void The_last_epoch_is_exported_although_an_earlier_one_was_better()
    {
        world.Images("left/x", 20).Images("left/y", 20);
        const string data = "{unlabelled: [{folder: left}], validate: [{folder: left}]}";
        // a rate that spoils the weights after the first epoch
        const string spoiling = ", optimizer: sgd, momentum: 0, schedule: {step: {every: 1, factor: 1}}";
        TinyResult best = world.Run(Recipe(data, spoiling)), last = world.Run(Recipe(data, spoiling + ", select: last"));
        Assert.Equal(best.Epochs[^1]["train/loss"], last.Epochs[^1]["train/loss"]);
        double?[] scores = [.. last.Epochs.Select(e => e["metrics/accuracy_top1"])];
        Assert.Equal(scores[^1], Union(last));
        Assert.Equal(scores.Max(), Union(best));
        static double? Union(TinyResult r) => r.Report.Evaluation.Single(e => e is { Model: "student", Task: "union", Metric: "accuracy_top1" }).Value;
    }

    [Fact]
    public void Labels_beside_unlabelled_images_may_be_of_another_world_and_validate_is_measured_where_test_is_absent()
    {
        world.Images("train/horse", 20).Images("train/cart", 20).Images("held/x", 9).Images("held/y", 9);
        TinyResult result = world.Run(Recipe("{unlabelled: [{folder: train}], validate: [{folder: held}]}"));
        result.Learned();
        Assert.Equal("validate", result.Report.EvaluatedOn);
        Assert.Contains(result.Report.Evaluation, r => r is { Model: "student", Metric: "accuracy_top1", N: 18 });
        Assert.All(result.Epochs, e => Assert.NotNull(e["metrics/accuracy_top1[a]"]));
    }

    [Fact]
    public void Images_of_all_sizes_are_brought_to_the_canvas()
    {
        world.Images("mixed", 40, i => (3 + (i * 7 % 30), 3 + (i * 11 % 25)));
        using (AmalgamationSetup setup = world.Open(Recipe("{unlabelled: [{folder: mixed}]}")))
        {
            Assert.Equal((3, 8, 8), (setup.Train.Channels, setup.Train.Height, setup.Train.Width));
        }

        world.Run(Recipe("{unlabelled: [{folder: mixed}]}")).Learned();
    }

    [Fact]
    public void One_file_in_a_hundred_may_be_damaged_and_is_named_once()
    {
        world.Images("left", 100);
        File.WriteAllBytes(world.Inside("left/0031.png"), [1, 2, 3]);
        List<string> said = [];
        using AmalgamationSetup setup = world.Open(Recipe("{unlabelled: [{folder: left}]}"), said.Add);
        Assert.Equal(99, setup.Train.Count + setup.Validate!.Count);
        Assert.Contains("0031.png", Assert.Single(said), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_damaged_files_in_a_hundred_stop_the_run_before_it_starts()
    {
        world.Images("left", 100);
        File.WriteAllBytes(world.Inside("left/0031.png"), [1, 2, 3]);
        File.WriteAllBytes(world.Inside("left/0077.png"), []);
        var error = Assert.Throws<InputException>(() => world.Open(Recipe("{unlabelled: [{folder: left}]}")));
        Assert.Contains("got 2 that are not", error.Message, StringComparison.Ordinal);
        Assert.Contains("0031.png", error.Message, StringComparison.Ordinal);
        Assert.Contains("0077.png", error.Message, StringComparison.Ordinal);
    }
}

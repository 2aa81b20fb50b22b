using Onnx;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Runs;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>A run goes on exactly where it stopped, wherever that was: three epochs of four steps with everything that has a state.</summary>
/// <remarks>Alone: dropout draws from the process' one generator, which every other training seeds.</remarks>
[CollectionDefinition(nameof(ResumeTests), DisableParallelization = true)]
[Collection(nameof(ResumeTests))]
public sealed class ResumeTests : IDisposable
{
    const int Steps = 12;

    const string Recipe = """
        name: resumed
        teachers:
          - {model: a.onnx, labels: [x, y, z]}
          - {model: b.onnx, labels: [u, v]}
        student: {model: "zoo:resnet(widths=[4,8], blocks=[1,1])"}
        data: {unlabelled: [{folder: left, domain: a}, {folder: right, domain: none}]}
        augment: [flip, {crop: {padding: 1}}]
        amalgamation:
          labels: gated
          standardise: ema
          common_space: {channels: 4, blocks: 1}
          losses: [{soft_target: {weight: 1}}, {mmd: {weight: 1, bandwidths: published}}, {reconstruction: {weight: 1}}, {cosine: {weight: 1}}, {hint: {weight: 1, teacher_dropping: 0.5}}, {vid: {weight: 0.1}}]
        train: {epochs: 3, batch: 8, optimizer: adamw, learning_rate: 5e-3, schedule: {one_cycle: {}}, clip_norm: 5}
        """;

    /// <summary>Two levels, a gate that the student decides anew, and balanced terms.</summary>
    const string Levels = """
        name: levels
        teachers:
          - {model: a.onnx, labels: [x, y, z], taps: [layer1, layer2]}
          - {model: b.onnx, labels: [u, v]}
        student: {model: "zoo:resnet(widths=[4,8], blocks=[1,1])", taps: [layer1, layer2]}
        data: {unlabelled: [{folder: left}, {folder: right}]}
        augment: [flip]
        amalgamation:
          labels: gated
          gate: {clusters: {clusters: 3, agreement_after: 1}}
          common_space: {channels: 4, blocks: 1, form: kae}
          balance: BALANCE
          losses: [{soft_target: {weight: 1}}, {mmd: {weight: 1, bandwidths: median}}, {reconstruction: {weight: 1}}, {infonce: {weight: 1}}, {ladder: {weight: 1, hidden: 4, teacher_dropping: 0.5}}, {voted_features: {weight: 1, channels: 4}}, {layer_wise: {weight: 1}}]
        train: {epochs: 3, batch: 8, optimizer: adamw, learning_rate: 5e-3, schedule: {one_cycle: {}}, select: last}
        """;

    readonly TinyWorld world = new TinyWorld()
        .Network("a", "zoo:resnet(widths=[4,8], blocks=[1,1])", 3)
        .Network("b", "zoo:vit(dim=8, depth=1, heads=2, patch=2)", 2)
        .Images("left", 20)
        .Images("right", 20);

    public void Dispose() => world.Dispose();

    [Fact]
    public void An_interruption_after_any_step_changes_no_byte_of_the_student_and_no_row_of_the_results()
    {
        var (student, results) = Train("whole", []);
        Assert.Equal(4, results.Length);
        for (int step = 1; step < Steps; step++)
        {
            var (again, rows) = Train($"after-{step}", [step]);
            Assert.True(student.AsSpan().SequenceEqual(again), $"interrupted after step {step}, the student has other bytes");
            Assert.Equal(results, rows);
        }
    }

    [Theory]
    [InlineData("uncertainty")]
    [InlineData("gradnorm")]
    public void Levels_balances_and_the_students_own_gate_go_on_where_they_stopped(string balance)
    {
        string recipe = Levels.Replace("BALANCE", balance, StringComparison.Ordinal);
        var (student, results) = Train("whole", [], recipe);
        Assert.Contains("gate/moved", results[0], StringComparison.Ordinal);
        Assert.Contains("train/balance[infonce]", results[0], StringComparison.Ordinal);
        foreach (int[] stops in (int[][])[[3], [6], [12, 1]])
        {
            var (again, rows) = Train($"after-{stops[0]}", stops, recipe);
            Assert.True(student.AsSpan().SequenceEqual(again), $"interrupted after step {stops[0]}, the student has other bytes");
            Assert.Equal(results, rows);
        }
    }

    [Fact]
    public void Several_interruptions_of_one_run_change_nothing_either()
    {
        var (student, results) = Train("whole", []);
        var (again, rows) = Train("often", [1, 1, 3, 4, 2]);
        Assert.True(student.AsSpan().SequenceEqual(again));
        Assert.Equal(results, rows);
    }

    [Fact]
    public void Dropout_goes_on_drawing_where_it_stopped()
    {
        world.Network("dropping", "zoo:resnet(widths=[4,8], blocks=[1,1])", 3, change: model =>
        {
            NodeProto head = model.Graph.Node[^1];
            model.Graph.Node.Insert(model.Graph.Node.Count - 1, new NodeProto { OpType = "Dropout", Name = "dropout", Input = { head.Input[0] }, Output = { "dropped" } });
            head.Input[0] = "dropped";
        });
        string recipe = Recipe.Replace("\"zoo:resnet(widths=[4,8], blocks=[1,1])\"", "dropping.onnx", StringComparison.Ordinal);
        var (student, results) = Train("whole", [], recipe);
        foreach (int step in (int[])[2, 4, 9])
        {
            var (again, rows) = Train($"after-{step}", [step], recipe);
            Assert.True(student.AsSpan().SequenceEqual(again), $"interrupted after step {step}, the student has other bytes");
            Assert.Equal(results, rows);
        }
    }

    [Fact]
    public void Learned_weights_of_a_contrastive_term_go_on_from_the_checkpoint()
    {
        string recipe = Recipe.Replace("{vid: {weight: 0.1}}", "{contrastive: {weight: 0.5}}, {supervised_contrastive: {weight: 0.1, labels: {top: 2}}}", StringComparison.Ordinal);
        var (student, results) = Train("whole", [], recipe);
        foreach (int step in (int[])[2, 5])
        {
            var (again, rows) = Train($"after-{step}", [step], recipe);
            Assert.True(student.AsSpan().SequenceEqual(again), $"interrupted after step {step}, the student has other bytes");
            Assert.Equal(results, rows);
        }
    }

    [Theory]
    [InlineData("insert", false)]
    [InlineData("refresh", true)]
    public void A_student_whose_normalisation_was_measured_goes_on_from_the_checkpoint_and_is_not_measured_again(string mode, bool normalised)
    {
        Graphs.OnnxModel student = Trainable.StudentZoo.Build("zoo:resnet(widths=[4,8], blocks=[1,1])", 3, 8, 8, 3, 7);
        world.Save("exported", normalised ? student : Graphs.Edits.GraphEdits.FoldNormalisation(student, out _));
        string recipe = Recipe.Replace("{model: \"zoo:resnet(widths=[4,8], blocks=[1,1])\"}", $"{{model: exported.onnx, normalisation: {{{mode}: {{images: 20}}}}}}", StringComparison.Ordinal);
        var (whole, results) = Train("whole", [], recipe);
        foreach (int step in (int[])[1, 4, 6])
        {
            var (again, rows) = Train($"after-{step}", [step], recipe);
            Assert.True(whole.AsSpan().SequenceEqual(again), $"interrupted after step {step}, the student has other bytes");
            Assert.Equal(results, rows);
        }
    }

    [Fact]
    public void Groups_of_weights_frozen_ones_among_them_go_on_where_they_stopped()
    {
        string recipe = Recipe.Replace("clip_norm: 5", "clip_norm: 5, groups: [{query: 'op[depth < 6]', freeze: true}, {query: 'initializer[role=weight]', learning_rate: 0.5x, weight_decay: 0.1, initialise: kaiming_normal}]", StringComparison.Ordinal);
        var (student, results) = Train("whole", [], recipe);
        foreach (int step in (int[])[1, 4, 7])
        {
            var (again, rows) = Train($"after-{step}", [step], recipe);
            Assert.True(student.AsSpan().SequenceEqual(again), $"interrupted after step {step}, the student has other bytes");
            Assert.Equal(results, rows);
        }
    }

    /// <summary>Trains with stops after so many further steps; the student's bytes, and the rows without what is measured in seconds.</summary>
    (byte[] Student, string[] Results) Train(string name, int[] stops, string recipe = Recipe)
    {
        string path = world.Inside(name);
        for (int part = 0; part <= stops.Length; part++)
        {
            using var stop = new CancellationTokenSource();
            using AmalgamationSetup setup = world.Open(recipe);
            using RunFolder run = part == 0 ? RunFolder.Create(path, name) : RunFolder.Open(path);
            using var trainer = new Trainer(setup, run, part < stops.Length ? new Witness(stops[part], stop) : new Witness());
            Assert.Equal(part == stops.Length, trainer.Run(resume: part > 0, acceptOlder: false, stop.Token));
            if (part == stops.Length)
            {
                return (trainer.Student.WriteBack().ToBytes(), Untimed(File.ReadAllLines(run.Results)));
            }
        }

        throw new InvalidOperationException();
    }

    static string[] Untimed(string[] rows)
    {
        string[] header = rows[0].Split(',');
        return [.. rows.Select(r => string.Join(',', r.Split(',').Where((_, i) => header[i] is not ("time" or "speed/images_per_second"))))];
    }
}

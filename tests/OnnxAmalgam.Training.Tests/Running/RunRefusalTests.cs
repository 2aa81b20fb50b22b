using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Runs;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>A run that cannot end well stops with the name of what is at fault.</summary>
public sealed class RunRefusalTests : IDisposable
{
    const string Network = "zoo:resnet(widths=[4,8], blocks=[1,1])";
    readonly TinyWorld world = new TinyWorld().Network("a", Network, 2).Images("left", 24).Images("held/x", 4).Images("held/z", 4);

    public void Dispose() => world.Dispose();

    static string Recipe(string labels = "[x, y]", string data = "{unlabelled: [{folder: left}]}", string losses = "[{soft_target: {weight: 1} }]", string rate = "1e-3", string taps = "auto") => $$"""
        name: tiny
        teachers: [{model: a.onnx, labels: {{labels}}, taps: {{taps}} }]
        student: {model: "zoo:resnet(widths=[4], blocks=[1])"}
        data: {{data}}
        amalgamation: {labels: joint, common_space: {channels: 4, blocks: 1}, losses: {{losses}} }
        train: {epochs: 2, batch: 8, learning_rate: {{rate}} }
        """;

    string Refused(string recipe) => Assert.Throws<InputException>(() => world.Run(recipe)).Message;

    [Fact]
    public void Scores_that_are_not_numbers_name_teacher_and_image()
    {
        world.Network("a", Network, 2, change: model =>
        {
            model.Graph.Node[^1].Output[0] = "inner";
            model.Graph.Node.Add(new NodeProto { OpType = "Neg", Name = "neg", Input = { "squares" }, Output = { "negative" } });
            model.Graph.Node.Insert(model.Graph.Node.Count - 1, new NodeProto { OpType = "Mul", Name = "mul", Input = { "inner", "inner" }, Output = { "squares" } });
            model.Graph.Node.Add(new NodeProto { OpType = "Sqrt", Name = "root", Input = { "negative" }, Output = { "logits" } });
        });
        string message = Refused(Recipe());
        Assert.Contains("teacher 'a', image '", message, StringComparison.Ordinal);
        Assert.Matches(@"left/00\d\d\.png'", message.Replace('\\', '/'));
    }

    [Theory]
    [InlineData("[x]")]
    [InlineData("[x, y, z]")]
    public void As_many_labels_as_scores_are_needed(string labels) =>
        Assert.Contains("teacher 'a', output 'logits': expected 2 labels", Refused(Recipe(labels)), StringComparison.Ordinal);

    [Fact]
    public void A_test_label_that_no_teacher_knows_is_named() =>
        Assert.Contains("data.test: expected labels of the union (x, y), got 'z'", Refused(Recipe(data: "{unlabelled: [{folder: left}], test: [{folder: held}]}")), StringComparison.Ordinal);

    [Fact]
    public void Hard_labels_without_a_label_are_refused() =>
        Assert.Contains("expected training images with a label of the union for 'hard_label', got none", Refused(Recipe(losses: "[{soft_target: {weight: 1} }, {hard_label: {weight: 1} }]")), StringComparison.Ordinal);

    [Fact]
    public void A_tap_that_is_not_there_is_named() =>
        Assert.Contains("tap 'layer9' does not exist", Refused(Recipe(losses: "[{soft_target: {weight: 1} }, {reconstruction: {weight: 1} }]", taps: "[layer9]")), StringComparison.Ordinal);

    [Fact]
    public void A_loss_that_leaves_the_numbers_says_which_knob_to_turn()
    {
        string message = Refused(Recipe(rate: "1e30", losses: "[{soft_target: {weight: 1} }, {reconstruction: {weight: 1} }]"));
        Assert.Contains("finite", message, StringComparison.Ordinal);
        Assert.Contains("lower train.learning_rate", message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(world.Inside("run-0"), "student.onnx*"));
    }

    [Fact]
    public void A_run_is_not_resumed_with_another_teacher()
    {
        string path = world.Inside("interrupted");
        using (var stop = new CancellationTokenSource())
        using (AmalgamationSetup setup = world.Open(Recipe()))
        using (RunFolder run = RunFolder.Create(path, "tiny"))
        using (var trainer = new Trainer(setup, run, new Witness(1, stop)))
        {
            Assert.False(trainer.Run(resume: false, acceptOlder: false, stop.Token));
        }

        world.Network("b", Network, 2);
        File.Copy(world.Inside("b.onnx"), world.Inside("a.onnx"), overwrite: true);
        using AmalgamationSetup other = world.Open(Recipe());
        using RunFolder again = RunFolder.Open(path);
        using var resumed = new Trainer(other, again, new Witness());
        string message = Assert.Throws<InputException>(() => resumed.Run(resume: true, acceptOlder: false, CancellationToken.None)).Message;
        Assert.Contains("got others for teacher a;", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Known_labels_teach_where_they_are_known()
    {
        world.Images("named/x", 12).Images("named/y", 12);
        TinyResult result = world.Run(Recipe(data: "{unlabelled: [{folder: left}, {folder: named}]}", losses: "[{hard_label: {weight: 1} }, {soft_target: {weight: 1} }]", rate: "5e-3"));
        result.Learned("hard_label");
    }
}

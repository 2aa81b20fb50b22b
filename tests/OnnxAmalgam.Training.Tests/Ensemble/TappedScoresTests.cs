using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Tests.Running;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Ensemble;

/// <summary>A tap that is the very value of the scores, alone and in a session that two teachers share.</summary>
public sealed class TappedScoresTests
{
    const string Tapped = """
        name: tapped
        teachers:
          - {name: a, model: a.onnx, labels: [red, green, blue], taps: [TAP]}
          - {name: b, model: a.onnx, labels: [white, grey, black], taps: [TAP]}
        student: {model: "zoo:resnet(widths=[4,8], blocks=[1,1])"}
        data: {unlabelled: [{folder: left, domain: a}, {folder: left, domain: b}]}
        amalgamation: {labels: gated, losses: [{soft_target: {weight: 1}}, {hint: {weight: 1}}]}
        train: {epochs: 2, batch: 8CACHE}
        """;

    [Theory]
    [InlineData("")]
    [InlineData(", cache: {folder: cache}")]
    public void Scores_that_are_tapped_are_both(string cache)
    {
        using TinyWorld world = new TinyWorld().Network("a", "zoo:resnet(widths=[4,8], blocks=[1,1])", 3).Images("left", 24);
        string value = Anatomy.Logits(OnnxModel.Load(world.Inside("a.onnx"))).Value;
        TinyResult result = world.Run(Tapped.Replace("TAP", value, StringComparison.Ordinal).Replace("CACHE", cache, StringComparison.Ordinal));
        Assert.True(result.Epochs[1]["train/hint"] < result.Epochs[0]["train/hint"]);

        using Teacher teacher = Teacher.Open(new TeacherRecipe { Name = "a", Model = world.Inside("a.onnx"), Labels = ["r", "g", "b"], Taps = [new TapRecipe(value)] }, withTaps: true, new());
        using var scope = NewDisposeScope();
        TeacherOutput output = teacher.Run(randint(255, [4, 3, 8, 8]).to(ScalarType.Byte), i => $"{i}");
        Assert.True(output.Logits!.equal(Assert.Single(output.Taps)).all().item<bool>());
    }

    [Fact]
    public void A_softmax_of_one_score_is_warned_of()
    {
        using TinyWorld world = new TinyWorld().Network("a", "zoo:resnet(widths=[4,8], blocks=[1,1])", 1).Images("left", 24);
        List<string> said = [];
        using AmalgamationSetup setup = world.Open("""
            name: one
            teachers: [{model: a.onnx, labels: [only]}]
            student: {model: "zoo:resnet(widths=[4,8], blocks=[1,1])"}
            data: {unlabelled: [{folder: left}]}
            amalgamation: {labels: joint, losses: [{soft_target: {weight: 1}}]}
            train: {epochs: 1, batch: 8}
            """, said.Add);
        Assert.Contains("it has one score, whose softmax is 1 for every image; state scores: sigmoid", Assert.Single(said), StringComparison.Ordinal);
    }
}

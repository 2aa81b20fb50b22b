using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>Teachers whose scores are sigmoids, from the recipe to the student's file.</summary>
public sealed class TaggerTests : IDisposable
{
    const string Resnet = "zoo:resnet(widths=[4,8], blocks=[1,1])";

    readonly TinyWorld world = new TinyWorld().Network("a", Resnet, 3).Network("b", Resnet, 2).Images("left", 20).Images("right", 20);

    public void Dispose() => world.Dispose();

    static string Recipe(string losses, string labels = "joint", string domains = "") => $$"""
        name: tags
        teachers:
          - {model: a.onnx, labels: [x, y, z], scores: sigmoid}
          - {model: b.onnx, labels: [y, v]}
        student: {model: "zoo:resnet(widths=[4,8], blocks=[1,1])"}
        data: {unlabelled: [{folder: left{{domains}}}, {folder: right{{domains}}}]}
        amalgamation:
          labels: {{labels}}
          common_space: {channels: 4, blocks: 1}
          losses: {{losses}}
        train: {epochs: 3, batch: 8, learning_rate: 1e-2}
        """;

    [Fact]
    public void A_student_of_taggers_learns_says_that_its_scores_are_sigmoids_and_is_measured_label_by_label()
    {
        TinyResult result = world.Run(Recipe("[{multi_label: {weight: 1}}, {supervised_contrastive: {weight: 0.1, labels: {threshold: 0.5}}}, {reconstruction: {weight: 1}}]"));
        result.Learned("multi_label");
        Assert.Equal(["x", "y", "z", "v"], result.Labels);
        Assert.Contains(result.Report.Evaluation, r => r is { Model: "student", Task: "a", Metric: "label_agreement", Value: > 0 and <= 1 });
        Assert.Equal(ScoreKind.Sigmoid, ScoreMetadata.Of(result.Student));
    }

    [Fact]
    public void Scores_from_a_taggers_probabilities_have_them_as_their_sigmoids()
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var probabilities = TorchSharp.torch.tensor(new[] { 0.01f, 0.5f, 0.99f });
        Tensors.Close(probabilities, ScoreMetadata.FromProbabilities(probabilities, ScoreKind.Sigmoid).sigmoid(), 1e-5);
        Tensors.Close(probabilities / probabilities.sum(), ScoreMetadata.FromProbabilities(probabilities, ScoreKind.Softmax).softmax(0), 1e-5);
    }

    [Theory]
    [InlineData("[{soft_target: {weight: 1}}]", "joint", "expected 'multi_label' as the only term on scores beside teachers with 'scores: sigmoid' ('a'), got 'soft_target'; their scores share no softmax")]
    [InlineData("[{multi_label: {weight: 1}}, {hard_label: {weight: 1}}]", "joint", "got 'hard_label'")]
    [InlineData("[{multi_label: {weight: 1}}]", "gated", "expected 'gate: domain' beside teachers with 'scores: sigmoid' ('a'), got 'refined', which compares energies of softmax scores")]
    public void What_does_not_go_with_sigmoids_is_refused(string losses, string labels, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => world.Open(Recipe(losses, labels))).Message, StringComparison.Ordinal);

    [Fact]
    public void The_student_is_not_asked_whose_an_image_is_where_its_scores_are_sigmoids()
    {
        string recipe = Recipe("[{multi_label: {weight: 1}}]", "gated\n  gate: {refined: {agreement_after: 1}}").Replace("scores: sigmoid", "scores: softmax", StringComparison.Ordinal);
        Assert.Contains("expected no 'agreement_after' beside 'multi_label'", Assert.Throws<InputException>(() => world.Open(recipe)).Message, StringComparison.Ordinal);
    }
}

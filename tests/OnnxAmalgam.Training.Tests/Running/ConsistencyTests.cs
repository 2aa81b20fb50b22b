using Onnx;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>Label constraints from the recipe to the trained student.</summary>
public sealed class ConsistencyTests : IDisposable
{
    const string Resnet = "zoo:resnet(widths=[4,8], blocks=[1,1])";

    readonly TinyWorld world = new TinyWorld().Network("pets", Resnet, 2, change: Surer).Network("kinds", Resnet, 2, change: Surer).Images("left", 20).Images("right", 20);

    public void Dispose() => world.Dispose();

    /// <summary>Scores fifty times as large: an untrained network is sure of nothing.</summary>
    static void Surer(ModelProto model)
    {
        model.Graph.Node[^1].Output[0] = "inner";
        model.Graph.Initializer.Add(new TensorProto { Name = "factor", DataType = (int)TensorProto.Types.DataType.Float, FloatData = { 50 } });
        model.Graph.Node.Add(new NodeProto { OpType = "Mul", Name = "surer", Input = { "inner", "factor" }, Output = { "logits" } });
    }

    static string Recipe(string losses, string labels = "joint", string domains = "") => $$"""
        name: constrained
        teachers:
          - {model: pets.onnx, labels: [dog, cat]}
          - {model: kinds.onnx, labels: [animal, vehicle]}
        student: {model: "zoo:resnet(widths=[4,8], blocks=[1,1])"}
        data: {unlabelled: [{folder: left{{domains}}}, {folder: right{{domains}}}]}
        amalgamation: {labels: {{labels}}, losses: {{losses}} }
        train: {epochs: 8, batch: 8, learning_rate: 1e-2, select: last}
        """;

    [Theory]
    [InlineData("soft_target", "joint", "")]
    [InlineData("soft_target", "concat", "")]
    [InlineData("soft_target", "gated", ", domain: pets")]
    [InlineData("multi_label", "gated", ", domain: pets")]
    [InlineData("multi_label", "restricted", "")]
    public void A_student_trained_with_constraints_violates_them_less_than_one_that_is_only_measured(string term, string labels, string domain)
    {
        // all four are to be vehicles: far from what any of the teachers says
        string Losses(double weight) => $$"""[{ {{term}}: {weight: 1} }, {consistency: {weight: {{weight}}, implies: {dog: vehicle, cat: [vehicle]} } }]""";
        TinyResult free = world.Run(Recipe(Losses(0), labels, domain)), bound = world.Run(Recipe(Losses(3), labels, domain));
        bound.Learned("consistency");
        Assert.Equal(["dog", "cat", "animal", "vehicle"], bound.Labels);
        double Violation(TinyResult result) => result.Epochs[^1]["train/consistency"]!.Value;
        Assert.True(Violation(free) > 0.02, $"{Violation(free)}");
        Assert.True(Violation(bound) < Violation(free) / 3, $"{Violation(free)} {Violation(bound)}");
    }

    [Fact]
    public void A_label_that_no_teacher_knows_is_refused_when_the_recipe_is_opened() =>
        Assert.Contains("'consistency': expected labels of the union (dog, cat, animal, vehicle), got 'animals' (closest: 'animal')",
            Assert.Throws<InputException>(() => world.Open(Recipe("[{soft_target: {weight: 1}}, {consistency: {weight: 1, implies: {dog: animals}}}]"))).Message, StringComparison.Ordinal);
}

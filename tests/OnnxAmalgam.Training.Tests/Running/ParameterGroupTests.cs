using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Optimisation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>Which parameters decay and at which rate they move, seen on a step whose rate is so small, and whose decay is so large, that
/// a weight w becomes w (1 - rate decay) and no gradient counts.</summary>
public sealed class ParameterGroupTests : IDisposable
{
    const double Rate = 1e-9, Decay = 1e6, HeadRate = 10, CommonRate = 5;

    readonly TinyWorld world = new TinyWorld().Network("a", "zoo:resnet(widths=[4,8], blocks=[1,1])", 3).Images("left", 16);

    public void Dispose() => world.Dispose();

    static string Recipe(string train) => $$"""
        name: groups
        teachers: [{model: a.onnx, labels: [x, y, z]}]
        student: {model: "zoo:resnet(widths=[4,8], blocks=[1,1])"}
        data: {unlabelled: [{folder: left}]}
        amalgamation:
          labels: joint
          common_space: {channels: 4, blocks: 1}
          losses: [{soft_target: {weight: 1} }, {mmd: {weight: 1} }, {reconstruction: {weight: 1} }]
        train: {epochs: 1, batch: 8, optimizer: sgd, momentum: 0, weight_decay: {{Decay}}, head_rate: {{HeadRate}}, common_rate: {{CommonRate}}{{train}} }
        """;

    [Theory]
    [InlineData(", decay_vectors: false", false)]
    [InlineData("", true)]
    public void Matrices_decay_and_vectors_unless_they_are_not_to_each_group_at_its_own_rate(string train, bool vectorsDecay)
    {
        using AmalgamationSetup setup = world.Open(Recipe(train));
        using var step = new AmalgamationStep(setup);
        using var loader = new BatchLoader(setup.Train, 8, [], seed: 1);
        using var scope = NewDisposeScope();
        var before = Parameters(step).ToDictionary(p => p.Key, p => p.Value.clone());
        step.Run(loader.Next(), new RatePoint(Rate));

        string[] heads = [.. setup.Student.Plan.Settings.Where(s => s.Value.Group.StartsWith("head", StringComparison.Ordinal)).Select(s => "student/" + s.Key)];
        Assert.Equal(2, heads.Length);
        Assert.Contains(before.Keys, name => name.StartsWith("loss/", StringComparison.Ordinal));
        foreach (var (name, now) in Parameters(step))
        {
            double factor = heads.Contains(name) ? HeadRate : name.StartsWith("loss/", StringComparison.Ordinal) ? CommonRate : 1;
            double kept = now.dim() > 1 || vectorsDecay ? 1 - (Rate * Decay * factor) : 1;
            Assert.True((now - (before[name] * kept)).abs().max().item<float>() < 1e-6, $"{name} did not become {kept} of itself");
        }
    }

    static IEnumerable<KeyValuePair<string, Tensor>> Parameters(AmalgamationStep step) =>
        step.State().Where(p => p.Key.StartsWith("student/", StringComparison.Ordinal) || p.Key.StartsWith("loss/", StringComparison.Ordinal));
}

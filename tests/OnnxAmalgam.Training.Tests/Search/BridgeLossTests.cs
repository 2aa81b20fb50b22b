using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Search;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Search;

public sealed class BridgeLossTests
{
    [Fact]
    public void Weights_start_equal_and_sum_to_one_wherever_their_logits_go()
    {
        using BridgeLoss bridge = Bridge();
        Assert.Equal([[1 / 3.0, 1 / 3.0, 1 / 3.0], [0.5, 0.5]], bridge.Weights().Taps.Select(t => t.Select(w => Math.Round(w, 15)).ToArray()).ToArray(), (a, b) => a!.Zip(b!).All(p => Math.Abs(p.First - p.Second) < 1e-9));
        Move(bridge, "taps.0", 3, -1, 0.5);
        Move(bridge, "teachers", 2, -2);
        var (taps, teachers) = bridge.Weights();
        Assert.All(taps.Append(teachers), w => Assert.Equal(1, w.Sum(), 1e-9));
        Assert.Equal(Math.Exp(4), teachers[0] / teachers[1], 1e-6);
    }

    [Fact]
    public void Aggregation_is_the_weighted_sum_on_the_students_grid()
    {
        using var scope = NewDisposeScope();
        using BridgeLoss bridge = Bridge();
        Move(bridge, "taps.1", 1, -1);
        Tensor[] features = Features();
        double[] w = bridge.Weights().Taps[1];
        BridgedFeatures bridged = bridge.Aggregate(features);
        Tensors.Close((features[0] + features[1] + features[2]) / 3, bridged.Aggregated[0]);
        Tensors.Close(nn.functional.adaptive_avg_pool2d((features[3] * w[0]) + (features[4] * w[1]), [4, 4]), bridged.Aggregated[1]);
        Assert.Equal([6, 5, 4, 4], bridged.Given.shape);
    }

    [Fact]
    public void The_way_to_the_teachers_is_blind_to_the_scale_of_their_features()
    {
        using var scope = NewDisposeScope();
        using BridgeLoss bridge = Bridge();
        foreach (var (_, map) in bridge.Maps)
        {
            using var guard = no_grad();
            map.zero_();
        }

        // D = 0: mean A^2 / var A, at least 1, and 1 for features of mean 0.
        Tensor student = Tensors.Random(9, 6, 5, 4, 4);
        Tensor[] centred = [.. Features().Select(f => f - f.mean([0, 2, 3], keepdim: true))];
        double loss = bridge.StudentToTeachers(student, bridge.Aggregate(centred).Aggregated).Value();
        Assert.Equal(1, loss, 1e-4);
        Tensor[] louder = [.. centred.Select(f => f * 100)];
        Assert.Equal(loss, bridge.StudentToTeachers(student, bridge.Aggregate(louder).Aggregated).Value(), 1e-4);
    }

    [Fact]
    public void Both_ways_have_a_gradient_to_every_logit()
    {
        using var scope = NewDisposeScope();
        using BridgeLoss bridge = Bridge();
        foreach (bool back in (bool[])[true, false])
        {
            foreach (var (_, logits) in bridge.Logits)
                logits.grad = null;
            BridgedFeatures bridged = bridge.Aggregate(Features());
            (back ? bridge.StudentToTeachers(Tensors.Random(9, 6, 5, 4, 4), bridged.Aggregated) : bridged.Given.square().sum()).backward();
            Assert.All(bridge.Logits, l =>
            {
                Assert.Contains(l.Value.grad!.Values(), g => Math.Abs(g) > 1e-9);
                // A softmax does not feel a common shift.
                Assert.Equal(0, l.Value.grad!.Values().Sum(), 1e-9);
            });
        }
    }

    static BridgeLoss Bridge() => new(
        new TapShape("student", TapKind.Spatial, 1, [2, 5, 4, 4]),
        [(new TapShape("a", TapKind.Spatial, 1, [2, 3, 4, 4]), 3), (new TapShape("b", TapKind.Spatial, 1, [2, 7, 8, 8]), 2)],
        new WeightSource(1, CPU, ScalarType.Float64));

    static Tensor[] Features() => [.. Enumerable.Range(0, 5).Select(i => i < 3 ? Tensors.Random(i, 6, 3, 4, 4) : Tensors.Random(i, 6, 7, 8, 8))];

    static void Move(BridgeLoss bridge, string name, params double[] values)
    {
        using var guard = no_grad();
        using Tensor given = tensor(values);
        bridge.Logits.Single(l => l.Name == name).Value.copy_(given);
    }
}

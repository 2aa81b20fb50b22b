using OnnxAmalgam.Training.Losses;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

public sealed class TargetsTests
{
    static Tensor Scores(params double[] probabilities) => tensor(probabilities.Select(p => Math.Log(p)).ToArray(), 1, probabilities.Length);

    static Tensor Places(params long[] places) => tensor(places);

    static readonly double[] A = [0.5, 0.3, 0.2];
    static readonly double[] B = [0.1, 0.9];

    [Fact]
    public void Concatenated_is_one_softmax_over_all_scores()
    {
        using var scope = NewDisposeScope();
        var target = Targets.Concatenated([Scores(1, 3), Scores(2, 2)], 1);
        Assert.Equal([1 / 8.0, 3 / 8.0, 2 / 8.0, 2 / 8.0], target.Values(), Near);
        var soft = Targets.Concatenated([Scores(1, 9), Scores(16)], 2);
        Assert.Equal([1 / 8.0, 3 / 8.0, 4 / 8.0], soft.Values(), Near);
    }

    [Fact]
    public void Joint_calibrates_each_teacher_and_merges_shared_labels_by_their_mean()
    {
        using var scope = NewDisposeScope();
        // label 2 is shared: exp of the mean log = geometric mean; scaling a teacher's scores up by a constant changes nothing
        var target = Targets.Joint([Scores(A) + 100, Scores(B) - 3], [Places(0, 1, 2), Places(2, 3)], 4, 1).Values();
        double[] raw = [0.5, 0.3, Math.Sqrt(0.2 * 0.1), 0.9];
        Assert.Equal([.. raw.Select(r => r / raw.Sum())], target, Near);
        var soft = Targets.Joint([Scores(A), Scores(B)], [Places(0, 1, 2), Places(2, 3)], 4, 2).Values();
        double[] roots = [.. raw.Select(Math.Sqrt)];
        Assert.Equal([.. roots.Select(r => r / roots.Sum())], soft, Near);
    }

    [Fact]
    public void Gated_gives_each_image_its_owners_distribution_and_sums_shared_labels()
    {
        using var scope = NewDisposeScope();
        Tensor[] scores = [cat([Scores(A), Scores(A), Scores(A), Scores(A)]), cat([Scores(B), Scores(B), Scores(B), Scores(B)]) + 50];
        var weights = tensor(new[] { 1.0, 0, 0, 1, 0.5, 0.5, 0, 0 }, 4, 2);
        var target = Targets.Gated(scores, [Places(0, 1, 2), Places(2, 3)], 4, weights, 1);
        Assert.Equal([0.5, 0.3, 0.2, 0, 0, 0, 0.1, 0.9, 0.25, 0.15, 0.15, 0.45, 0, 0, 0, 0], target.Values(), Near);
    }

    [Fact]
    public void Classes_of_one_label_within_a_teacher_are_summed()
    {
        using var scope = NewDisposeScope();
        var gated = Targets.Gated([Scores(A)], [Places(0, 1, 0)], 2, ones(1, 1, ScalarType.Float64), 1);
        Assert.Equal([0.7, 0.3], gated.Values(), Near);
        Assert.Equal([0.7, 0.3], Targets.Task(Scores(A), Places(0, 1, 0), 2, 1).Values(), Near);
    }

    [Fact]
    public void Probabilities_of_exactly_zero_are_fine()
    {
        using var scope = NewDisposeScope();
        Tensor[] scores = [Scores(1, 0), Scores(0.5, 0.5)];
        Tensor[] places = [Places(0, 1), Places(1, 2)];
        Assert.Equal([2 / 4.0, 0, 1 / 4.0, 1 / 4.0], Targets.Concatenated(scores, 1).Values(), Near);
        Assert.All(Targets.Joint(scores, places, 3, 1).Values(), v => Assert.True(double.IsFinite(v)));
        Assert.Equal([1.0, 0, 0], Targets.Gated(scores, places, 3, tensor(new[] { 1.0, 0 }, 1, 2), 1).Values(), Near);
    }

    [Fact]
    public void Targets_have_no_gradient()
    {
        using var scope = NewDisposeScope();
        var z = Tensors.Variable(1, 2, 3);
        Tensor[] places = [Places(0, 1, 2)];
        Assert.All(new[] { Targets.Concatenated([z], 1), Targets.Joint([z], places, 3, 1), Targets.Gated([z], places, 3, ones(2, 1), 1), Targets.Task(z, places[0], 3, 1) },
            t => Assert.False(t.requires_grad));
    }

    static bool Near(double expected, double actual) => Math.Abs(expected - actual) < 1e-12;
}

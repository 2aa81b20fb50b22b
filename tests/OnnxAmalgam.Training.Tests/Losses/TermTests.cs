using OnnxAmalgam.Training.Losses.Contrast;
using OnnxAmalgam.Training.Losses.Features;
using OnnxAmalgam.Training.Losses.Scores;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

public sealed class TermTests
{
    static Tensor Distribution(long seed, params long[] shape) => nn.functional.softmax(Tensors.Random(seed, shape) * 3, 1);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Soft_target_gradient_is_the_difference_of_distributions_times_T_over_N(double temperature)
    {
        using var scope = NewDisposeScope();
        var z = Tensors.Variable(1, 5, 4);
        var target = Distribution(2, 5, 4);
        SoftTarget.CrossEntropy(z, target, temperature).backward();
        Tensors.Close((nn.functional.softmax(z / temperature, 1) - target) * (temperature / 5), z.grad!);
        Tensors.GradientMatchesDifferences(x => SoftTarget.CrossEntropy(x, target, temperature), z);
    }

    [Fact]
    public void Soft_target_by_hand()
    {
        using var scope = NewDisposeScope();
        // softmax([0, 2 ln 3] / 2) = [1/4, 3/4]; -4 (0.5 ln(1/4) + 0.5 ln(3/4))
        var z = tensor(new[] { 0.0, 2 * Math.Log(3) }, 1, 2);
        var expected = -4 * (0.5 * Math.Log(0.25) + 0.5 * Math.Log(0.75));
        Assert.Equal(expected, SoftTarget.CrossEntropy(z, full(1, 2, 0.5, ScalarType.Float64), 2).Value(), 1e-12);
    }

    [Fact]
    public void Soft_target_of_a_batch_is_the_mean_of_its_images_also_without_target()
    {
        using var scope = NewDisposeScope();
        var (z, target) = (Tensors.Variable(1, 4, 3), Distribution(2, 4, 3));
        var each = Enumerable.Range(0, 4).Select(n => SoftTarget.CrossEntropy(z.narrow(0, n, 1), target.narrow(0, n, 1), 1).Value()).ToArray();
        Assert.Equal(each.Average(), SoftTarget.CrossEntropy(z, target, 1).Value(), 1e-12);
        target[1] = zeros(3, ScalarType.Float64);
        var loss = SoftTarget.CrossEntropy(z, target, 1);
        Assert.Equal((each.Sum() - each[1]) / 4, loss.Value(), 1e-12);
        loss.backward();
        Assert.All(z.grad![1].Values(), g => Assert.Equal(0, g));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Restricted_divergence_is_the_divergence_when_the_task_is_the_union(double temperature)
    {
        using var scope = NewDisposeScope();
        var z = Tensors.Variable(1, 5, 4);
        var target = Distribution(2, 5, 4);
        var loss = RestrictedTarget.Divergence(z, arange(4), target, null, temperature);
        var expected = nn.functional.kl_div(nn.functional.log_softmax(z / temperature, 1), target, log_target: false, reduction: nn.Reduction.Sum) * (temperature * temperature / 5);
        Assert.Equal(expected.Value(), loss.Value(), 1e-12);
        var soft = Tensors.Variable(1, 5, 4);
        SoftTarget.CrossEntropy(soft, target, temperature).backward();
        loss.backward();
        Tensors.Close(soft.grad!, z.grad!);
    }

    [Fact]
    public void Restricted_divergence_is_zero_at_the_teacher_and_blind_to_other_labels()
    {
        using var scope = NewDisposeScope();
        var z = Tensors.Variable(1, 5, 6);
        var task = tensor(new long[] { 4, 1, 2 });
        var target = nn.functional.softmax(z.index_select(1, task), 1).detach();
        Assert.Equal(0, RestrictedTarget.Divergence(z, task, target, null, 1).Value(), 1e-12);
        RestrictedTarget.Divergence(z, task, Distribution(2, 5, 3), null, 1).backward();
        foreach (var other in new[] { 0, 3, 5 }) Assert.All(z.grad!.select(1, other).Values(), g => Assert.Equal(0, g));
        Assert.Contains(z.grad!.select(1, 4).Values(), g => g != 0);
    }

    [Fact]
    public void Restricted_divergence_takes_targets_with_zeros_and_weights_by_image()
    {
        using var scope = NewDisposeScope();
        var z = Tensors.Random(1, 3, 2);
        var target = tensor(new[] { 1.0, 0, 0.5, 0.5, 0, 1 }, 3, 2);
        double One(int n) => RestrictedTarget.Divergence(z.narrow(0, n, 1), arange(2), target.narrow(0, n, 1), null, 1).Value();
        Assert.Equal(-nn.functional.log_softmax(z, 1)[0, 0].Value(), One(0), 1e-12);
        var weighted = RestrictedTarget.Divergence(z, arange(2), target, tensor(new[] { 0, 0.5, 1 }), 1).Value();
        Assert.Equal((0.5 * One(1) + One(2)) / 3, weighted, 1e-12);
    }

    [Fact]
    public void Hard_labels_are_torchs_cross_entropy_over_labelled_images()
    {
        using var scope = NewDisposeScope();
        var z = Tensors.Random(1, 4, 3);
        var labels = tensor(new long[] { 2, -1, 0, -1 });
        var expected = nn.functional.cross_entropy(z, labels, ignore_index: -1).Value();
        Assert.Equal(expected, HardLabel.CrossEntropy(z, labels).Value(), 1e-12);
        Assert.Equal(0, HardLabel.CrossEntropy(z, full(4, -1, ScalarType.Int64)).Value());
        Tensors.GradientMatchesDifferences(x => HardLabel.CrossEntropy(x, labels), z);
    }

    [Fact]
    public void Cosine_is_zero_for_equal_one_for_orthogonal_and_paired_by_image()
    {
        using var scope = NewDisposeScope();
        var axes = eye(2, dtype: ScalarType.Float64);
        var each = PairedCosine.ToEach(stack([axes, axes, axes.flip(0)]));
        Tensors.Close(tensor(new[] { 0.0, 1 }), each);
        var other = Tensors.Random(2, 3, 4);
        Tensors.GradientMatchesDifferences(x => PairedCosine.ToEach(stack([x, other])).sum(), Tensors.Random(1, 3, 4));
    }

    [Fact]
    public void Reconstruction_is_the_mean_square_over_all_elements()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (tensor(new[] { 1.0, 2, 3, 4 }, 1, 4, 1, 1), tensor(new[] { 1.0, 0, 3, 5 }, 1, 4, 1, 1));
        Assert.Equal(5.0 / 4, Reconstruction.MeanSquaredError(a, b).Value(), 1e-12);
        Tensors.GradientMatchesDifferences(x => Reconstruction.MeanSquaredError(x, b), a);
    }

    [Fact]
    public void InfoNce_by_hand_is_zero_where_pairs_stand_out_and_log_n_where_nothing_does()
    {
        using var scope = NewDisposeScope();
        var axes = eye(2, dtype: ScalarType.Float64);
        var each = InfoNce.ToEach(stack([axes, axes, axes.flip(0), axes[..1].expand(2, 2)]), 0.5).Values();
        Assert.Equal(Math.Log(1 + Math.Exp(-2)), each[0], 1e-12);
        Assert.Equal(Math.Log(1 + Math.Exp(2)), each[1], 1e-12);
        // all teachers' features are the first axis: rows tell nothing apart, columns half
        Assert.Equal((Math.Log(2) + (Math.Log(1 + Math.Exp(-2)) + Math.Log(1 + Math.Exp(2))) / 2) / 2, each[2], 1e-12);
        Assert.Equal(0, InfoNce.ToEach(stack([axes, axes]), 0.01).Value(), 1e-12);
        var other = Tensors.Random(2, 3, 4);
        Tensors.GradientMatchesDifferences(x => InfoNce.ToEach(stack([x, other]), 0.3).sum(), Tensors.Random(1, 3, 4));
    }

    [Fact]
    public void Votes_for_a_label_are_counted_over_teachers_and_ties_go_to_the_likelier()
    {
        using var scope = NewDisposeScope();
        // Labels a, b, c; teachers (a, b), (b, c), (b, c). Image 0: a, b, c: b and c have one vote each as a has; image 1: a, b, b.
        Tensor[] logits = [tensor(new[] { 5.0, 0, 5, 0 }, 2, 2), tensor(new[] { 5.0, 0, 5, 0 }, 2, 2), tensor(new[] { 0.0, 5, 5, 0 }, 2, 2)];
        Tensor[] places = [tensor(new long[] { 0, 1 }), tensor(new long[] { 1, 2 }), tensor(new long[] { 1, 2 })];
        var votes = VotedTarget.Votes(logits, places, 3, null);
        Assert.Equal([1.0, 1, 1, 1, 2, 0], votes.Values());
        var target = tensor(new[] { 0.2, 0.3, 0.5, 0.6, 0.3, 0.1 }, 2, 3);
        Tensors.Close(tensor(new[] { 0.1, 0.15, 0.75, 0.3, 0.65, 0.05 }, 2, 3), VotedTarget.Emphasised(target, votes, 1));
        Tensors.Close(target, VotedTarget.Emphasised(target, votes, 0));
        // One vote each: the likelier label, however many teachers vote and in float32 too.
        var close = tensor(new[] { 0.48f, 0.52f, 0, 0.001f, 0.0005f, 0.9985f }, 2, 3);
        Assert.Equal([1L, 0L], VotedTarget.Emphasised(close, tensor(new[] { 3f, 3f, 0, 4f, 4f, 3f }, 2, 3), 2).argmax(1).data<long>().ToArray());
        var gated = VotedTarget.Votes(logits, places, 3, tensor(new[] { 1.0, 0, 0, 0, 0.5, 0.5 }, 2, 3));
        Assert.Equal([1.0, 0, 0, 0, 1, 0], gated.Values());
        Tensors.Close(zeros(1, 3, ScalarType.Float64), VotedTarget.Emphasised(zeros(1, 3, ScalarType.Float64), zeros(1, 3, ScalarType.Float64), 2));
    }
}

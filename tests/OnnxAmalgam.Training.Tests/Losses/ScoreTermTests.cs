using OnnxAmalgam.Training.Losses.Scores;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

public sealed class ScoreTermTests
{
    static Tensor Distribution(long seed, params long[] shape) => nn.functional.softmax(Tensors.Random(seed, shape) * 3, 1);

    static double Divergence(Tensor logits, Tensor target, double temperature) =>
        nn.functional.kl_div(nn.functional.log_softmax(logits / temperature, 1), target, log_target: false, reduction: nn.Reduction.Sum).Value() * temperature * temperature / logits.shape[0];

    public static TheoryData<string> Terms => ["dkd", "standardised_logits", "dist"];

    static Tensor Loss(string term, Tensor logits, Tensor target) => term switch
    {
        "dkd" => DecoupledTarget.Divergence(logits, target, new DkdTerm(1, Alpha: 0.5, Beta: 2, Temperature: 3)),
        "dist" => Correlation.Distance(logits, target, new DistTerm(1, Beta: 2, Gamma: 0.5, Temperature: 3)),
        _ => StandardisedLogits.Divergence(logits, target, 3),
    };

    [Theory]
    [MemberData(nameof(Terms))]
    public void Gradients_match_differences_also_where_targets_are_zero(string term)
    {
        using var scope = NewDisposeScope();
        var target = Distribution(2, 5, 4);
        target[1] = tensor(new[] { 0.25, 0, 0.75, 0 });
        target[3] = zeros(4, ScalarType.Float64);
        Tensors.GradientMatchesDifferences(z => Loss(term, z, target), Tensors.Random(1, 5, 4) * 2);
    }

    [Theory]
    [MemberData(nameof(Terms))]
    public void A_batch_twice_over_has_the_same_loss_and_images_without_target_have_none(string term)
    {
        using var scope = NewDisposeScope();
        var (z, target) = (Tensors.Random(1, 5, 4), Distribution(2, 5, 4));
        double whole = Loss(term, z, target).Value();
        Assert.True(whole > 0.01);
        Assert.Equal(whole, Loss(term, cat([z, z]), cat([target, target])).Value(), 1e-12);
        var half = cat([z, Tensors.Random(3, 5, 4)]).requires_grad_();
        var loss = Loss(term, half, cat([target, zeros_like(target)]));
        Assert.Equal(whole / 2, loss.Value(), 1e-12);
        loss.backward();
        Assert.All(half.grad!.narrow(0, 5, 5).Values(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void Decoupled_divergence_by_hand()
    {
        using var scope = NewDisposeScope();
        // s = [1/2, 1/4, 1/4], p = [0.6, 0.3, 0.1]: target class against the rest, then the rest renormalised: [1/2, 1/2] and [3/4, 1/4]
        var z = tensor(new[] { Math.Log(2), 0, 0 }, 1, 3);
        var target = tensor(new[] { 0.6, 0.3, 0.1 }, 1, 3);
        var binary = 0.6 * Math.Log(0.6 / 0.5) + 0.4 * Math.Log(0.4 / 0.5);
        var rest = 0.75 * Math.Log(0.75 / 0.5) + 0.25 * Math.Log(0.25 / 0.5);
        Assert.Equal(2 * binary + 3 * rest, DecoupledTarget.Divergence(z, target, new DkdTerm(1, 2, 3, 1)).Value(), 1e-12);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Decoupled_parts_make_up_the_divergence(double temperature)
    {
        using var scope = NewDisposeScope();
        var (z, target) = (Tensors.Random(1, 1, 6) * 3, Distribution(2, 1, 6));
        var unknown = 1 - target.max().Value();
        Assert.Equal(Divergence(z, target, temperature), DecoupledTarget.Divergence(z, target, new DkdTerm(1, 1, unknown, temperature)).Value(), 1e-12);
    }

    [Fact]
    public void Decoupled_divergence_is_zero_at_the_target_and_finite_where_the_target_is_sure()
    {
        using var scope = NewDisposeScope();
        var z = Tensors.Variable(1, 4, 5);
        Assert.Equal(0, DecoupledTarget.Divergence(z, nn.functional.softmax(z / 4, 1).detach(), new DkdTerm(1)).Value(), 1e-12);
        var sure = eye(4, 5, dtype: ScalarType.Float64);
        var loss = DecoupledTarget.Divergence(z, sure, new DkdTerm(1, 1, 8, 1));
        Assert.Equal(Divergence(z, sure, 1), loss.Value(), 1e-12);
        loss.backward();
        Assert.All(z.grad!.Values(), g => Assert.True(double.IsFinite(g)));
    }

    [Fact]
    public void Standardised_rows_by_hand()
    {
        using var scope = NewDisposeScope();
        // mean 2, deviation sqrt(((1)^2 + 0 + (1)^2) / 2) = 1
        Tensors.Close(tensor(new[] { -1.0, 0, 1 }, 1, 3), StandardisedLogits.Rows(tensor(new[] { 1.0, 2, 3 }, 1, 3)), 1e-6);
        var even = full(1, 3, 7.0, ScalarType.Float64).requires_grad_();
        var target = tensor(new[] { 0.5, 0.25, 0.25 }, 1, 3);
        var loss = StandardisedLogits.Divergence(even, target, 2);
        Assert.Equal(4 * (Math.Log(3) - 1.5 * Math.Log(2)), loss.Value(), 1e-12);
        loss.backward();
        Assert.All(even.grad!.Values(), g => Assert.True(double.IsFinite(g)));
    }

    [Fact]
    public void Standardised_scores_are_blind_to_scale_and_offset_of_either_side()
    {
        using var scope = NewDisposeScope();
        var (z, teacher) = (Tensors.Random(1, 4, 5), Tensors.Random(2, 4, 5));
        Tensor Target(Tensor scores) => nn.functional.softmax(StandardisedLogits.Rows(scores) / 2, 1);
        Assert.Equal(0, StandardisedLogits.Divergence(teacher * 9 - 3, Target(teacher), 2).Value(), 1e-9);
        Assert.Equal(StandardisedLogits.Divergence(z, Target(teacher), 2).Value(), StandardisedLogits.Divergence(z * 0.1 + 5, Target(teacher * 7), 2).Value(), 1e-5);
    }

    [Fact]
    public void Correlation_by_hand()
    {
        using var scope = NewDisposeScope();
        // two images, two classes, s = [1/4, 3/4] and [3/4, 1/4]; the target of the second is the student's, of the first its mirror
        var z = tensor(new[] { 0, Math.Log(3), Math.Log(3), 0 }, 2, 2);
        var target = tensor(new[] { 0.75, 0.25, 0.75, 0.25 }, 2, 2);
        // over classes: r = -1 and 1; over images: the target does not move, r = 0
        Assert.Equal((2 + 0) / 2.0, Correlation.Distance(z, target, new DistTerm(1, 1, 0)).Value(), 1e-9);
        Assert.Equal(1, Correlation.Distance(z, target, new DistTerm(1, 0, 1)).Value(), 1e-9);
        Assert.Equal(4, Correlation.Distance(z * 2, target, new DistTerm(1, 1, 0, Temperature: 2)).Value(), 1e-9);
        Assert.Equal(0, Correlation.Distance(z, tensor(new[] { 0.25, 0.75, 0.75, 0.25 }, 2, 2), new DistTerm(1)).Value(), 1e-9);
        Assert.Equal(0, Correlation.Distance(z, zeros_like(target), new DistTerm(1)).Value());
    }

    [Fact]
    public void Correlation_is_zero_for_a_linear_map_of_the_students_probabilities()
    {
        using var scope = NewDisposeScope();
        var z = Tensors.Random(1, 6, 4);
        var target = 0.1 + 0.6 * nn.functional.softmax(z / 2, 1);
        Assert.Equal(0, Correlation.Distance(z, target, new DistTerm(1, Temperature: 2)).Value(), 1e-9);
    }

    [Theory]
    [InlineData(LabelMode.Concat)]
    [InlineData(LabelMode.Joint)]
    [InlineData(LabelMode.Gated)]
    public void Every_label_mode_with_one_distribution_gives_a_target(LabelMode mode)
    {
        using var scope = NewDisposeScope();
        LabelUnion union = new([new("a", ["0", "1", "2"]), new("b", ["2", "3"])], keepDuplicates: mode == LabelMode.Concat);
        using UnionTarget target = new(mode, union, CPU);
        LossInputs inputs = new()
        {
            StudentLogits = Tensors.Random(1, 4, union.Count),
            TeacherLogits = [Tensors.Random(2, 4, 3), Tensors.Random(3, 4, 2)],
            DomainWeights = tensor(new[] { 1.0, 0, 0, 1, 1, 0, 0.5, 0.5 }, 4, 2),
        };
        foreach (LossTerm term in (LossTerm[])[new DkdTerm(1), new StandardisedLogitsTerm(1), new DistTerm(1)])
        {
            var loss = target.Loss(term, inputs, inputs.StudentLogits).Value();
            Assert.True(loss > 0.01 && double.IsFinite(loss), $"{term}: {loss}");
        }

        // the scale of one teacher's scores decides concatenated targets, but not where rows are standardised first
        var loud = inputs with { TeacherLogits = [inputs.TeacherLogits[0]! * 10, inputs.TeacherLogits[1]] };
        double Standardised(LossInputs i) => target.Loss(new StandardisedLogitsTerm(1), i, i.StudentLogits).Value();
        Assert.Equal(Standardised(inputs), Standardised(loud), 1e-5);
        Assert.NotEqual(target.Loss(new DkdTerm(1), inputs, inputs.StudentLogits).Value(), target.Loss(new DkdTerm(1), loud, inputs.StudentLogits).Value(), 1e-3);
    }

    [Fact]
    public void Restricted_labels_have_no_such_target()
    {
        using var scope = NewDisposeScope();
        LabelUnion union = new([new("a", ["0", "1"])], keepDuplicates: false);
        using UnionTarget target = new(LabelMode.Restricted, union, CPU);
        LossInputs inputs = new() { StudentLogits = Tensors.Random(1, 2, 2), TeacherLogits = [Tensors.Random(2, 2, 2)] };
        Assert.Throws<ArgumentException>(() => target.Loss(new DistTerm(1), inputs, inputs.StudentLogits));
    }
}

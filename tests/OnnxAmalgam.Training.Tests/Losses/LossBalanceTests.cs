using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Losses.Balance;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

public sealed class LossBalanceTests
{
    static readonly WeightSource Source = new(1, CPU, ScalarType.Float64);

    [Fact]
    public void Uncertainty_starts_at_the_plain_sum_and_rests_where_all_terms_count_alike()
    {
        using var scope = NewDisposeScope();
        using UncertaintyWeights balance = new(2, Source);
        var terms = new[] { tensor(5.0), tensor(0.2) };
        Assert.Equal(5.2, balance.Total(terms, null).Value(), 1e-12);
        var logarithms = balance.named_parameters().Single().parameter;
        using (no_grad()) logarithms.copy_(tensor(new[] { Math.Log(5), Math.Log(0.2) }));
        balance.Total(terms, null).backward();
        Tensors.Close(zeros(2, ScalarType.Float64), logarithms.grad!);
        Assert.Equal(2 + Math.Log(5) + Math.Log(0.2), balance.Total(terms, null).Value(), 1e-12);
        Assert.Equal([0.2, 5], balance.Factors().Values(), (a, b) => Math.Abs(a - b) < 1e-12);
        Tensors.GradientMatchesDifferences(x => balance.Total([x.square().sum(), x.exp().sum()], null), tensor(new[] { 0.5, -1 }));
    }

    [Fact]
    public void A_step_of_gradient_norms_by_hand()
    {
        using var scope = NewDisposeScope();
        using GradientNorms balance = new(new(Alpha: 1, Rate: 0.1), 3, Source);
        var shared = tensor(new[] { 1.0, 1 }).requires_grad_();
        // Norms 3 and 1, mean 2 (the third does not depend on the weight): steps sign(3 - 2) 3/2 and sign(1 - 2) 1/2.
        Tensor[] terms = [shared[0] * 3, shared[1], tensor(7.0)];
        Assert.Equal(0.85 * 2 / 1.9 * 3 + 1.05 * 2 / 1.9 + 7, balance.Total(terms, shared).Value(), 1e-12);
        Assert.Equal([0.85 * 2 / 1.9, 1.05 * 2 / 1.9, 1], balance.Factors().Values(), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(["factors", "first"], balance.state_dict().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Gradients_become_alike_and_a_term_that_falls_behind_counts_more()
    {
        using var scope = NewDisposeScope();
        var shared = tensor(new[] { 1.0, 1 }).requires_grad_();
        using GradientNorms even = new(new(Alpha: 1.5, Rate: 0.02), 2, Source);
        for (int i = 0; i < 400; i++) even.Total([shared[0] * 4, shared[1]], shared);
        double[] factors = even.Factors().Values();
        Assert.Equal(2, factors.Sum(), 1e-9);
        Assert.InRange(4 * factors[0] / factors[1], 0.8, 1.25);

        using GradientNorms behind = new(new(Alpha: 1.5, Rate: 0.02), 2, Source);
        behind.Total([shared[0], shared[1]], shared);
        // The first has halved in value, not in gradient; the second has not moved.
        for (int i = 0; i < 400; i++) behind.Total([shared[0] - 0.5, shared[1] * 1.0], shared);
        factors = behind.Factors().Values();
        Assert.True(factors[1] > 1.5 * factors[0], string.Join(", ", factors));
    }

    [Fact]
    public void Without_a_shared_weight_or_out_of_training_the_factors_stay()
    {
        using var scope = NewDisposeScope();
        using GradientNorms balance = new(new(), 2, Source);
        var shared = tensor(new[] { 2.0 }).requires_grad_();
        Tensor[] Terms() => [shared.square().sum() * 9, shared.sum()];
        Assert.Equal(38, balance.Total(Terms(), null).Value(), 1e-12);
        Assert.Equal([1.0, 1.0], balance.Factors().Values());
        balance.eval();
        Assert.Equal(38, balance.Total(Terms(), shared).Value(), 1e-12);
        Assert.Equal([1.0, 1.0], balance.Factors().Values());
        balance.train();
        balance.Total(Terms(), shared);
        Assert.NotEqual([1.0, 1.0], balance.Factors().Values());
    }

    [Fact]
    public void Balanced_terms_say_their_factors_and_leave_nothing_alive()
    {
        foreach (BalanceRecipe kind in (BalanceRecipe[])[new UncertaintyBalance(), new GradNormBalance()])
        {
            using var scope = NewDisposeScope();
            LabelUnion union = new([new("a", ["0", "1"])], keepDuplicates: false);
            AmalgamationRecipe recipe = new() { Labels = LabelMode.Joint, Balance = kind, Losses = [new SoftTargetTerm(2), new DkdTerm(1)] };
            using AmalgamationLoss loss = new(recipe, union, [], [], Source);
            Assert.Equal(["soft_target", "dkd", "balance[soft_target]", "balance[dkd]"], loss.TermNames);
            var shared = Tensors.Variable(1, 3, 2);
            Tensors.LeavesNothingAlive(() =>
            {
                using var inner = NewDisposeScope();
                var result = loss.Forward(new() { StudentLogits = Tensors.Random(2, 4, 3).mm(shared), TeacherLogits = [Tensors.Random(3, 4, 2)], Shared = shared });
                result.Total.backward();
                double[] values = result.Values.Values();
                Assert.All(values[2..], f => Assert.True(f > 0));
            });
        }
    }
}

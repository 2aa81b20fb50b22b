using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Losses.Scores;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

public sealed class LabelConsistencyTests
{
    static readonly WeightSource Source = new(1, CPU, ScalarType.Float64);
    static readonly LabelUnion Pair = new([new("pets", ["dog", "cat"]), new("kinds", ["animal", "vehicle"])], keepDuplicates: false);
    static readonly ConsistencyTerm DogsAreAnimals = Term(("dog", ["animal"]));

    static ConsistencyTerm Term(params (string Label, string[] Implied)[] implies) => new(1, [.. implies.Select(i => new Implication(i.Label, i.Implied))]);

    static LabelConsistency Of(ConsistencyTerm term, LabelUnion union, bool multiLabel) => new(ImpliedLabels.Of(term, union, multiLabel), union, Source);

    static double Penalty(ConsistencyTerm term, LabelUnion union, bool multiLabel, params double[] scores)
    {
        using var scope = NewDisposeScope();
        using var consistency = Of(term, union, multiLabel);
        return consistency.Penalty(tensor(scores, scores.Length / union.Count, union.Count)).Value();
    }

    static double Logit(double p) => Math.Log(p / (1 - p));

    [Theory]
    [InlineData(0.9, 0.2)]
    [InlineData(0.9, 0.9)]
    [InlineData(0.5, 0.5)]
    [InlineData(0.3, 0.31)]
    [InlineData(0.001, 0.7)]
    [InlineData(0.6, 0.1)]
    public void Of_sigmoids_it_is_the_largest_probability_that_the_implication_can_have_and_never_more_than_the_semantic_loss(double dog, double animal)
    {
        // P(dog and animal) may be anything from max(0, p_a + p_b - 1) to min(p_a, p_b)
        double least = Math.Max(0, dog + animal - 1), most = Math.Min(dog, animal);
        var best = Enumerable.Range(0, 1001).Max(k => 1 - dog + least + ((most - least) * k / 1000));
        var loss = Penalty(DogsAreAnimals, Pair, true, Logit(dog), 0.3, Logit(animal), -2);
        Assert.Equal(-Math.Log(Math.Min(1, best)), loss, 1e-9);
        Assert.True(loss <= -Math.Log(1 - (dog * (1 - animal))) + 1e-12);
        Assert.Equal(dog <= animal, loss < 1e-12);
    }

    [Fact]
    public void Of_a_softmax_what_an_image_is_implies_what_is_said_of_it_among_the_other_teachers_labels()
    {
        // softmax over all: [6, 2, 1, 1] / 10; of animal and vehicle: [1, 1] / 2
        double[] scores = [Math.Log(6), Math.Log(2), 0, 0];
        Assert.Equal(-Math.Log(1 - 0.6 + 0.5), Penalty(DogsAreAnimals, Pair, false, scores), 1e-12);
        Assert.Equal(-Math.Log(1 - 0.6 + 0.5) / 2, Penalty(DogsAreAnimals, Pair, false, [.. scores, 0, 0, 0, -9]), 1e-12);
        // an image that is a vehicle to it owes nothing
        Assert.Equal(0, Penalty(DogsAreAnimals, Pair, false, -4, 0, -3, 8), 1e-12);
        // both pets owe the same
        Assert.Equal(-Math.Log(1 - 0.6 + 0.3) - Math.Log(1 - 0.35 + 0.3), Penalty(Term(("dog", ["animal"]), ("cat", ["animal"])), Pair, false,
            Math.Log(0.6), Math.Log(0.35), Math.Log(0.05 * 0.3), Math.Log(0.05 * 0.7)), 1e-12);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Steps_against_its_gradient_raise_the_implied_label_and_lower_the_one_that_implies(bool multiLabel)
    {
        using var scope = NewDisposeScope();
        using var consistency = Of(DogsAreAnimals, Pair, multiLabel);
        var scores = tensor(new[] { 3.0, 0, -2, 1, -3, 0, 2, 1 }, 2, 4).requires_grad_();
        consistency.Penalty(scores).backward();
        var gradient = scores.grad!.Values();
        Assert.True(gradient[0] > 0.01 && gradient[2] < -0.01, string.Join(", ", gradient));
        Assert.All(gradient[4..], g => Assert.Equal(0, g));
        Assert.Equal(multiLabel, gradient[1] == 0 && gradient[3] == 0);
        Tensors.GradientMatchesDifferences(consistency.Penalty, Tensors.Random(1, 5, 4) * 3);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_student_that_is_sure_of_the_contrary_still_gets_a_gradient_also_in_float32(bool multiLabel)
    {
        using var scope = NewDisposeScope();
        using var consistency = new LabelConsistency(ImpliedLabels.Of(DogsAreAnimals, Pair, multiLabel), Pair, new(1, CPU, ScalarType.Float32));
        var scores = tensor(new[] { 20f, -20, -20, 20 }, 1, 4).requires_grad_();
        if (!multiLabel) scores = tensor(new[] { 40f, 0, -30, -10 }, 1, 4).requires_grad_();
        consistency.Penalty(scores).backward();
        Assert.InRange(-scores.grad!.Values()[2], multiLabel ? 0.4 : 0.9, 1.1);
        // beyond what float32 holds the gradient ends, but is a number
        var extreme = tensor(new[] { 500f, -500, -500, 500 }, 1, 4).requires_grad_();
        consistency.Penalty(extreme).backward();
        Assert.All(extreme.grad!.Values(), g => Assert.True(double.IsFinite(g)));
    }

    [Fact]
    public void What_follows_from_several_implications_counts_too()
    {
        LabelUnion union = new([new("pets", ["dog", "cat"]), new("kinds", ["animal", "vehicle"]), new("life", ["alive", "dead"])], keepDuplicates: false);
        double[] scores = [5, 0, 0, 1, -1, 1];
        var chain = Term(("animal", ["alive"]), ("dog", ["animal"]));
        foreach (var multiLabel in new[] { true, false })
        {
            var stated = Term(("animal", ["alive"]), ("dog", ["animal", "alive"]));
            Assert.Equal(Penalty(stated, union, multiLabel, scores), Penalty(chain, union, multiLabel, scores), 1e-12);
            Assert.True(Penalty(chain, union, multiLabel, scores) > Penalty(Term(("animal", ["alive"])), union, multiLabel, scores) + Penalty(DogsAreAnimals, union, multiLabel, scores) + 0.1);
        }

        Assert.Equal([("animal", "alive"), ("dog", "animal"), ("dog", "alive")], Implications.All(chain.Implies));
    }

    [Fact]
    public void A_label_that_several_teachers_know_is_read_among_the_labels_of_each_and_the_mean_counts()
    {
        double[] scores = [4, 0, -0.5, 1, 2];
        LabelUnion both = new([new("pets", ["dog", "cat"]), new("kinds", ["animal", "vehicle"]), new("other", ["plant", "animal"])], keepDuplicates: false);
        LabelUnion kinds = new([new("pets", ["dog", "cat"]), new("kinds", ["animal", "vehicle"]), new("other", ["plant"])], keepDuplicates: false);
        LabelUnion other = new([new("pets", ["dog", "cat"]), new("kinds", ["vehicle"]), new("other", ["plant", "animal"])], keepDuplicates: false);
        double[] Ordered(LabelUnion union) => [.. union.Labels.Select(l => scores[Array.IndexOf(["dog", "cat", "animal", "vehicle", "plant"], l)])];
        var mean = new[] { kinds, other }.Average(u => Penalty(DogsAreAnimals, u, false, Ordered(u)));
        Assert.True(mean > 0.1);
        Assert.Equal(mean, Penalty(DogsAreAnimals, both, false, Ordered(both)), 1e-12);
    }

    [Fact]
    public void Where_equal_labels_stay_apart_a_softmax_adds_them_up_and_each_sigmoid_stands_for_itself()
    {
        LabelUnion union = new([new("pets", ["dog", "cat"]), new("more", ["dog", "cow"]), new("kinds", ["animal", "vehicle"])], keepDuplicates: true);
        Assert.Equal(["dog", "cat", "more/dog", "cow", "animal", "vehicle"], union.Labels);
        // softmax: dog 3/10 + 4/10, animal 1/2
        double[] scores = [Math.Log(3), 0, Math.Log(4), -50, 0, 0];
        Assert.Equal(-Math.Log(1 - 0.7 + 0.5), Penalty(DogsAreAnimals, union, false, scores), 1e-9);
        Assert.Equal((-Math.Log(1 - 0.75 + 0.5) - Math.Log(1 - 0.8 + 0.5)) / 2, Penalty(DogsAreAnimals, union, true, scores), 1e-9);
    }

    [Fact]
    public void A_batch_twice_over_and_an_offset_of_a_softmaxs_row_change_nothing_and_nothing_stays_alive()
    {
        using var scope = NewDisposeScope();
        var scores = Tensors.Random(1, 6, 4) * 3;
        using var softmax = Of(DogsAreAnimals, Pair, false);
        var whole = softmax.Penalty(scores).Value();
        Assert.True(whole > 0.01);
        Assert.Equal(whole, softmax.Penalty(cat([scores, scores])).Value(), 1e-12);
        Assert.Equal(whole, softmax.Penalty(scores + Tensors.Random(2, 6, 1) * 9).Value(), 1e-12);
        var variable = scores.detach().requires_grad_();
        Tensors.LeavesNothingAlive(() =>
        {
            foreach (var multiLabel in new[] { true, false })
            {
                using var consistency = Of(DogsAreAnimals, Pair, multiLabel);
                using var loss = consistency.Penalty(variable);
                loss.backward();
            }
        });
    }

    [Fact]
    public void The_equation_counts_it_by_its_weight_without_any_teacher()
    {
        using var scope = NewDisposeScope();
        AmalgamationRecipe recipe = new() { Labels = LabelMode.Joint, Losses = [new HardLabelTerm(1), DogsAreAnimals with { Weight = 0.5 }] };
        Assert.False(recipe.ReadsTeachers);
        Assert.False(recipe.NeedsTaps);
        using AmalgamationLoss loss = new(recipe, Pair, [], [], Source);
        Assert.Equal("1 hard_label + 0.5 consistency(implications=1)", loss.Equation);
        Assert.Equal(["hard_label", "consistency"], loss.TermNames);
        Assert.Empty(loss.state_dict());
        double[] scores = [Math.Log(6), Math.Log(2), 0, 0];
        var result = loss.Forward(new LossInputs { StudentLogits = tensor(scores, 1, 4), HardLabels = tensor(new[] { 0L }) });
        Assert.Equal(-Math.Log(0.6) - (0.5 * Math.Log(0.9)), result.Total.Value(), 1e-12);
    }

    [Fact]
    public void Labels_that_the_union_lacks_are_all_named_with_the_nearest()
    {
        var message = Assert.Throws<InputException>(() => ImpliedLabels.Of(Term(("dogs", ["animal", "wheel"]), ("cat", ["Animal"])), Pair, false)).Message;
        Assert.Equal("amalgamation.losses, 'consistency': expected labels of the union (dog, cat, animal, vehicle), got 'dogs' (closest: 'dog'), 'wheel', 'Animal' (closest: 'animal')", message);
    }

    [Fact]
    public void Labels_of_one_softmax_exclude_each_other_and_are_refused_also_where_it_only_follows()
    {
        LabelUnion union = new([new("pets", ["dog", "cat"]), new("kinds", ["animal", "vehicle"]), new("mixed", ["dog", "alive"])], keepDuplicates: false);
        var term = Term(("dog", ["animal"]), ("animal", ["alive"]));
        var message = Assert.Throws<InputException>(() => ImpliedLabels.Of(term, union, false)).Message;
        Assert.Contains("expected labels of different teachers, got 'dog' and 'alive' in teacher 'mixed'; in one softmax they exclude each other", message, StringComparison.Ordinal);
        Assert.Equal(3, ImpliedLabels.Of(term, union, true).Count);
    }

    [Theory]
    [InlineData("a>b b>c c>a", "a b c a")]
    [InlineData("x>a a>a", "a a")]
    [InlineData("a>b,c b>d c>d", "")]
    public void Cycles_are_found_with_their_way(string implies, string way)
    {
        Implication[] read = [.. implies.Split(' ').Select(i => new Implication(i[..1], i[2..].Split(',')))];
        Assert.Equal(way, string.Join(' ', Implications.Cycle(read) ?? []));
    }
}

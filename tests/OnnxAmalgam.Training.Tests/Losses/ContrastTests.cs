using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Losses.Contrast;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

public sealed class ContrastTests
{
    static readonly int[] Two = [0, 1];

    static WeightedContrast Contrast(int channels, ContrastPairs pairs = ContrastPairs.Student, double temperature = 1, double? weights = null)
    {
        WeightedContrast contrast = new(new(1, pairs, temperature), channels, new WeightSource(7, CPU, ScalarType.Float64));
        using var guard = no_grad();
        if (weights is { } value)
            foreach (var (_, parameter) in contrast.named_parameters()) parameter.fill_(value);
        return contrast;
    }

    static SupervisedContrastiveTerm Supervised(PseudoLabelRule? labels = null, ContrastPairs pairs = ContrastPairs.Student, double temperature = 1) =>
        new(1, pairs, temperature) { Labels = labels ?? new ArgMaxLabels() };

    static Tensor Labels(params int[][] labels)
    {
        var width = labels.SelectMany(l => l).Max() + 1;
        return tensor(labels.SelectMany(own => Enumerable.Range(0, width).Select(own.Contains)).ToArray(), labels.Length, width);
    }

    [Fact]
    public void Unsupervised_by_hand_with_weights_that_are_all_alike()
    {
        using var scope = NewDisposeScope();
        // g is one half everywhere: its cosine with either axis is 1/sqrt 2, so every weight is exp(1 - 1/sqrt 2)
        using var contrast = Contrast(2, weights: 0);
        var axes = eye(2, dtype: ScalarType.Float64);
        var expected = 1 - 1 / Math.Sqrt(2) + Math.Log((Math.E + 1) / (2 * Math.E));
        Assert.Equal(expected, contrast.ToEach(stack([axes, axes * 3]), [0]).Value(), 1e-12);
        using var sharp = Contrast(2, temperature: 0.5, weights: 0);
        Assert.Equal(1 - 1 / Math.Sqrt(2) + Math.Log((Math.Exp(2) + 1) / (2 * Math.Exp(2))), sharp.ToEach(stack([axes, axes]), [0]).Value(), 1e-12);
    }

    [Fact]
    public void Unsupervised_by_its_definition_with_learned_weights()
    {
        using var scope = NewDisposeScope();
        using var contrast = Contrast(3);
        var parameters = contrast.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        var features = Tensors.Random(1, 2, 4, 3) + 1.1;
        var (first, second) = (features[0], features[1]);
        double Cosine(Tensor a, Tensor b) => (a.dot(b) / (a.norm() * b.norm())).Value();
        Tensor Mapped(Tensor v) => (parameters["weights.weight"].mv(v) + parameters["weights.bias"]).sigmoid();
        double expected = 0;
        for (int j = 0; j < 4; j++)
        {
            double sum = 0;
            for (int i = 0; i < 4; i++)
                sum += (Math.Exp(1 - Cosine(Mapped(first[i]), second[j])) + Math.Exp(1 - Cosine(Mapped(second[i]), first[j]))) / 2 * Math.Exp(Cosine(first[i], second[j]));
            expected += Math.Log(sum / (4 * Math.Exp(Cosine(first[j], second[j])))) / 4;
        }
        Assert.Equal(expected, contrast.ToEach(features, [0]).Value(), 1e-10);
    }

    [Fact]
    public void Unsupervised_is_zero_where_nothing_can_be_told_apart_and_g_agrees()
    {
        using var scope = NewDisposeScope();
        using var contrast = Contrast(3, weights: 0);
        Assert.Equal(0, contrast.ToEach(ones([2, 5, 3, 2, 2], ScalarType.Float64), [0]).Value(), 1e-12);
    }

    [Fact]
    public void Unsupervised_is_less_where_views_of_an_image_agree_than_where_they_are_mixed_up()
    {
        using var scope = NewDisposeScope();
        using var contrast = Contrast(6);
        var view = Tensors.Random(3, 6, 6).abs();
        double matched = contrast.ToEach(stack([view, view * 2]), [0]).Value(), mixed = contrast.ToEach(stack([view, view.roll(1, 0)]), [0]).Value();
        Assert.True(matched < mixed, $"{matched} against {mixed}");
    }

    [Fact]
    public void Unsupervised_depends_neither_on_the_size_of_the_batch_nor_on_the_scale_of_a_view_nor_on_positions()
    {
        using var scope = NewDisposeScope();
        using var contrast = Contrast(3, weights: 0);
        var features = Tensors.Random(1, 2, 4, 3, 2, 2) + 1.1;
        double once = contrast.ToEach(features, [0]).Value();
        Assert.Equal(once, contrast.ToEach(cat([features, features], 1), [0]).Value(), 1e-12);
        Assert.Equal(once, contrast.ToEach(cat([features.narrow(0, 0, 1), features.narrow(0, 1, 1) * 5]), [0]).Value(), 1e-12);
        Assert.Equal(once, contrast.ToEach(features.mean([3, 4]), [0]).Value(), 1e-12);
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.001)]
    public void Supervised_is_finite_at_any_temperature_and_so_is_its_gradient(double temperature)
    {
        using var scope = NewDisposeScope();
        var view = Tensors.Random(3, 6, 4).to(ScalarType.Float32).requires_grad_(true);
        var loss = SupervisedContrast.ToEach(Supervised(temperature: temperature), stack([view, view * 2]), Labels([0], [0], [1], [1], [2], [2]), [0]).sum();
        loss.backward();
        Assert.True(loss.isfinite().item<bool>() && view.grad!.isfinite().all().item<bool>());
        Assert.True(loss.Value() > 0);
    }

    [Fact]
    public void Supervised_by_hand_at_a_temperature_where_other_labels_are_far_away()
    {
        using var scope = NewDisposeScope();
        // the pair has a cosine of .5 and others one of 0: at T = .005 the pair's share of exp(100) against 1 is all there is
        var view = tensor(new[] { 1.0, 0, 0.5, Math.Sqrt(0.75), 0, 0 }, 3, 2);
        view = cat([view, tensor(new[] { 0.0, 0, 1 }, 3, 1)], 1).requires_grad_();
        var loss = SupervisedContrast.ToEach(Supervised(temperature: 0.005), stack([view, view]), Labels([0], [0], [1]), [0]).sum();
        // label 1's own image has two images of other labels against it, each as far away
        Assert.Equal(-Math.Log(2), loss.Value(), 1e-9);
        loss.backward();
        Assert.All(view.grad!.Values(), g => Assert.Equal(0, g, 1e-9));
    }

    [Fact]
    public void Supervised_by_hand_with_one_label_an_image()
    {
        using var scope = NewDisposeScope();
        var view = tensor(new[] { 1.0, 0, 1, 0, 0, 1 }, 3, 2);
        var labels = Labels([0], [0], [1]);
        // label 0: e for every pair of its two images against 1; label 1: e against 1 + 1
        var expected = Math.Log((1 + Math.E) / Math.E) + Math.Log((2 + Math.E) / (2 * Math.E));
        Assert.Equal(expected, SupervisedContrast.ToEach(Supervised(), stack([view, view * 2]), labels, [0]).Value(), 1e-12);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Supervised_by_its_definition(bool several)
    {
        using var scope = NewDisposeScope();
        // several labels an image, one image without, one label that all others have
        int[][] has = several ? [[0, 1, 4], [0, 4], [2, 3, 4], [], [1, 2, 4]] : [[0], [1], [0], [], [2]];
        const double Temperature = 0.7;
        var labels = Labels(has);
        int classes = (int)labels.shape[1];
        var features = Tensors.Random(1, 2, 5, 3) + 0.5;
        double Cosine(Tensor a, Tensor b) => (a.dot(b) / (a.norm() * b.norm())).Value();
        double Similarity(int i, int j) => Math.Exp((Cosine(features[0][i], features[0][j]) + Cosine(features[1][i], features[1][j])) / 2 / Temperature);
        int Hamming(int i, int j) => has[i].Except(has[j]).Count() + has[j].Except(has[i]).Count();
        double expected = 0;
        for (int c = 0; c < classes; c++)
        {
            int[] with = [.. Enumerable.Range(0, 5).Where(i => has[i].Contains(c))], without = [.. Enumerable.Range(0, 5).Where(i => has[i].Length > 0 && !has[i].Contains(c))];
            if (with.Length == 0 || without.Length == 0)
                continue;
            foreach (var (i, j) in with.SelectMany(i => with.Select(j => (i, j))))
            {
                double positive = Similarity(i, j) * (several ? 1 - Hamming(i, j) / (double)classes : 1);
                double negative = without.Sum(k => Similarity(i, k) * (several ? Hamming(i, k) : 1));
                expected += Math.Log((negative + positive) / (positive * without.Length)) / (with.Length * with.Length);
            }
        }
        var term = Supervised(several ? new ThresholdLabels(0.5) : null, temperature: Temperature);
        Assert.Equal(expected, SupervisedContrast.ToEach(term, features, labels, [0]).Value(), 1e-10);
    }

    [Fact]
    public void Supervised_does_not_depend_on_which_view_comes_first()
    {
        using var scope = NewDisposeScope();
        var features = Tensors.Random(1, 2, 6, 3) + 0.5;
        var labels = Labels([0], [1], [0], [2], [1], [2]);
        double One(Tensor both) => SupervisedContrast.ToEach(Supervised(), both, labels, [0]).Value();
        Assert.Equal(One(features), One(features.flip(0)), 1e-12);
    }

    [Fact]
    public void Supervised_is_zero_without_labels_and_where_all_images_share_one()
    {
        using var scope = NewDisposeScope();
        var features = Tensors.Variable(1, 2, 3, 4);
        foreach (var labels in new[] { zeros(3, 2, ScalarType.Bool), ones(3, 1, ScalarType.Bool) })
        {
            var loss = SupervisedContrast.ToEach(Supervised(new ThresholdLabels(0.5)), features, labels, [0]);
            loss.sum().backward();
            Assert.Equal(0, loss.Value());
        }
        Assert.All(features.grad!.Values(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void Gradients_match_differences()
    {
        using var scope = NewDisposeScope();
        using var contrast = Contrast(3, ContrastPairs.All, temperature: 0.5);
        Tensors.GradientMatchesDifferences(x => contrast.ToEach(x, Two).sum(), Tensors.Random(1, 3, 4, 3, 2) + 0.3);
        var labels = Labels([0, 1], [1], [0, 2], [2]);
        Tensors.GradientMatchesDifferences(x => SupervisedContrast.ToEach(Supervised(new TopLabels(2), ContrastPairs.All, 0.5), x, labels, Two).sum(), Tensors.Random(1, 3, 4, 3, 2) + 0.3);
    }

    [Fact]
    public void Pairs_are_the_students_with_each_tap_and_each_two_taps_of_different_teachers()
    {
        Assert.Equal([(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)], ViewPairs.Of(ContrastPairs.All, [4, 7, 4]));
        Assert.Equal([(0, 1), (0, 2), (0, 3)], ViewPairs.Of(ContrastPairs.Student, [4, 7, 4]));
        Assert.Equal([(1, 2), (2, 3)], ViewPairs.Of(ContrastPairs.Teachers, [4, 7, 4]));
        Assert.Empty(ViewPairs.Of(ContrastPairs.Teachers, [4, 4]));
    }

    [Fact]
    public void A_pair_of_taps_counts_half_for_each_and_parts_sum_to_the_pairs_sum()
    {
        using var scope = NewDisposeScope();
        var features = Tensors.Random(1, 3, 5, 4) + 0.5;
        using var all = Contrast(4, ContrastPairs.All);
        using var student = Contrast(4);
        using var teachers = Contrast(4, ContrastPairs.Teachers);
        var (whole, own, between) = (all.ToEach(features, Two).Values(), student.ToEach(features, Two).Values(), teachers.ToEach(features, Two).Values());
        Assert.Equal(between[0], between[1], 1e-12);
        Assert.Equal(whole, own.Zip(between, (a, b) => a + b), (a, b) => Math.Abs(a - b) < 1e-12);
        var single = Contrast(4).ToEach(stack([features[1], features[2]]), [0]).Value();
        Assert.Equal(single, between.Sum(), 1e-12);
    }

    [Fact]
    public void Labels_are_the_most_probable_one_those_above_a_threshold_or_the_most_probable_few()
    {
        using var scope = NewDisposeScope();
        var target = tensor(new[] { 0.5, 0.3, 0.2, 0, 0, 0, 0.05, 0.05, 0.9 }, 3, 3);
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 0, 1], PseudoLabels.Of(new ArgMaxLabels(), target).Values());
        Assert.Equal([1, 1, 0, 0, 0, 0, 0, 0, 1], PseudoLabels.Of(new ThresholdLabels(0.3), target).Values());
        Assert.Equal(2, PseudoLabels.Of(new TopLabels(2), target).Values().Take(3).Sum());
        Assert.Equal(0, PseudoLabels.Of(new TopLabels(2), target).Values().Skip(3).Take(3).Sum());
    }

    static readonly LabelUnion Union = new([new("a", ["0", "1", "2"]), new("b", ["2", "3"])], keepDuplicates: false);

    static readonly TeacherTap[] Taps = [new(0, new("a.1", TapKind.Spatial, 1, [-1, 4, 4, 4])), new(1, new("b.1", TapKind.Pooled, 1, [-1, 5]))];

    static AmalgamationLoss Loss(params LossTerm[] losses) => new(
        new AmalgamationRecipe { Labels = LabelMode.Gated, CommonChannels = 3, CommonBlocks = 1, Losses = losses },
        Union, [new("s", TapKind.Spatial, 1, [-1, 3, 4, 4])], Taps, new WeightSource(5, CPU, ScalarType.Float32));

    static LossInputs Batch(ScalarType dtype = ScalarType.Float32)
    {
        const long N = 6;
        return new()
        {
            StudentLogits = Tensors.Random(1, N, 4).to_type(dtype).requires_grad_(),
            StudentTaps = [Tensors.Random(2, N, 3, 4, 4).to_type(dtype).requires_grad_()],
            TeacherLogits = [Tensors.Random(3, N, 3).to_type(ScalarType.Float32), Tensors.Random(4, N, 2)],
            TeacherTaps = [Tensors.Random(5, N, 4, 4, 4), Tensors.Random(7, N, 5)],
            DomainWeights = tensor(Enumerable.Range(0, (int)N).SelectMany(i => i % 3 == 0 ? new[] { 0f, 0 } : i % 2 == 0 ? [1f, 0] : [0f, 1]).ToArray(), N, 2),
        };
    }

    [Fact]
    public void Both_are_terms_with_a_part_for_each_teacher_whose_weights_are_learned_and_kept()
    {
        using var scope = NewDisposeScope();
        using var loss = Loss(new ContrastiveTerm(2), Supervised() with { Weight = 3 });
        var batch = Batch();
        var result = loss.Forward(batch);
        Assert.Equal(["contrastive", "contrastive[a]", "contrastive[b]", "supervised_contrastive", "supervised_contrastive[a]", "supervised_contrastive[b]"], loss.TermNames);
        var values = result.Values.Values();
        Assert.Equal(values[0], values[1] + values[2], 1e-5);
        Assert.Equal(values[3], values[4] + values[5], 1e-5);
        Assert.Equal(2 * values[0] + 3 * values[3], result.Total.Value(), 1e-5);
        Assert.All(values, v => Assert.True(double.IsFinite(v) && v != 0, $"{v}"));
        result.Total.backward();
        Assert.All(loss.named_parameters(), p => Assert.Contains(p.parameter.grad!.Values(), g => g != 0));
        Assert.Contains(batch.StudentTaps[0].grad!.Values(), g => g != 0);
        Assert.Contains("contrasts.0.weights.weight", loss.state_dict().Keys);
        Tensors.LeavesNothingAlive(() =>
        {
            var again = loss.Forward(batch);
            again.Total.backward();
            again.Total.Dispose();
            again.Values.Dispose();
        });
    }

    [Fact]
    public void Pairs_of_teachers_give_the_student_no_gradient()
    {
        using var scope = NewDisposeScope();
        using var loss = Loss(new ContrastiveTerm(1, ContrastPairs.Teachers), Supervised(pairs: ContrastPairs.Teachers));
        var batch = Batch();
        loss.Forward(batch).Total.backward();
        Assert.True(batch.StudentTaps[0].grad is null || batch.StudentTaps[0].grad!.Values().All(g => g == 0));
    }

    [Fact]
    public void Half_precision_features_are_compared_in_single_precision()
    {
        using var scope = NewDisposeScope();
        using var loss = Loss(new ContrastiveTerm(1), Supervised());
        var half = loss.Forward(Batch(ScalarType.BFloat16));
        Assert.Equal(ScalarType.Float32, half.Total.dtype);
        Tensors.Close(loss.Forward(Batch()).Values, half.Values, 0.05);
    }

    [Fact]
    public void What_would_compare_nothing_is_refused()
    {
        var recipe = new AmalgamationRecipe { Labels = LabelMode.Joint, CommonChannels = 3, CommonBlocks = 1, Losses = [new ContrastiveTerm(1, ContrastPairs.Teachers)] };
        AmalgamationLoss Open(AmalgamationRecipe which, TeacherTap[] taps) => new(which, Union, [new("s", TapKind.Spatial, 1, [-1, 3, 4, 4])], taps, new WeightSource(5, CPU, ScalarType.Float32));
        Assert.Equal("amalgamation.losses, 'contrastive': expected taps of two teachers at least for 'pairs: teachers', got those of one; use 'pairs: student'",
            Assert.Throws<InputException>(() => Open(recipe, Taps[..1])).Message);
        Assert.Equal("amalgamation.losses, 'supervised_contrastive': expected 'top' below the 4 labels of the union, got 4; with all labels on every image there is nothing to tell apart",
            Assert.Throws<InputException>(() => Open(recipe with { Losses = [Supervised(new TopLabels(4))] }, Taps)).Message);
    }

    [Fact]
    public void They_are_written_out_in_the_equation() => Assert.Equal(
        "2 contrastive(all, T=1) + 1 supervised_contrastive(student, T=0.5, p>=0.3, gated)",
        AmalgamationEquation.Write(new AmalgamationRecipe { Labels = LabelMode.Gated, Losses = [new ContrastiveTerm(2), Supervised(new ThresholdLabels(0.3), temperature: 0.5)] }));
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Losses.Features;
using OnnxAmalgam.Training.Losses.Scores;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

public sealed class AmalgamationLossTests
{
    static readonly LabelUnion Union = new([new("a", ["0", "1", "2"]), new("quiet", []), new("b", ["2", "3"])], keepDuplicates: false);

    static readonly TeacherTap[] Taps =
    [
        new(0, new("a.1", TapKind.Spatial, 1, [-1, 4, 4, 4])),
        new(1, new("q.1", TapKind.Spatial, 3, [-1, 8, 8, 2])),
        new(2, new("b.1", TapKind.Tokens, 2, [-1, 17, 5])),
        new(0, new("a.2", TapKind.Spatial, 1, [-1, 6, 2, 2])),
    ];

    static readonly AmalgamationRecipe Everything = new()
    {
        Labels = LabelMode.Gated,
        CommonChannels = 3,
        CommonBlocks = 2,
        Losses = [new SoftTargetTerm(1, 2), new MmdTerm(10, MmdTerm.Published), new MmdTerm(2, null, Unbiased: true), new ReconstructionTerm(5), new CosineTerm(0.5), new HardLabelTerm(0.25)],
    };

    static AmalgamationLoss Loss(AmalgamationRecipe recipe, ScalarType dtype = ScalarType.Float64) =>
        new(recipe, Union, [new("s", TapKind.Spatial, 1, [-1, 3, 4, 4])], Taps, new WeightSource(5, CPU, dtype));

    static LossInputs Batch(long n, ScalarType dtype = ScalarType.Float64) => new()
    {
        StudentLogits = Tensors.Random(1, n, 4).to_type(dtype).requires_grad_(),
        StudentTaps = [Tensors.Random(2, n, 3, 4, 4).to_type(dtype).requires_grad_()],
        TeacherLogits = [Tensors.Random(3, n, 3).to_type(ScalarType.Float32), null, Tensors.Random(4, n, 2)],
        TeacherTaps = [Tensors.Random(5, n, 4, 4, 4), Tensors.Random(6, n, 8, 8, 2).to_type(ScalarType.Float16), Tensors.Random(7, n, 17, 5), Tensors.Random(8, n, 6, 2, 2)],
        DomainWeights = tensor(Enumerable.Range(0, (int)n).SelectMany(i => i % 2 == 0 ? new[] { 1f, 0, 0 } : [0f, 0, 1]).ToArray(), n, 3),
        HardLabels = arange(n) % 4 - 1,
    };

    [Fact]
    public void Total_is_the_weighted_sum_of_its_terms_and_parts_sum_to_theirs()
    {
        using var scope = NewDisposeScope();
        using var loss = Loss(Everything);
        Assert.Equal(
        [
            "soft_target", "mmd", "mmd[a]", "mmd[quiet]", "mmd[b]", "mmd#2", "mmd#2[a]", "mmd#2[quiet]", "mmd#2[b]",
            "reconstruction", "reconstruction[a]", "reconstruction[quiet]", "reconstruction[b]", "cosine", "cosine[a]", "cosine[quiet]", "cosine[b]", "hard_label",
        ], loss.TermNames);
        var result = loss.Forward(Batch(6));
        var values = loss.TermNames.Zip(result.Values.Values()).ToDictionary(v => v.First, v => v.Second);
        foreach (var term in new[] { "mmd", "mmd#2", "reconstruction", "cosine" })
            Assert.Equal(values[$"{term}[a]"] + values[$"{term}[quiet]"] + values[$"{term}[b]"], values[term], 1e-12);
        var expected = values["soft_target"] + 10 * values["mmd"] + 2 * values["mmd#2"] + 5 * values["reconstruction"] + 0.5 * values["cosine"] + 0.25 * values["hard_label"];
        Assert.Equal(expected, result.Total.Value(), 1e-10);
        Assert.False(result.Values.requires_grad);
        Assert.DoesNotContain(0.0, values.Values);
    }

    [Fact]
    public void Two_taps_of_a_teacher_count_both()
    {
        using var scope = NewDisposeScope();
        using var loss = Loss(Everything with { Losses = [new CosineTerm(1)] });
        using CommonSpaceProjector alone = new(new("s", TapKind.Spatial, 1, [-1, 3, 4, 4]), [.. Taps.Select(t => t.Shape)], new(3, 2, Reconstructs: false), Standardisation.None, new(5, CPU, ScalarType.Float64));
        var batch = Batch(4);
        var units = nn.functional.normalize(alone.Forward(batch.StudentTaps[0], batch.TeacherTaps).Common!.Features.flatten(2), dim: 2);
        var each = PairedCosine.ToEach(units).Values();
        Assert.Equal([each.Sum(), each[0] + each[3], each[1], each[2]], loss.Forward(batch).Values.Values(), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void A_teachers_weight_multiplies_its_part_of_each_term_on_features_and_nothing_else()
    {
        using var scope = NewDisposeScope();
        double[] weights = [0.5, 0, 3];
        AmalgamationRecipe recipe = Everything with { Losses = [new SoftTargetTerm(1), new MmdTerm(1, null), new HintTerm(1, TeacherDropping: 0.5), new ReconstructionTerm(2)] };
        TeacherTap[] weighted = [.. Taps.Select(t => t with { Weight = weights[t.Teacher] })];
        using var plain = Loss(recipe);
        using AmalgamationLoss loss = new(recipe, Union, [new("s", TapKind.Spatial, 1, [-1, 3, 4, 4])], weighted, new WeightSource(5, CPU, ScalarType.Float64));
        double[] before = plain.Forward(Batch(6)).Values.Values();
        LossResult result = loss.Forward(Batch(6));
        double[] after = result.Values.Values();

        Assert.Equal(before[0], after[0], 1e-12);
        double total = after[0];
        foreach (var (first, factor) in new[] { (1, 1), (5, 1), (9, 2) })
        {
            for (int i = 0; i < 3; i++)
                Assert.Equal(before[first + 1 + i] * weights[i], after[first + 1 + i], 1e-12);
            Assert.Equal(after[(first + 1)..(first + 4)].Sum(), after[first], 1e-12);
            total += factor * after[first];
        }
        Assert.Equal(total, result.Total.Value(), 1e-9);
    }

    [Fact]
    public void Reconstruction_gives_the_student_no_gradient_and_the_discrepancy_does()
    {
        using var scope = NewDisposeScope();
        var (rebuilt, matched) = (Batch(4), Batch(4));
        using var reconstruction = Loss(Everything with { Losses = [new ReconstructionTerm(1)] });
        reconstruction.Forward(rebuilt).Total.backward();
        Assert.True(rebuilt.StudentTaps[0].grad is null || rebuilt.StudentTaps[0].grad!.Values().All(g => g == 0));
        using var discrepancy = Loss(Everything with { Losses = [new MmdTerm(1, MmdTerm.Published)] });
        discrepancy.Forward(matched).Total.backward();
        Assert.Contains(matched.StudentTaps[0].grad!.Values(), g => Math.Abs(g) > 1e-9);
        Assert.DoesNotContain(discrepancy.named_parameters(), p => p.name.Contains("decoders", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("mmd")]
    [InlineData("cosine")]
    [InlineData("infonce")]
    public void Detached_teachers_train_the_students_side_alone(string term)
    {
        using var scope = NewDisposeScope();
        LossTerm Term(bool detach) => term switch { "mmd" => new MmdTerm(1, null, DetachTeachers: detach), "cosine" => new CosineTerm(1, detach), _ => new InfoNceTerm(1, 0.5, detach) };
        foreach (bool detach in (bool[])[false, true])
        {
            using var loss = Loss(Everything with { Losses = [Term(detach)] });
            var batch = Batch(6);
            loss.Forward(batch).Total.backward();
            var teachers = loss.named_parameters().Where(p => p.name.Contains("alignTeachers", StringComparison.Ordinal)).ToArray();
            Assert.Equal(Taps.Length, teachers.Length);
            Assert.All(teachers, p => Assert.Equal(!detach, p.parameter.grad is not null && p.parameter.grad.Values().Any(g => g != 0)));
            Assert.Contains(batch.StudentTaps[0].grad!.Values(), g => g != 0);
        }
    }

    [Theory]
    [InlineData(LabelMode.Joint)]
    [InlineData(LabelMode.Restricted)]
    [InlineData(LabelMode.Gated)]
    public void A_batch_twice_over_has_the_same_loss(LabelMode mode)
    {
        using var scope = NewDisposeScope();
        // the biased discrepancy depends on the batch size by its definition
        using var loss = Loss(Everything with { Labels = mode, Losses = [.. Everything.Losses.Where(t => t is not MmdTerm)] });
        var once = Batch(4);
        var twice = new LossInputs
        {
            StudentLogits = Double(once.StudentLogits), StudentTaps = [Double(once.StudentTaps[0])],
            TeacherLogits = [.. once.TeacherLogits.Select(t => t is null ? null : Double(t))], TeacherTaps = [.. once.TeacherTaps.Select(Double)],
            DomainWeights = Double(once.DomainWeights!), HardLabels = Double(once.HardLabels!),
        };
        Tensors.Close(loss.Forward(once).Values, loss.Forward(twice).Values);

        static Tensor Double(Tensor t) => cat([t, t]);
    }

    [Fact]
    public void Restricted_labels_sum_each_teachers_divergence_on_its_own_labels()
    {
        using var scope = NewDisposeScope();
        using var loss = Loss(Everything with { Labels = LabelMode.Restricted, Losses = [new SoftTargetTerm(1, 2)] });
        var batch = Batch(4) with { DomainWeights = null };
        double Part(Tensor z, params long[] task) =>
            RestrictedTarget.Divergence(batch.StudentLogits, tensor(task), nn.functional.softmax(z.to_type(ScalarType.Float64) / 2, 1), null, 2).Value();
        Assert.Equal(Part(batch.TeacherLogits[0]!, 0, 1, 2) + Part(batch.TeacherLogits[2]!, 2, 3), loss.Forward(batch).Total.Value(), 1e-10);
    }

    [Fact]
    public void Half_precision_students_are_compared_in_single_precision()
    {
        using var scope = NewDisposeScope();
        using var wide = Loss(Everything, ScalarType.Float32);
        using var half = Loss(Everything, ScalarType.Float32);
        var expected = wide.Forward(Batch(6, ScalarType.Float32));
        var actual = half.Forward(Batch(6, ScalarType.BFloat16));
        Assert.Equal(ScalarType.Float32, actual.Total.dtype);
        Tensors.Close(expected.Values, actual.Values, 0.05);
    }

    [Fact]
    public void Standardised_features_are_what_is_rebuilt()
    {
        using var scope = NewDisposeScope();
        using var loss = Loss(Everything with { Standardise = Standardisation.Ema, Losses = [new ReconstructionTerm(1)] });
        using var plain = Loss(Everything with { Losses = [new ReconstructionTerm(1)] });
        var batch = Batch(6);
        var loud = batch with { TeacherTaps = [.. batch.TeacherTaps.Select(t => t * 100)] };
        Tensors.Close(loss.Forward(batch).Values, Fresh(loud).Values, 1e-3);
        Assert.True(plain.Forward(loud).Total.Value() > 1000 * plain.Forward(batch).Total.Value());
        Assert.Equal(3 * Taps.Length, loss.state_dict().Keys.Count(k => k.Contains("standardisers", StringComparison.Ordinal)));

        static LossResult Fresh(LossInputs inputs)
        {
            using var other = Loss(Everything with { Standardise = Standardisation.Ema, Losses = [new ReconstructionTerm(1)] });
            return other.Forward(inputs);
        }
    }

    [Fact]
    public void State_is_the_parameters_and_statistics_once_under_names_that_stay()
    {
        using var loss = Loss(Everything with { Standardise = Standardisation.Ema });
        var names = loss.named_parameters().Select(p => p.name).ToArray();
        var state = loss.state_dict().Keys.ToArray();
        Assert.Equal(names, loss.named_parameters().Select(p => p.name));
        string[] statistics = [.. Enumerable.Range(0, Taps.Length).SelectMany(i => new[] { "mean", "variance", "batches" }.Select(s => $"commonSpace.standardisers.{i}.{s}"))];
        Assert.Equal(names.Concat(statistics).Order(StringComparer.Ordinal), state.Order(StringComparer.Ordinal));
        Assert.Contains("commonSpace.block.extractor.0.shortcut.weight", names);
    }

    [Fact]
    public void Without_a_term_that_needs_it_there_is_no_common_space()
    {
        using var scope = NewDisposeScope();
        using AmalgamationLoss loss = new(Everything with { Losses = [new SoftTargetTerm(1)] }, Union, [], [], new WeightSource(1, CPU, ScalarType.Float64));
        Assert.Empty(loss.named_parameters());
        Assert.Equal(["soft_target"], loss.TermNames);
        Assert.True(double.IsFinite(loss.Forward(Batch(3) with { StudentTaps = [], TeacherTaps = [] }).Total.Value()));
    }

    [Fact]
    public void What_a_term_needs_and_lacks_is_said()
    {
        using var loss = Loss(Everything);
        Assert.Throws<ArgumentException>(() => loss.Forward(Batch(2) with { DomainWeights = null }));
        Assert.Throws<ArgumentException>(() => loss.Forward(Batch(2) with { HardLabels = null }));
        Assert.Throws<ArgumentException>(() => loss.Forward(Batch(2) with { StudentTaps = [] }));
        Assert.Throws<ArgumentException>(() => loss.Forward(Batch(2) with { TeacherLogits = [null, null, null] }));
        Assert.Throws<ArgumentException>(() => new AmalgamationLoss(Everything, Union, [], [], new WeightSource(1, CPU, ScalarType.Float64)));
    }

    [Theory]
    [InlineData(LabelMode.Concat)]
    [InlineData(LabelMode.Joint)]
    [InlineData(LabelMode.Restricted)]
    [InlineData(LabelMode.Gated)]
    public void A_hundred_evaluations_leave_nothing_alive(LabelMode mode)
    {
        LabelUnion union = new([new("a", ["0", "1", "2"]), new("quiet", []), new("b", ["2", "3"])], keepDuplicates: mode == LabelMode.Concat);
        using AmalgamationLoss loss = new(Everything with { Labels = mode, Standardise = Standardisation.Ema }, union, [new("s", TapKind.Spatial, 1, [-1, 3, 4, 4])], Taps, new WeightSource(5, CPU, ScalarType.Float32));
        using var scope = NewDisposeScope();
        var batch = Batch(3, ScalarType.Float32) with { StudentLogits = Tensors.Random(1, 3, union.Count).to_type(ScalarType.Float32).requires_grad_() };
        Tensors.LeavesNothingAlive(() =>
        {
            var result = loss.Forward(batch);
            result.Total.backward();
            result.Total.Dispose();
            result.Values.Dispose();
        });
    }

    [Theory]
    [InlineData(Standardisation.None)]
    [InlineData(Standardisation.Ema)]
    [InlineData(Standardisation.Offline)]
    [InlineData(Standardisation.PhiS)]
    public void Terms_on_taps_count_each_teacher_train_their_maps_and_leave_nothing_alive(Standardisation standardise)
    {
        using var scope = NewDisposeScope();
        var pooledTaps = Taps.Where(t => t.Teacher != 1).ToArray();
        using AmalgamationLoss loss = new(
            Everything with
            {
                Standardise = standardise,
                Losses = [new SoftTargetTerm(1), new HintTerm(2), new AttentionTerm(3), new SimilarityTerm(4), new RkdTerm(5), new PktTerm(6), new VidTerm(7), new SmoothCosineTerm(8)],
            },
            Union, [new("s", TapKind.Spatial, 1, [-1, 3, 4, 4])], pooledTaps, new WeightSource(5, CPU, ScalarType.Float32));
        var batch = Batch(6, ScalarType.Float32);
        batch = batch with { TeacherTaps = [batch.TeacherTaps[0], batch.TeacherTaps[2], batch.TeacherTaps[3]] };
        int shown = 0;
        loss.Fit(() => shown++ < 3 ? batch.TeacherTaps : null);
        Assert.Equal(standardise is Standardisation.Offline or Standardisation.PhiS ? 4 : 0, shown);

        var result = loss.Forward(batch);
        var values = loss.TermNames.Zip(result.Values.Values()).ToDictionary(v => v.First, v => v.Second);
        string[] terms = ["hint", "attention", "similarity", "rkd", "pkt", "vid", "smooth_cosine"];
        Assert.All(terms, t => Assert.Equal(values[$"{t}[a]"] + values[$"{t}[b]"], values[t], 1e-5));
        Assert.Equal(values["soft_target"] + terms.Select((t, i) => (i + 2) * values[t]).Sum(), result.Total.Value(), 1e-4);
        result.Total.backward();
        Assert.All(loss.named_parameters(), p => Assert.Contains(p.parameter.grad!.Values(), g => g != 0));
        Assert.Contains("features.0.regressors.2.weight", loss.state_dict().Keys);
        Assert.DoesNotContain(loss.state_dict().Keys, k => k.Contains("block", StringComparison.Ordinal));
        Tensors.LeavesNothingAlive(() =>
        {
            var again = loss.Forward(batch);
            again.Total.backward();
            again.Total.Dispose();
            again.Values.Dispose();
        });
    }

    [Fact]
    public void Dropped_teachers_leave_the_mean_over_those_that_count()
    {
        using var scope = NewDisposeScope();
        using var all = Loss(Everything with { Losses = [new HintTerm(1)] });
        using var none = Loss(Everything with { Losses = [new HintTerm(1, TeacherDropping: 0)] });
        using var worst = Loss(Everything with { Losses = [new HintTerm(1, TeacherDropping: 1)] });
        var batch = Batch(6);
        double sum = all.Forward(batch).Total.Value();
        Assert.Equal(sum / 3, none.Forward(batch).Total.Value(), 1e-12);
        Assert.True(worst.Forward(batch).Total.Value() > sum / 3);
        using var half = Loss(Everything with { Losses = [new HintTerm(1, TeacherDropping: 0.5)] });
        double At(int epoch, int number) => half.Forward(batch with { Position = (epoch, number) }).Total.Value();
        Assert.Equal(At(1, 2), At(1, 2));
        Assert.Equal(3, new[] { At(1, 2), At(1, 3), At(2, 2) }.Distinct().Count());
    }

    [Fact]
    public void Attention_to_taps_without_a_grid_is_refused_by_name()
    {
        var error = Assert.Throws<InputException>(() => new AmalgamationLoss(Everything with { Losses = [new AttentionTerm(1)] }, Union, [new("s", TapKind.Pooled, 1, [-1, 3])], Taps, new WeightSource(5, CPU, ScalarType.Float32)));
        Assert.Equal("amalgamation.losses, 'attention': expected taps with height and width, got none at 's'; choose other taps or another term", error.Message);
    }

    [Fact]
    public void The_equation_is_written_out()
    {
        AmalgamationRecipe recipe = new() { Labels = LabelMode.Gated, Losses = [new SoftTargetTerm(1), new MmdTerm(10, MmdTerm.Published), new ReconstructionTerm(10)] };
        Assert.Equal("1 soft_target(T=1, gated) + 10 mmd(published) + 10 reconstruction", AmalgamationEquation.Write(recipe));
        AmalgamationRecipe other = new()
        {
            Labels = LabelMode.Joint, Standardise = Standardisation.Ema,
            Losses = [new SoftTargetTerm(0.5, 2.5), new MmdTerm(1, null, true), new MmdTerm(3, [0.5, 1]), new ReconstructionTerm(1), new CosineTerm(2), new HardLabelTerm(0.1)],
        };
        AmalgamationRecipe balanced = other with
        {
            Standardise = Standardisation.None, Balance = new GradNormBalance(),
            Losses = [new VotedTargetTerm(1), new MmdTerm(1, MmdTerm.Published, Form: MmdForm.Pooled, DetachTeachers: true), new InfoNceTerm(2), new ReviewTerm(1), new LadderTerm(3, TeacherDropping: 0.5)],
        };
        Assert.Equal("1 voted_target(T=1, emphasis=1, joint) + 1 mmd(published, pooled, teachers detached) + 2 infonce(T=0.1) + 1 review(channels=128) + 3 ladder(hidden=256, cosine=0.5, dropping=0.5), balanced by gradnorm(alpha=1.5)", AmalgamationEquation.Write(balanced));
        Assert.Equal("1 nst, each divided by a learned uncertainty", AmalgamationEquation.Write(balanced with { Balance = new UncertaintyBalance(), Losses = [new NstTerm(1)] }));
        Assert.Equal("0.5 soft_target(T=2.5, joint) + 1 mmd(median, unbiased) + 3 mmd([0.5, 1]) + 1 reconstruction(standardised) + 2 cosine + 0.1 hard_label", AmalgamationEquation.Write(other));
    }
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Losses.Features;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

/// <summary>Terms that read all of the student's taps, and terms that have maps of their own at each.</summary>
public sealed class PyramidLossTests
{
    static readonly LevelShape[] Levels = [new(3, [4, 2], false), new(5, [6], false)];

    static readonly Dictionary<string, LossTerm> Terms = new() { ["review"] = new ReviewTerm(1, Channels: 3), ["ladder"] = new LadderTerm(1, Hidden: 4) };

    public static TheoryData<string> Names => [.. Terms.Keys];

    static PyramidLoss Make(string name, params LevelShape[] levels) => PyramidLoss.Create(Terms[name], levels.Length == 0 ? Levels : levels, new WeightSource(7, CPU, ScalarType.Float64));

    static LevelFeatures[] Batch(Tensor? shallow = null, Tensor? deep = null) =>
    [
        new(shallow ?? Tensors.Random(1, 3, 3, 6, 6), [Tensors.Random(2, 3, 4, 6, 6), Tensors.Random(3, 3, 2, 6, 6)]),
        new(deep ?? Tensors.Random(4, 3, 5, 3, 3), [Tensors.Random(5, 3, 6, 3, 3)]),
    ];

    static Tensor Sum(Tensor each) => each.dim() == 2 ? each.mean([1]).sum() : each.sum();

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_match_differences_at_each_level(string name)
    {
        using var scope = NewDisposeScope();
        using var loss = Make(name);
        Tensors.GradientMatchesDifferences(x => Sum(loss.ToEach(Batch(shallow: x))), Tensors.Random(1, 3, 3, 6, 6));
        Tensors.GradientMatchesDifferences(x => Sum(loss.ToEach(Batch(deep: x))), Tensors.Random(4, 3, 5, 3, 3));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_tap_has_its_part_and_every_map_trains(string name)
    {
        using var scope = NewDisposeScope();
        using var loss = Make(name);
        var each = loss.ToEach(Batch());
        Assert.Equal(3, each.shape[0]);
        Sum(each).backward();
        foreach (var (parameter, tensor) in loss.named_parameters().Select(p => (p.name, p.parameter)))
        {
            // The deepest fusion has nothing deeper to weigh.
            if (parameter.StartsWith("fusions.2.attention", StringComparison.Ordinal)) continue;
            Assert.True(tensor.grad is not null && tensor.grad.Values().Any(g => g != 0), parameter);
        }
    }

    [Fact]
    public void The_hierarchical_loss_by_hand_and_zero_for_equal_features()
    {
        using var scope = NewDisposeScope();
        // 3 x 3, one element 3 apart: mean square 1; pooled to 2 x 2 adaptively the centre is in all four quarters (3/4 each); to 1 x 1 a third.
        var feature = zeros(1, 1, 3, 3, ScalarType.Float64);
        var output = feature.clone();
        output[0, 0, 1, 1] = 3;
        Assert.Equal((1 + 9.0 / 16 / 2 + 1.0 / 9 / 4) / 1.75, KnowledgeReview.Hierarchical(output, feature).Value(), 1e-12);
        Assert.Equal(0, KnowledgeReview.Hierarchical(output, output).Value());
        Assert.Equal(9, KnowledgeReview.Hierarchical(output[TensorIndex.Colon, TensorIndex.Colon, 1..2, 1..2], zeros(1, 1, 1, 1, ScalarType.Float64)).Value(), 1e-12);
    }

    [Fact]
    public void A_shallow_tap_is_reviewed_with_what_is_deeper_and_not_the_other_way_round()
    {
        using var scope = NewDisposeScope();
        using var loss = Make("review");
        var (shallow, deep) = (Tensors.Variable(1, 3, 3, 6, 6), Tensors.Variable(4, 3, 5, 3, 3));
        loss.ToEach(Batch(shallow, deep))[2].backward();
        Assert.True(shallow.grad is null || shallow.grad.Values().All(g => g == 0));
        deep.grad!.zero_();
        loss.ToEach(Batch(shallow, deep))[0].backward();
        Assert.Contains(deep.grad!.Values(), g => g != 0);
        Assert.Contains(shallow.grad!.Values(), g => g != 0);
    }

    [Fact]
    public void A_ladder_is_the_sum_of_its_rungs_also_where_a_level_is_pooled()
    {
        using var scope = NewDisposeScope();
        using var loss = Make("ladder", new LevelShape(3, [2], false), new LevelShape(5, [2], true));
        LevelFeatures[] batch = [new(Tensors.Random(1, 3, 3, 4, 4), [Tensors.Random(2, 3, 2, 4, 4)]), new(Tensors.Random(3, 3, 5), [Tensors.Random(4, 3, 2)])];
        Assert.Equal([2L, 3], loss.ToEach(batch).shape);
        using (no_grad())
            foreach (var (name, parameter) in loss.named_parameters())
                parameter.fill_(name.EndsWith("layers.2.bias", StringComparison.Ordinal) ? 0.5 : 0);
        // Each of two rungs says 0.5 in both channels: what is 1 everywhere is met.
        var ones = batch.Select(l => l with { Teachers = [.. l.Teachers.Select(t => ones_like(t))] }).ToArray();
        Tensors.Close(zeros(2, 3, ScalarType.Float64), loss.ToEach(ones));
    }

    [Fact]
    public void Levels_have_common_spaces_and_maps_of_their_own_and_parts_by_teacher()
    {
        using var scope = NewDisposeScope();
        LabelUnion union = new([new("a", ["0", "1"]), new("b", ["2", "3"])], keepDuplicates: false);
        TapShape Map(string name, long c, long side) => new(name, TapKind.Spatial, 1, [-1, c, side, side]);
        TeacherTap[] taps = [new(0, Map("a.1", 4, 8)), new(0, Map("a.2", 6, 4)), new(1, Map("b.1", 5, 4))];
        AmalgamationRecipe recipe = new()
        {
            Labels = LabelMode.Joint, CommonChannels = 3, CommonBlocks = 1, Standardise = Standardisation.Ema,
            Losses = [new MmdTerm(1, null), new ReconstructionTerm(1), new HintTerm(1), new LadderTerm(1, Hidden: 4, TeacherDropping: 0.5), new ReviewTerm(1, Channels: 3)],
        };
        using AmalgamationLoss loss = new(recipe, union, [Map("s.1", 2, 8), Map("s.2", 3, 4)], taps, new WeightSource(5, CPU, ScalarType.Float32));
        LossInputs batch = new()
        {
            StudentLogits = Wide(1, 4, 4).requires_grad_(), StudentTaps = [Wide(2, 4, 2, 8, 8).requires_grad_(), Wide(3, 4, 3, 4, 4).requires_grad_()],
            TeacherLogits = [Wide(4, 4, 2), Wide(5, 4, 2)], TeacherTaps = [Wide(6, 4, 4, 8, 8), Wide(7, 4, 6, 4, 4), Wide(8, 4, 5, 4, 4)],
        };
        var result = loss.Forward(batch);
        var values = loss.TermNames.Zip(result.Values.Values()).ToDictionary(v => v.First, v => v.Second);
        Assert.All(recipe.Losses, t => Assert.Equal(values[$"{AmalgamationEquation.Name(t)}[a]"] + values[$"{AmalgamationEquation.Name(t)}[b]"], values[AmalgamationEquation.Name(t)], 1e-5));
        Assert.DoesNotContain(0.0, values.Values);
        var state = loss.state_dict().Keys.ToArray();
        foreach (string key in (string[])["commonSpace.block.alignTeachers.0.weight", "furtherSpaces.0.block.alignTeachers.1.weight", "furtherSpaces.0.standardisers.1.mean", "features.0.regressors.0.weight", "features.1.regressors.1.weight", "features.2.projectors.5.layers.0.weight", "features.3.fusions.2.conv1.weight"])
            Assert.Contains(key, state);
        Assert.DoesNotContain("commonSpace.block.alignTeachers.1.weight", state);
        result.Total.backward();
        Assert.All(batch.StudentTaps, t => Assert.Contains(t.grad!.Values(), g => g != 0));
        Tensors.LeavesNothingAlive(() =>
        {
            var again = loss.Forward(batch);
            again.Total.backward();
            again.Total.Dispose();
            again.Values.Dispose();
        });
    }

    [Fact]
    public void Taps_averaged_away_have_no_maps_to_review()
    {
        LabelUnion union = new([new("a", ["0", "1"])], keepDuplicates: false);
        TapShape map = new("map", TapKind.Spatial, 1, [-1, 3, 4, 4]);
        AmalgamationRecipe recipe = new() { Labels = LabelMode.Joint, PoolsTaps = true, Losses = [new ReviewTerm(1), new NstTerm(1)] };
        var error = Assert.Throws<InputException>(() => new AmalgamationLoss(recipe, union, [map], [new(0, map)], new WeightSource(5, CPU, ScalarType.Float32)));
        Assert.Equal("amalgamation.losses, 'review', 'nst': expected taps with height and width, got 'pool_taps: true', which averages them away; leave that out or choose another term", error.Message);
    }

    static Tensor Wide(long seed, params long[] shape) => Tensors.Random(seed, shape).to_type(ScalarType.Float32);
}

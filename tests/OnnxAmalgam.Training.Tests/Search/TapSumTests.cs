using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Caching;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Search;
using OnnxAmalgam.Training.Tests.Running;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Search;

/// <summary>Taps with weights, in a recipe.</summary>
public sealed class TapSumTests
{
    [Fact]
    public void A_teacher_gives_the_weighted_sum_of_its_taps_as_one_feature()
    {
        using var scope = NewDisposeScope();
        using AmalgamationSetup setup = ShortRun.Open();
        TapGroup group = TapGroup.Of(setup.Recipe.Teachers[1], setup.Compute)!;
        TapRecipe[] taps = [.. group.Teacher.Taps!.Take(3)];
        double[] weights = [0.2, 0.5, 0.3];
        using Teacher plain = Teacher.Open(group.Teacher with { Taps = taps }, withTaps: true, setup.Compute.Session);
        using Teacher summed = Teacher.Open(group.Teacher with { Taps = [.. taps.Zip(weights, (t, w) => t with { Weight = w })] }, withTaps: true, setup.Compute.Session);
        Tensor canvas = BatchTensors.Canvas(BatchLoader.InOrder(setup.Train, 4).First(), setup.Train);

        TeacherOutput each = plain.Run(canvas, _ => ""), one = summed.Run(canvas, _ => "");
        Assert.Equal([3, 1], new[] { each.Taps.Count, one.Taps.Count });
        Tensors.Close((each.Taps[0] * 0.2) + (each.Taps[1] * 0.5) + (each.Taps[2] * 0.3), one.Taps[0], 1e-6);
        Tensors.Close(each.Logits!, one.Logits!, 1e-6);
        Assert.Equal(plain.TapShapes[0].Shape, Assert.Single(summed.TapShapes).Shape);
    }

    [Fact]
    public void What_is_stored_serves_every_weighting_and_what_is_derived_its_own()
    {
        using var scope = NewDisposeScope();
        using TempFolder folder = new();
        using AmalgamationSetup setup = ShortRun.Open();
        using OutputCache cache = new(new CacheRecipe { Folder = folder.Path, Dtype = CacheDtype.Float32 }, message => Assert.Fail(message));
        TapGroup group = TapGroup.Of(setup.Recipe.Teachers[0], setup.Compute)!;
        Tensor canvas = BatchTensors.Canvas(BatchLoader.InOrder(setup.Train, 4).First(), setup.Train);
        foreach (double weight in (double[])[0.25, 0.75])
        {
            TeacherRecipe recipe = group.Teacher with { Taps = [.. group.Teacher.Taps!.Select((t, i) => t with { Weight = i == 0 ? weight : 1 - weight })] };
            using Teacher plain = Teacher.Open(recipe, withTaps: true, setup.Compute.Session), kept = Teacher.Open(recipe, withTaps: true, setup.Compute.Session, cache);
            for (int time = 0; time < 2; time++)
            {
                Tensors.Close(plain.Run(canvas, _ => "").Taps[0], kept.Run(canvas, _ => "").Taps[0], 1e-6);
                Tensors.Close(Mean(plain.Run(canvas, _ => "")), kept.Derived("mean", canvas, _ => "", Mean), 1e-6);
            }
            Assert.Equal(plain.TapShapes[0].Shape, kept.TapShapes[0].Shape);
        }

        static Tensor Mean(TeacherOutput output) => output.Taps[0].flatten(1).mean([1], keepdim: true);
    }

    [Fact]
    public void A_weighted_tap_is_one_value()
    {
        using AmalgamationSetup setup = ShortRun.Open();
        TeacherRecipe recipe = setup.Recipe.Teachers[0] with { Taps = [new TapRecipe("tensor[rank=4 & dominator]", Weight: 1)] };
        string message = Assert.Throws<InputException>(() => Teacher.Open(recipe, withTaps: true, setup.Compute.Session)).Message;
        Assert.Matches("^teacher 'digits', taps: expected one value of its own for each weighted tap, got [0-9]+ for 1; name the values$", message);
    }

    [Fact]
    public void Taps_of_different_grids_cannot_be_summed()
    {
        using AmalgamationSetup setup = ShortRun.Open();
        TeacherRecipe digits = TeacherTaps.OnPath(setup.Recipe.Teachers[0]);
        string message = Assert.Throws<InputException>(() => Teacher.Open(digits with { Taps = [.. digits.Taps!.Select(t => t with { Weight = 1 })] }, withTaps: true, setup.Compute.Session)).Message;
        Assert.Contains("teacher 'digits', taps: expected weighted taps of one layout, grid and number of channels, got 'digits: ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Candidates_share_the_chosen_taps_grid_and_width_and_lie_behind_a_layer()
    {
        using AmalgamationSetup setup = ShortRun.Open();
        foreach (TeacherRecipe recipe in setup.Recipe.Teachers)
        {
            TapGroup group = TapGroup.Of(recipe, setup.Compute)!;
            OnnxModel model = OnnxModel.Load(recipe.Model);
            Assert.Equal(Anatomy.AutoTap(model).Value, group.Teacher.Taps![group.Chosen].Value);
            Assert.Subset(Anatomy.TapsOnPath(model).Select(t => t.Value).ToHashSet(), group.Teacher.Taps!.Select(t => t.Value).ToHashSet());
            using Teacher teacher = Teacher.Open(group.Teacher, withTaps: true, setup.Compute.Session);
            Assert.All(teacher.TapShapes, s => Assert.Equal(teacher.TapShapes[0].Shape, s.Shape));
            Assert.True(teacher.TapShapes.Count > 1);
        }

        Assert.Null(TapGroup.Of(setup.Recipe.Teachers[0] with { Taps = [] }, setup.Compute));
    }

    [Fact]
    public void Baselines_sum_to_one_and_last_is_the_chosen_tap_alone()
    {
        TapGroup[] groups = [Group("a", 3, chosen: 2), Group("b", 5, chosen: 1)];
        var baselines = BaselineWeights.Of(groups, seed: 4);
        Assert.Equal(["random", "average", "last"], baselines.Select(b => b.Method));
        Assert.All(baselines.SelectMany(b => b.Teachers), t => Assert.Equal(1, t.Taps.Sum(w => w.Weight), 1e-12));
        Assert.Equal([0, 1, 0, 0, 0], baselines[2].Teachers[1].Taps.Select(t => t.Weight));
        Assert.Equal(baselines[0].Teachers[0].Taps, BaselineWeights.Of(groups, seed: 4)[0].Teachers[0].Taps);
        Assert.NotEqual(baselines[0].Teachers[0].Taps, BaselineWeights.Of(groups, seed: 5)[0].Teachers[0].Taps);

        static TapGroup Group(string name, int taps, int chosen) => new(
            new TeacherRecipe { Name = name, Model = name, Taps = [.. Enumerable.Range(0, taps).Select(i => new TapRecipe($"{i}"))] },
            new TapShape(name, TapKind.Spatial, 1, [1, 8, 7, 7]), chosen);
    }
}

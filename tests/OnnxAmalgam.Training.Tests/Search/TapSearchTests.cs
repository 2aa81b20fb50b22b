using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Search;
using OnnxAmalgam.Training.Tests.Running;

namespace OnnxAmalgam.Training.Tests.Search;

/// <summary>The demo's teachers on a few of its images.</summary>
public sealed class TapSearchTests
{
    [Fact]
    public void The_bridge_loss_falls_and_weights_of_every_kind_sum_to_one()
    {
        using AmalgamationSetup setup = ShortRun.Open();
        List<string> said = [];
        TapSearch search = Search(setup, new SearchOptions { Epochs = 6, Rate = 0.1 }, said.Add)!;
        Assert.Equal(6, said.Count);
        Assert.True(search.Losses[^1] < search.Losses[0], string.Join(", ", search.Losses));
        Assert.Equal(["searched", "random", "average", "last"], search.Weights.Select(w => w.Method));
        Assert.All(search.Weights, w =>
        {
            Assert.Equal(["digits", "clothes"], w.Teachers.Select(t => t.Teacher));
            Assert.All(w.Teachers, t => Assert.Equal(1, t.Taps.Sum(tap => tap.Weight), 1e-5));
            Assert.Equal(1, w.Teachers.Average(t => t.TeacherWeight), 1e-5);
        });
        // The weights moved.
        Assert.Contains(search.Weights[0].Teachers, t => t.Taps.Max(w => w.Weight) - t.Taps.Min(w => w.Weight) > 0.01);
        Assert.Equal(search.Weights.Sum(w => w.Teachers.Sum(t => t.Taps.Count)) + 1, search.ToCsv().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void A_frozen_recipe_is_read_again_and_trains()
    {
        using AmalgamationSetup setup = ShortRun.Open("amalgamation={labels: gated, losses: [{soft_target: {weight: 1}}, {hint: {weight: 1}}]}");
        TapSearch search = Search(setup, new SearchOptions { Epochs = 1 }, _ => { })!;
        using TinyWorld world = new();
        foreach (FrozenWeights weights in (FrozenWeights[])[search.Weights[0], search.Weights[^1]])
        {
            Recipe frozen = search.Freeze(weights);
            Assert.Equal($"digits-and-clothes-{weights.Method}", frozen.Name);
            TinyResult result = world.Run(RecipeReader.Write(frozen));
            Assert.True(result.Report.Agreement.Passes);
            Assert.True(result.Epochs[^1]["train/hint"] < result.Epochs[0]["train/hint"]);
        }

        Assert.Equal(1, search.Freeze(search.Weights[^1]).Teachers.Sum(t => t.Taps!.Sum(tap => tap.Weight)) / 2);
        Assert.All(search.Freeze(search.Weights[^1]).Teachers, t => Assert.Single(t.Taps!));
    }

    [Fact]
    public void The_same_seed_finds_the_same_weights_and_a_stop_finds_none()
    {
        using AmalgamationSetup setup = ShortRun.Open();
        var options = new SearchOptions { Epochs = 1 };
        Assert.Equal(Search(setup, options, _ => { })!.ToCsv(), Search(setup, options, _ => { })!.ToCsv());
        Assert.Null(TapSearch.Run(setup.Recipe, options, setup.Compute, _ => { }, _ => { }, new CancellationToken(canceled: true)));
    }

    static TapSearch? Search(AmalgamationSetup setup, SearchOptions options, Action<string> progress) =>
        TapSearch.Run(setup.Recipe, options, setup.Compute, message => Assert.Fail(message), progress, CancellationToken.None);
}

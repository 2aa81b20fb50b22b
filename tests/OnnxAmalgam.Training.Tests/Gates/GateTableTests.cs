using System.Globalization;
using System.Text.RegularExpressions;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using TorchSharp;

namespace OnnxAmalgam.Training.Tests.Gates;

public sealed partial class GateTableTests
{
    static readonly string[] Short =
    [
        "data.unlabelled.0.limit=400", "data.unlabelled.1.limit=400", "data.validate.0.limit=20", "data.validate.1.limit=20", "data.test.0.limit=20", "data.test.1.limit=20",
    ];

    [Fact]
    public void Without_any_tag_nearly_all_digits_and_clothes_go_to_the_right_teacher()
    {
        using AmalgamationSetup setup = Open("amalgamation.gate={refined: {clusters: 20, ignore_domains: true}}");
        string note = setup.Gate!.Note!;
        double right = double.Parse(Percent().Match(note).Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.True(right >= 95, note);
        float[] weights = setup.Gate.Of(setup.Train);
        Assert.Equal(1600, weights.Length);
        Assert.All(Enumerable.Range(0, 800), i => Assert.Equal(1, weights[2 * i] + weights[(2 * i) + 1]));
        double own = Enumerable.Range(0, 800).Average(i => weights[(2 * i) + setup.Train.SourceOf(i)]);
        Assert.Equal(right / 100, own, 3);
    }

    [Fact]
    public void A_source_that_names_its_domain_keeps_it_and_the_others_are_estimated()
    {
        using AmalgamationSetup setup = Open("data.unlabelled.0.domain=none", "amalgamation.gate={standardised: {}}");
        Assert.Null(setup.Gate!.Note);
        float[] weights = setup.Gate.Of(setup.Train);
        Assert.All(weights[..800], w => Assert.Equal(0, w));
        Assert.Equal(Enumerable.Repeat(new[] { 0f, 1f }, 400).SelectMany(w => w), weights[800..]);
    }

    [Fact]
    public void Images_of_which_no_teacher_sees_much_are_nobodys_where_the_recipe_says_so()
    {
        using AmalgamationSetup all = Open("amalgamation.gate={standardised: {ignore_domains: true}}");
        using AmalgamationSetup some = Open("amalgamation.gate={standardised: {ignore_domains: true, nobody: 0.25}}");
        float[] before = all.Gate!.Of(all.Train), after = some.Gate!.Of(some.Train);
        int[] nobodys = [.. Enumerable.Range(0, 800).Where(i => after[2 * i] + after[(2 * i) + 1] == 0)];
        Assert.Equal(200, nobodys.Length);
        Assert.All(Enumerable.Range(0, 800).Except(nobodys), i => Assert.Equal((before[2 * i], before[(2 * i) + 1]), (after[2 * i], after[(2 * i) + 1])));
        Assert.Contains(", nobody 25.0 %; ", some.Gate.Note, StringComparison.Ordinal);
        Assert.Contains(" of 600 images", some.Gate.Note, StringComparison.Ordinal);
    }

    static AmalgamationSetup Open(params string[] overrides)
    {
        torch.set_num_threads(1);
        var recipe = RecipeReader.Read(Path.Combine(Repository.Root, "models", "demo", "recipe.yaml"), [.. Short, .. overrides]);
        return AmalgamationSetup.Open(recipe, new ComputeOptions(ComputeDevice.Cpu, 1), message => Assert.Fail(message));
    }

    [GeneratedRegex(@"([\d.]+) % of 800 images")]
    private static partial Regex Percent();
}

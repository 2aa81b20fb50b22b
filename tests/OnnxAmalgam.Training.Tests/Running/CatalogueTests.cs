using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>The recipes of models/recipes/catalogue, one a method.</summary>
public sealed class CatalogueTests
{
    static string Folder => Path.Combine(Repository.Root, "models", "recipes", "catalogue");

    public static TheoryData<string> Recipes => [.. Directory.GetFiles(Folder, "*.yaml").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Each_does_a_step_on_the_bundled_images_and_differs_from_the_others_in_its_equation_only(string name)
    {
        string demo = Path.Combine(Repository.Root, "models", "demo", "data");
        string[] images = [.. new[] { "unlabelled", "validate", "test" }.SelectMany(s => new[] { ("mnist", 0), ("fashion-mnist", 1) }.SelectMany(d => new[]
        {
            $"data.{s}.{d.Item2}.idx={Path.Combine(demo, IsLabelled(s) ? d.Item1 + "-validate" : d.Item1)}", $"data.{s}.{d.Item2}.limit=48", $"data.{s}.{d.Item2}.part=0..1",
        }))];
        Recipe recipe = RecipeReader.Read(Path.Combine(Folder, name + ".yaml"));
        Recipe plain = RecipeReader.Read(Path.Combine(Folder, "soft-gated.yaml"));
        Assert.Equal($"catalogue-{name}", recipe.Name);
        string special = name switch
        {
            "pretrained" => @"|student\.(model|weights|head)",
            "random-mask" or "random-mask-apart" or "exemplar" => @"|augment|train\.cache\.views",
            "taps-searched" or "taps-random" => @"|teachers\.\d\.weight",
            "taggers" => @"|teachers\.\d\.(name|model|scores|labels|input)",
            _ => "",
        };
        Assert.All(RecipeDifference.Between(plain, recipe), d => Assert.Matches($@"^(name|amalgamation|student\.taps|teachers\.\d\.taps|data\.unlabelled\.\d\.(domain|labels){special})", d.Path));

        // the students of the recipes in taggers are not committed
        if (recipe.Teachers.Any(t => !File.Exists(t.Model))) return;
        using var scope = NewDisposeScope();
        using AmalgamationSetup setup = ShortRun.Open(Path.Combine(Folder, name + ".yaml"), [.. images, "train.batch=16"]);
        using AmalgamationStep step = new(setup);
        using BatchLoader loader = new(setup.Train, 16, [], 1);
        double[] first = step.Run(loader.Next(), new RatePoint(1e-3));
        double[] second = step.Run(loader.Next(), new RatePoint(1e-3));
        Assert.All(first.Concat(second), v => Assert.True(double.IsFinite(v)));
        Assert.NotEqual(0, first[0]);

        // the bundled training images have no labels
        bool IsLabelled(string part) => part == "validate" || (part == "unlabelled" && name == "supervised");
    }
}

using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Recipes;

/// <summary>The recipes of models/: each can be read, and the protocols of the benchmarks hold what they promise.</summary>
public sealed class CommittedRecipesTests
{
    static readonly string s_models = Path.Combine(FindRoot(), "models");

    public static TheoryData<string> All => [.. Directory.GetFiles(s_models, "*.yaml", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(s_models, f)).Order(StringComparer.Ordinal)];

    public static TheoryData<string, string> Protocols => new(
        from pair in new[] { "mnist-fashion", "cifar10" }
        from method in new[] { "soft-concat", "published", "gated", "estimated", "supervised", "long" }
        select (pair, method));

    [Theory]
    [MemberData(nameof(All))]
    public void Every_committed_recipe_reads_and_names_files_that_are_there(string path)
    {
        Recipe recipe = RecipeReader.Read(Path.Combine(s_models, path));
        string? set = Path.GetFileName(Path.GetDirectoryName(path));

        // what the recipes of taggers train lies in data/, which is not committed
        var committed = recipe.Teachers.Where(t => !t.Model.StartsWith(Path.Combine(FindRoot(), "data"), StringComparison.Ordinal)).ToArray();
        Assert.All(committed, t => Assert.True(File.Exists(t.Model), t.Model));
        Assert.Equal(recipe.Amalgamation is { Labels: LabelMode.Gated, Gate.Kind: GateKind.Domain } or { Labels: LabelMode.Restricted }, recipe.Data.Unlabelled.All(s => set is "six" or "foreign" ? s.Domain is not null : s.Domain is { Count: 1 }));
        Assert.Empty(recipe.Data.Unlabelled.SelectMany(s => s.Domain ?? []).Except(recipe.Teachers.Select(t => t.Name)));
        Assert.Equal(set switch { "demo" or "catalogue" or "mnist-fashion" => 20, "six" => 12, "foreign" => 6, _ => 10 }, committed.Length > 0 ? committed.Sum(t => t.Labels!.Count) : 20);
    }

    [Fact]
    public void The_demo_reads_bundled_images_only_and_tests_without_a_domain()
    {
        Recipe demo = RecipeReader.Read(Path.Combine(s_models, "demo/recipe.yaml"));

        IEnumerable<SourceRecipe> sources = [.. demo.Data.Unlabelled, .. demo.Data.Validate!, .. demo.Data.Test!];
        Assert.All(sources, s => Assert.True(Directory.GetFiles(s.Path, s.Split == "test" ? "t10k-*" : "train-*").Length > 0, s.Path));
        Assert.All(demo.Data.Test!, s => Assert.Null(s.Domain));
        Assert.All(demo.Data.Unlabelled, s => Assert.Empty(Directory.GetFiles(s.Path, "train-labels*")));
        Assert.Equal(5, demo.Train.Epochs);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public void A_protocol_differs_from_its_siblings_only_where_its_name_says(string pair, string method)
    {
        Recipe recipe = RecipeReader.Read(Path.Combine(s_models, "recipes", pair, $"{method}.yaml"));
        bool cifar = pair == "cifar10", isLong = method == "long";

        Assert.Equal($"{pair}-{method}", recipe.Name);
        Assert.Equal(method is "gated" or "estimated" or "long" ? LabelMode.Gated : LabelMode.Concat, recipe.Amalgamation.Labels);
        Assert.Equal(method == "estimated" ? GateKind.Refined : GateKind.Domain, recipe.Amalgamation.Gate.Kind);
        Assert.Equal(method switch
        {
            "published" => [new SoftTargetTerm(1), new MmdTerm(10, MmdTerm.Published), new ReconstructionTerm(10)],
            "supervised" => [new HardLabelTerm(1)],
            _ => new LossTerm[] { new SoftTargetTerm(1) },
        }, recipe.Amalgamation.Losses);
        if (method == "published")
            Assert.Equal((cifar ? 64 : 32, 3), (recipe.Amalgamation.CommonChannels, recipe.Amalgamation.CommonBlocks));
        Assert.Equal($"zoo:resnet(widths=[16,32,64], blocks={(cifar && isLong ? "[2,2,2]" : "[1,1,1]")})", recipe.Student.Model);
        Assert.Equal([cifar ? new FlipStep() : new CropStep(2), .. cifar ? [new CropStep(4)] : Array.Empty<AugmentStep>()], recipe.Augment);
        Assert.Equal(new TrainRecipe
        {
            Epochs = (cifar, isLong) switch { (false, false) => 5, (false, true) => 15, (true, false) => 10, (true, true) => 25 },
            Batch = 64,
            Optimizer = OptimizerKind.Adam,
            LearningRate = 4e-3,
            WeightDecay = 1e-4,
            Schedule = new OneCycleSchedule(),
            SelectBest = false,
            Seed = 1,
        }, recipe.Train);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public void A_protocol_learns_from_images_that_the_teachers_saw_and_validates_on_others(string pair, string method)
    {
        DataRecipe data = RecipeReader.Read(Path.Combine(s_models, "recipes", pair, $"{method}.yaml")).Data;
        ((double, double) Part, int? Limit) each = (pair, method) switch
        {
            ("cifar10", _) => ((0, 0.9), null),
            (_, "long") => ((0, 0.916667), null),
            _ => ((0, 1), 10_000),
        };

        Assert.Equal(Enumerable.Repeat(each, pair == "cifar10" && method is not ("gated" or "long") ? 1 : 2), data.Unlabelled.Select(s => (s.Part, s.Limit)));
        Assert.All(data.Validate!, s => Assert.Equal((pair == "cifar10" ? 0.9 : 0.916667, 1.0), s.Part));
        Assert.All(data.Test!, s => Assert.Equal(("test", (0.0, 1.0)), (s.Split, s.Part)));
    }

    static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "OnnxAmalgam.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException($"no OnnxAmalgam.sln above '{AppContext.BaseDirectory}'");
    }
}

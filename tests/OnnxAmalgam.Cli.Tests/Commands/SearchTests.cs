using System.Globalization;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary>The demo's teachers on a few of its images.</summary>
public sealed class SearchTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void Weights_are_written_beside_recipes_that_train_takes()
    {
        string[] arguments = ["search", Bundled.Recipe, .. Bundled.Short, .. Bundled.Set("amalgamation={labels: gated, losses: [{soft_target: {weight: 1}}, {hint: {weight: 1}}]}")];
        CliResult result = InProcess.Run([.. arguments, "--epochs", "1", "--baselines", "-o", place["weights.csv"]]).Ends(0);
        Assert.Equal(["weights.average.yaml", "weights.csv", "weights.last.yaml", "weights.random.yaml", "weights.yaml"], place.Entries);
        Assert.Contains("search: epoch 1 of 1, bridge loss ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("warning", result.Error, StringComparison.Ordinal);
        Assert.Matches("^teacher +weight +tap +searched +random +average +last$", result.Output.Split('\n')[0]);

        Table table = Table.Read(File.ReadAllText(place["weights.csv"]));
        Assert.Equal("method,seed,teacher,teacher_weight,tap,channels,height,width,weight", string.Join(',', table.Columns));
        var groups = table.Rows.GroupBy(r => (r["method"], r["teacher"])).ToArray();
        Assert.Equal(8, groups.Length);
        Assert.All(groups, g => Assert.Equal(1, g.Sum(r => double.Parse(r["weight"], CultureInfo.InvariantCulture)), 1e-5));

        string plan = InProcess.Run("train", place["weights.yaml"], "--dry-run", "-q", "-o", place["run"]).Ends(0).Output;
        Assert.Contains("digits-and-clothes-searched", File.ReadAllText(place["weights.yaml"]), StringComparison.Ordinal);
        Assert.Matches("teacher digits +10 labels, taps 0\\.[0-9]+ [^ ]+ \\+ 0\\.[0-9]+ [^ ]+, weight [01]\\.[0-9]+\n", plan);
    }

    [Fact]
    public void A_recipe_that_reads_no_features_is_warned_of_and_wrong_options_are_refused()
    {
        Assert.Contains("expected --recipe FILE beside -o -, got none", InProcess.Run("search", Bundled.Recipe, "-o", "-").Ends(1).Error, StringComparison.Ordinal);
        Assert.Contains("expected different files for the weights and the recipe", InProcess.Run("search", Bundled.Recipe, "-o", place["a.yaml"]).Ends(1).Error, StringComparison.Ordinal);
        Assert.Contains("--rate: expected a number of at least 0, got 'fast'", InProcess.Run("search", Bundled.Recipe, "-o", place["a.csv"], "--rate", "fast").Ends(1).Error, StringComparison.Ordinal);
        string error = Assert.Single(InProcess.Run("search", Bundled.Recipe, "-q", "-o", place["a.csv"], "--set", "student.taps=none").Ends(2).ErrorLines, l => l.StartsWith("onnx-amalgam", StringComparison.Ordinal));
        Assert.Contains("student: expected a tap to search weights for, got 'taps: none'", error, StringComparison.Ordinal);
        Assert.Empty(place.Entries);
    }

    [Fact]
    public void No_recipe_is_written_over()
    {
        place.Write("w.random.yaml", "mine");
        Assert.Contains("w.random.yaml': expected a file that does not exist, so that no recipe is lost", InProcess.Run("search", Bundled.Recipe, "-o", place["w.csv"], "--baselines").Ends(2).Error, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(place["w.random.yaml"]));
    }

    [Theory]
    [InlineData("own.csv")]
    [InlineData("w.csv", "--recipe", "own.yaml")]
    public void The_recipe_is_not_written_over(string csv, params string[] further)
    {
        File.Copy(Bundled.Recipe, place["own.yaml"]);
        string[] named = [.. further.Select(word => word.EndsWith(".yaml", StringComparison.Ordinal) ? place[word] : word)];
        Assert.Contains("expected another file than the recipe itself", InProcess.Run(["search", place["own.yaml"], "-o", place[csv], .. named]).Ends(2).Error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Bundled.Recipe), File.ReadAllBytes(place["own.yaml"]));
    }
}

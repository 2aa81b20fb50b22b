using System.Text.Json;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary><c>cache</c> fills what <c>train</c> reads.</summary>
public sealed class CacheTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void Shares_fill_the_cache_and_a_training_then_adds_nothing()
    {
        CliResult first = Run("--shard", "1/2").Ends(0);
        Assert.Matches(@"^folder    .*kept\nviews     2 of 256 images; \d+ differ\ncomputed  \d+; 0 were there\nscores    \d+ images that are not trained on\nsize      [\d.]+ MB of at most 4 GB\n$", first.Output);
        JsonElement second = JsonDocument.Parse(Run("--shard", "2/2", "--json").Ends(0).Output).RootElement;
        Assert.Equal(1, second.GetProperty("schemaVersion").GetInt32());
        Assert.InRange(second.GetProperty("computed").GetInt32(), 1, 500);
        JsonElement whole = JsonDocument.Parse(Run("--json").Ends(0).Output).RootElement;
        Assert.Equal((0, 300), (whole.GetProperty("computed").GetInt32(), whole.GetProperty("scored").GetInt32()));

        string[] files = Shards();
        CliResult train = InProcess.Run(["train", Bundled.Recipe, "-o", place["run"], .. Bundled.Short, .. Cache]).Ends(0);
        Assert.Contains($"cache {place["kept"]}: 2 views of each image, float16, at most 4 GB\n", train.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("warning", train.Error, StringComparison.Ordinal);
        Assert.Equal(files, Shards());
    }

    [Fact]
    public void Methods_and_seeds_that_are_compared_share_it()
    {
        string[] recipes = [Methods.Write(place, "plain", "soft_target: {weight: 1}", "cache: {folder: kept}"), Methods.Write(place, "decoupled", "dkd: {weight: 1}", "cache: {folder: kept}")];
        InProcess.Run("cache", recipes[0], "--threads", "1").Ends(0);
        string[] files = Shards();
        Assert.NotEmpty(files);

        CliResult compare = InProcess.Run(["compare", .. recipes, "-o", place["all"], "--threads", "1", "--seeds", "2"]).Ends(0);
        Assert.Equal(files, Shards());
        Assert.DoesNotContain("warning", compare.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dry_run_says_what_would_be_kept_and_keeps_nothing()
    {
        CliResult result = InProcess.Run(["train", Bundled.Recipe, "--dry-run", "-o", place["run"], .. Bundled.Short, .. Cache]).Ends(0);
        Assert.Contains("2 views of each image, float16, at most 4 GB; the time below is without it\n", result.Output, StringComparison.Ordinal);
        Assert.Empty(place.Entries);
    }

    [Fact]
    public void Without_a_folder_there_is_nothing_to_fill()
    {
        CliResult result = InProcess.Run(["cache", Bundled.Recipe, .. Bundled.Short]).Ends(2);
        Assert.Contains("train.cache: expected a folder to keep the teachers' outputs in, got none", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0/2")]
    [InlineData("3/2")]
    [InlineData("1")]
    [InlineData("a/b")]
    public void A_share_that_is_none_is_refused(string share)
    {
        CliResult result = Run("--shard", share).Ends(1);
        Assert.Contains($"--shard: expected one of several shares as 1/4, 2/4, 3/4 or 4/4, got '{share}'", result.Error, StringComparison.Ordinal);
        Assert.Empty(place.Entries);
    }

    [Theory]
    [InlineData("{folder: kept, max_size: 4}", "train.cache.max_size: expected a size as 500MB, 4GB or 1TB, got '4'")]
    [InlineData("{folder: kept, views: 0}", "train.cache.views: expected a whole number from 1 to 1000000, got '0'")]
    [InlineData("{views: 2}", "train.cache: expected the key 'folder', which is missing")]
    public void A_cache_that_cannot_be_is_refused(string cache, string message)
    {
        CliResult result = InProcess.Run(["cache", Bundled.Recipe, "--set", $"train.cache={cache}"]).Ends(2);
        Assert.Contains(message, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    string[] Cache => Bundled.Set($"train.cache={{folder: {place["kept"]}, views: 2}}");

    string[] Shards() => [.. place.Entries.Where(e => e.EndsWith(".rows", StringComparison.Ordinal))];

    CliResult Run(params string[] arguments) => InProcess.Run(["cache", Bundled.Recipe, .. Bundled.Short, .. Cache, .. arguments]);
}

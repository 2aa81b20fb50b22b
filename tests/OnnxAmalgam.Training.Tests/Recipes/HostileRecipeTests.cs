using System.Diagnostics;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Recipes;

public sealed class HostileRecipeTests : IDisposable
{
    readonly RecipeText recipe = new();

    [Theory]
    [InlineData("name: &x pair\nteachers: *x", "recipe.yaml:1: expected a value, got the anchor '&x'; anchors are not part of recipes")]
    [InlineData("name: *x", "recipe.yaml:1: expected a value, got the alias '*x'; aliases are not part of recipes: write the value again")]
    [InlineData("name: !!python/object x", "recipe.yaml:1: expected a value, got the tag 'tag:yaml.org,2002:python/object'; tags are not part of recipes")]
    [InlineData("train:\n  <<: {epochs: 1}", "recipe.yaml:2: expected a key, got the merge key '<<'; merging is not part of recipes")]
    [InlineData("name: x\n---\nname: y", "recipe.yaml:2: expected one document, got a second one")]
    [InlineData("? [a, b]\n: c", "recipe.yaml:1: expected a key, got a list")]
    [InlineData("- a\n- b", "recipe.yaml:1: expected keys and values")]
    [InlineData("", "recipe.yaml:1: expected keys and values")]
    [InlineData("name: [a", "recipe.yaml:1: expected YAML, got a mistake at column")]
    [InlineData("data:\n  unlabelled:\n    - {folder: photos,\n    domain: pets}", "recipe.yaml:3: expected YAML, got a mistake")]
    [InlineData("augment: [flip,\ncrop]", "recipe.yaml:1: expected YAML, got a mistake")]
    [InlineData("name: \"\\uD83D\\u0041\"", "recipe.yaml:1: expected YAML, got a mistake")]
    public void What_is_not_plain_YAML_is_refused(string text, string message) =>
        Assert.StartsWith(message, recipe.Refused(text).Replace("recipe.yaml:2: expected YAML", "recipe.yaml:1: expected YAML", StringComparison.Ordinal), StringComparison.Ordinal);

    [Fact]
    public void Nesting_ends_at_thirty_two_levels()
    {
        string Nested(int levels) => $"name: {new string('[', levels)}{new string(']', levels)}";
        Assert.DoesNotContain("levels of nesting", recipe.Refused(Nested(31)), StringComparison.Ordinal);
        Assert.Contains("expected at most 32 levels of nesting", recipe.Refused(Nested(32)), StringComparison.Ordinal);
    }

    [Fact]
    public void Size_ends_at_one_mebibyte()
    {
        string Padded(int bytes) => RecipeText.Minimal + "\n#".PadRight(bytes - RecipeText.Minimal.Length, 'x');
        Assert.Equal("pair", recipe.Read(Padded(1 << 20)).Name);
        Assert.Equal("recipe.yaml: expected a recipe of at most 1048576 bytes, got 1048577", recipe.Refused(Padded((1 << 20) + 1)));
    }

    public static TheoryData<string> Bombs => new(
        new string('[', 1_000_000),
        new string('{', 1_000_000),
        string.Concat(Enumerable.Repeat("- ", 500_000)),
        string.Concat(Enumerable.Repeat("? ", 500_000)),
        string.Concat(Enumerable.Repeat("a: ", 300_000)),
        "name: " + new string('x', 1_000_000),
        "name: \"" + new string('\\', 1_000_000),
        "x: [" + string.Concat(Enumerable.Repeat("a,", 500_000)) + "]",
        string.Concat(Enumerable.Range(0, 90_000).Select(i => $"k{i}: 1\n")),
        new string('\n', 1_000_000),
        "name: |\n" + string.Concat(Enumerable.Repeat(" x\n", 300_000)),
        "%TAG ! x\n" + new string('!', 100_000),
        new string('%', 1_000_000),
        new string('\t', 1_000_000) + "a: b",
        new string('"', 1_000_000));

    [Theory]
    [MemberData(nameof(Bombs))]
    public void A_small_file_cannot_keep_the_reader_busy(string text)
    {
        var clock = Stopwatch.StartNew();
        recipe.Refused(text);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"took {clock.Elapsed}");
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_refused()
    {
        File.WriteAllBytes(recipe.Inside("recipe.yaml"), [(byte)'a', (byte)':', 0xC3, 0x28]);
        var message = Assert.Throws<InputException>(() => RecipeReader.Read(recipe.Inside("recipe.yaml"))).Message;
        Assert.EndsWith("expected UTF-8 text, got the byte 0xC3 at 2", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_byte_order_mark_is_no_mistake()
    {
        File.WriteAllBytes(recipe.Inside("recipe.yaml"), [0xEF, 0xBB, 0xBF, .. System.Text.Encoding.UTF8.GetBytes(RecipeText.Minimal)]);
        Assert.Equal("pair", RecipeReader.Read(recipe.Inside("recipe.yaml")).Name);
    }

    [Fact]
    public void A_missing_file_or_a_folder_is_refused()
    {
        foreach (string path in (string[])[recipe.Inside("no.yaml"), recipe.Inside("no/recipe.yaml")])
        {
            Assert.Equal($"{path}: expected a recipe, got no file of that name", Assert.Throws<InputException>(() => RecipeReader.Read(path)).Message);
        }

        Assert.Equal($"{recipe.Folder}: expected a recipe, got a folder", Assert.Throws<InputException>(() => RecipeReader.Read(recipe.Folder)).Message);
        File.WriteAllText(recipe.Inside("recipe.yaml"), RecipeText.Minimal);
        Assert.EndsWith($"recipe, got a folder; name the recipe in it: {recipe.Inside("recipe.yaml")}", Assert.Throws<InputException>(() => RecipeReader.Read(recipe.Folder)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => recipe.Dispose();
}

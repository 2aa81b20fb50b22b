using System.Text.RegularExpressions;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.BadInput;

/// <summary>What bad input gets: exit code 2, one line on stderr that says where, what was expected, what was got and what to do, and no file.</summary>
public sealed class BadInputTests : IDisposable
{
    // The remedy follows behind a semicolon where there is one to name.
    static readonly Regex Form = new(@"^onnx-amalgam: (.+: expected .+(, got:? .+|, which is missing)|tap '.+' does not exist in '.+'; closest: '.+' \(see: .+\))$");
    readonly TempFolder place = new();
    readonly string before = Environment.CurrentDirectory;

    public BadInputTests() => Environment.CurrentDirectory = place.Path;

    public static TheoryData<BadCase> Models => [.. BadModels.Cases];

    public static TheoryData<BadCase> Recipes => [.. BadRecipes.Cases];

    public void Dispose()
    {
        Environment.CurrentDirectory = before;
        place.Dispose();
    }

    [Fact]
    public void The_small_recipe_that_the_cases_break_is_good()
    {
        CliResult result = InProcess.Run(BadRecipes.Train(place.Path)).Ends(0);
        Assert.Equal("", result.Error);
        Assert.True(File.Exists(place["run/student.onnx"]));
        Assert.Matches("max difference .+ on 256 images\n", result.Output);
    }

    [Theory]
    [MemberData(nameof(Models), DisableDiscoveryEnumeration = true)]
    public void A_bad_model_is_refused(BadCase bad) => AssertRefused(bad);

    [Theory]
    [MemberData(nameof(Recipes), DisableDiscoveryEnumeration = true)]
    public void A_bad_recipe_is_refused(BadCase bad) => AssertRefused(bad);

    void AssertRefused(BadCase bad)
    {
        string[] command = bad.Prepare(place.Path);
        string[] entries = place.Entries;
        CliResult result = InProcess.Run(command).Ends(2);
        string[] errors = [.. result.ErrorLines.Where(l => !l.StartsWith("warning: ", StringComparison.Ordinal))];
        string line = Assert.Single(errors);
        Assert.True(Form.IsMatch(line), line);
        Assert.All(bad.Says, part => Assert.True(line.Contains(part, StringComparison.Ordinal), $"expected {part} in: {line}"));
        Assert.Equal(entries, place.Entries);
    }
}

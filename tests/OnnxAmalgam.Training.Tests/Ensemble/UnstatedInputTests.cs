using OnnxAmalgam.Teachers;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Tests.Running;

namespace OnnxAmalgam.Training.Tests.Ensemble;

public sealed class UnstatedInputTests
{
    [Fact]
    public void A_teacher_whose_input_scale_nobody_states_is_said_with_what_is_assumed()
    {
        var warnings = Warnings("teachers.0.input={layout: nchw}");
        Assert.StartsWith($"teacher 'digits': {ShortRun.Unstated}; assumed (x * 0.00392157 - 0) / 1", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Empty(Warnings());
        Assert.Empty(Warnings("teachers.0.input={preset: ultralytics}"));
    }

    static List<string> Warnings(params string[] overrides)
    {
        var warnings = new List<string>();
        var recipe = RecipeReader.Read(Path.Combine(Repository.Root, "models", "demo", "recipe.yaml"), overrides);
        using var setup = AmalgamationSetup.Open(recipe, new ComputeOptions(ComputeDevice.Cpu, 1), warnings.Add);
        return warnings;
    }
}

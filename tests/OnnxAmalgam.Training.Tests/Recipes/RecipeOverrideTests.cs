using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Recipes;

public sealed class RecipeOverrideTests : IDisposable
{
    readonly RecipeText recipe = new();

    [Fact]
    public void Keys_and_list_elements_are_replaced_and_new_keys_added()
    {
        var read = recipe.Read(RecipeText.Minimal, "train.epochs=7", "teachers.1.model=c.onnx", "amalgamation.preset=published", "data.unlabelled.0.limit=5");
        Assert.Equal(7, read.Train.Epochs);
        Assert.Equal(recipe.Inside("c.onnx"), read.Teachers[1].Model);
        Assert.Equal(LabelMode.Concat, read.Amalgamation.Labels);
        Assert.Equal(5, read.Data.Unlabelled[0].Limit);
    }

    [Fact]
    public void A_later_override_wins() => Assert.Equal(9, recipe.Read(RecipeText.Minimal, "train.epochs=7", "train.epochs=9").Train.Epochs);

    [Fact]
    public void A_value_may_hold_equals_signs_and_dots() =>
        Assert.Equal("zoo:vit(dim=8, depth=1)", recipe.Read(RecipeText.Minimal, "student.model=zoo:vit(dim=8, depth=1)").Student.Model);

    [Theory]
    [InlineData("train.epochs", "--set: expected path.to.key=value, got 'train.epochs'; for example --set train.epochs=5")]
    [InlineData("=5", "--set: expected path.to.key=value, got '=5'; for example --set train.epochs=5")]
    [InlineData("train..epochs=5", "--set: expected path.to.key=value, got 'train..epochs=5'; for example --set train.epochs=5")]
    [InlineData("teachers.2.model=x", "--set: expected an element of 'teachers' by its index, 0 to 1, got '2'")]
    [InlineData("teachers.a.model=x", "--set: expected an element of 'teachers' by its index, 0 to 1, got 'a'")]
    [InlineData("name.x=1", "--set: expected keys or a list at 'name', got 'pair'; 'name.x' does not exist")]
    [InlineData("amalgamation.losses.0.mmd.weight=1", "--set: expected a list at 'amalgamation.losses', but the recipe does not state it; set the whole list")]
    [InlineData("trian.epochs=1", "--set: expected one of 'name', 'teachers', 'student', 'data', 'augment', 'amalgamation', 'train', got 'trian'; did you mean 'train'?")]
    [InlineData("train.epochs=[1", "--set: expected YAML, got a mistake at column 1: While parsing a flow sequence")]
    public void A_path_that_does_not_exist_is_refused(string argument, string message) =>
        Assert.StartsWith(message, recipe.Refused(RecipeText.Minimal, argument), StringComparison.Ordinal);

    public void Dispose() => recipe.Dispose();
}

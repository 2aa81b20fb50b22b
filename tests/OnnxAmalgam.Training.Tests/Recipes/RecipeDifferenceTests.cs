using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Recipes;

public sealed class RecipeDifferenceTests : IDisposable
{
    readonly RecipeText recipe = new();

    [Fact]
    public void Equal_recipes_do_not_differ_however_they_are_written()
    {
        var spaced = RecipeText.Minimal.Replace("train: {epochs: 3}", "train:\n  batch: 64\n  epochs: 3", StringComparison.Ordinal);
        Assert.Empty(RecipeDifference.Between(recipe.Read(RecipeText.Minimal), recipe.Read(spaced)));
    }

    [Fact]
    public void Every_differing_value_is_named_by_its_path()
    {
        var first = recipe.Read(RecipeText.Minimal);
        var second = recipe.Read(RecipeText.Minimal, "train.epochs=4", "data.unlabelled.1.limit=3", "teachers.0.labels=[x]", "augment=[flip]");
        Assert.Equal(
            [
                new("teachers.0.labels", "metadata", null),
                new("augment", "", null),
                new("train.epochs", "3", "4"),
                new("teachers.0.labels.0", null, "x"),
                new("data.unlabelled.1.limit", null, "3"),
                new("augment.0", null, "flip"),
            ],
            RecipeDifference.Between(first, second));
    }

    [Fact]
    public void A_difference_reads_as_what_was_and_what_is_now()
    {
        var first = recipe.Read(RecipeText.Minimal);
        var second = recipe.Read(RecipeText.Minimal, "train.epochs=4", "augment=[flip]");
        Assert.Equal(["augment (empty, now none)", "train.epochs (3, now 4)", "augment.0 (none, now flip)"], RecipeDifference.Between(first, second).Select(d => d.ToString()));
    }

    public void Dispose() => recipe.Dispose();
}

namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>normalisation: keep</c>, or another mode with or without a number of images.</summary>
internal static class NormalisationReader
{
    public static NormalisationRecipe Read(Field? field)
    {
        if (field is null)
            return new NormalisationRecipe(NormalisationMode.Keep);
        var choice = field.Choice([.. Words.Normalisation.All]);
        var mode = Words.Normalisation.Find(choice.Name)!.Value;
        var s = choice.Options.Section(mode == NormalisationMode.Keep ? [] : ["images"]);
        return mode == NormalisationMode.Keep
            ? new NormalisationRecipe(mode)
            : new NormalisationRecipe(mode, s.Optional("images")?.WholeNumber(1) ?? NormalisationRecipe.DefaultImages);
    }
}

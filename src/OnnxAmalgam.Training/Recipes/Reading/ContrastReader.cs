namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>contrastive</c> and <c>supervised_contrastive</c>.</summary>
internal static class ContrastReader
{
    public static string[] Keys(string name) => name == "contrastive" ? ["weight", "pairs", "temperature"] : ["weight", "pairs", "temperature", "labels"];

    public static LossTerm Read(string name, Section s, double weight)
    {
        var pairs = s.Optional("pairs")?.Word(Words.Pairs) ?? ContrastPairs.All;
        var temperature = s.Optional("temperature")?.PositiveNumber() ?? 1;
        return name == "contrastive"
            ? new ContrastiveTerm(weight, pairs, temperature)
            : new SupervisedContrastiveTerm(weight, pairs, temperature) { Labels = s.Optional("labels") is { } labels ? Rule(labels) : new ArgMaxLabels() };
    }

    static PseudoLabelRule Rule(Field field)
    {
        var choice = field.Choice("argmax", "threshold", "top");
        switch (choice.Name)
        {
            case "threshold":
                return new ThresholdLabels(choice.Options.Number(x => x is > 0 and <= 1, "a probability above 0, at most 1, as in {threshold: 0.5}"));
            case "top":
                return new TopLabels(choice.Options.WholeNumber(1, 65_536));
            default:
                choice.Options.Section();
                return new ArgMaxLabels();
        }
    }
}

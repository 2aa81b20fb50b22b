namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>amalgamation.gate</c>.</summary>
internal static class GateReader
{
    /// <summary>By domain where every source names one, else estimated.</summary>
    public static GateRecipe Automatic(DataRecipe data) => new(data.Unlabelled.All(s => s.Domain is not null) ? GateKind.Domain : GateKind.Refined);

    public static GateRecipe Read(Field field)
    {
        var choice = field.Choice([.. Words.Gate.All]);
        var bare = new GateRecipe(Words.Gate.Find(choice.Name)!.Value);
        if (bare.Kind == GateKind.Domain)
        {
            choice.Options.Section();
            return bare;
        }

        var s = choice.Options.Section(bare.HasClusters ? ["clusters", "evidence", "agreement_after", "nobody", "ignore_domains"] : ["nobody", "ignore_domains"]);
        var read = bare with
        {
            Nobody = s.Optional("nobody")?.Number(x => x is >= 0 and < 1, "a share from 0 to below 1") ?? 0,
            IgnoresDomains = s.Optional("ignore_domains")?.Switch() ?? false,
        };
        return !bare.HasClusters ? read : read with
        {
            Clusters = s.Optional("clusters")?.WholeNumber(1, 10_000) ?? GateRecipe.DefaultClusters,
            Evidence = s.Optional("evidence")?.Word(Words.Evidence) ?? GateEvidenceKind.Energy,
            AgreementAfter = s.Optional("agreement_after") is { } after && !after.Is("none") ? Epochs(after) : null,
        };
    }

    static int Epochs(Field field) => (int)field.Number(x => x is >= 1 and <= 1_000_000 && x == Math.Floor(x), "a number of epochs of at least 1, or 'none'");
}

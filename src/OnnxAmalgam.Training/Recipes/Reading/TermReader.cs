using OnnxAmalgam.Training.Losses;

namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary>The terms of <c>amalgamation.losses</c>.</summary>
internal static class TermReader
{
    static readonly string[] Names =
    [
        "soft_target", "dkd", "standardised_logits", "dist", "skd", "voted_target",
        "mmd", "reconstruction", "cosine", "infonce",
        "hint", "attention", "similarity", "rkd", "pkt", "vid", "smooth_cosine",
        "layer_wise", "voted_features", "nst", "cc", "ickd", "srd",
        "review", "ladder",
        "contrastive", "supervised_contrastive", "multi_label",
        "hard_label", "consistency",
    ];

    public static LossTerm[] Losses(Field field)
    {
        var fields = field.List("losses");
        var terms = fields.Select(Term).ToArray();
        for (var i = 0; i < terms.Length; i++)
            if (Array.FindIndex(terms, t => t.GetType() == terms[i].GetType()) < i)
                throw fields[i].Error("expected each term once, got it again");
        return terms;
    }

    /// <summary>Terms that need one distribution over the union have none where each teacher is compared on its own labels.</summary>
    public static void RefuseUnionTargets(Field place, IReadOnlyList<LossTerm> terms)
    {
        var sigmoids = terms.Any(t => t is MultiLabelTerm);
        var wrong = terms.Where(t => t is DkdTerm or StandardisedLogitsTerm or DistTerm or VotedTargetTerm or SupervisedContrastiveTerm || (t is ConsistencyTerm && !sigmoids)).Select(AmalgamationEquation.Name).ToArray();
        if (wrong.Length > 0)
            throw place.Error($"expected 'labels: concat', 'joint' or 'gated' for {Words.Quoted(wrong)}, got 'restricted', which has no one target over the union; choose another label mode or soft_target");
    }

    static LossTerm Term(Field field)
    {
        var choice = field.Choice(Names);
        string[] keys = choice.Name switch
        {
            "soft_target" or "standardised_logits" or "multi_label" => ["weight", "temperature"],
            "dkd" => ["weight", "alpha", "beta", "temperature"],
            "dist" => ["weight", "beta", "gamma", "temperature"],
            "skd" => ["weight", "direction", "temperature", "tikhonov"],
            "voted_target" => ["weight", "temperature", "emphasis"],
            "mmd" => ["weight", "bandwidths", "unbiased", "form", "detach_teachers"],
            "cosine" => ["weight", "detach_teachers"],
            "infonce" => ["weight", "temperature", "detach_teachers"],
            "voted_features" or "review" => ["weight", "channels"],
            "cc" => ["weight", "gamma", "order"],
            "srd" => ["weight", "power"],
            "ladder" => ["weight", "hidden", "cosine", "teacher_dropping"],
            "hint" or "attention" or "vid" => ["weight", "teacher_dropping"],
            "smooth_cosine" => ["weight", "cosine", "teacher_dropping"],
            "rkd" => ["weight", "distance", "angle"],
            "contrastive" or "supervised_contrastive" => ContrastReader.Keys(choice.Name),
            "consistency" => ["weight", "implies"],
            _ => ["weight"],
        };
        var s = choice.Options.Section(keys);
        var weight = s.Required("weight").NonNegativeNumber();
        double Factor(string key, double otherwise) => s.Optional(key)?.NonNegativeNumber() ?? otherwise;
        double Temperature(double otherwise) => s.Optional("temperature")?.PositiveNumber() ?? otherwise;
        double? Dropping() => s.Optional("teacher_dropping") is not { } field || field.Is("none") ? null : field.Number(x => x is >= 0 and <= 1, "a chance from 0 to 1, or 'none'");
        bool Detach() => s.Optional("detach_teachers")?.Switch() ?? false;
        double Share(double otherwise) => s.Optional("cosine")?.Number(x => x is >= 0 and <= 1, "a share from 0 to 1") ?? otherwise;
        int Width(string key, int otherwise) => s.Optional(key)?.WholeNumber(1, 65_536) ?? otherwise;
        return choice.Name switch
        {
            "voted_target" => new VotedTargetTerm(weight, Temperature(1), Factor("emphasis", 1)),
            "infonce" => new InfoNceTerm(weight, Temperature(0.1), Detach()),
            "layer_wise" => new LayerWiseTerm(weight),
            "voted_features" => new VotedFeaturesTerm(weight, Width("channels", 128)),
            "nst" => new NstTerm(weight),
            "cc" => new CongruenceTerm(weight, s.Optional("gamma")?.PositiveNumber() ?? 0.4, s.Optional("order")?.WholeNumber(1, 20) ?? 2),
            "ickd" => new IckdTerm(weight),
            "srd" => new ProjectorTerm(weight, s.Optional("power")?.Number(x => x is >= 1 and <= 16, "a number from 1 to 16") ?? 4),
            "review" => new ReviewTerm(weight, Width("channels", 128)),
            "ladder" => new LadderTerm(weight, Width("hidden", 256), Share(0.5), Dropping()),
            "soft_target" => new SoftTargetTerm(weight, Temperature(1)),
            "dkd" => new DkdTerm(weight, Factor("alpha", 1), Factor("beta", 8), Temperature(4)),
            "standardised_logits" => new StandardisedLogitsTerm(weight, Temperature(2)),
            "dist" => new DistTerm(weight, Factor("beta", 1), Factor("gamma", 1), Temperature(1)),
            "skd" => new SkdTerm(weight, Factor("direction", 1), Temperature(4), s.Optional("tikhonov")?.Number(x => x >= 1e-6, "a number of at least 1e-6") ?? 0.1),
            "mmd" => new MmdTerm(weight, Bandwidths(s.Optional("bandwidths")), s.Optional("unbiased")?.Switch() ?? false, s.Optional("form")?.Word(Words.MmdForm) ?? MmdForm.Map, Detach()),
            "reconstruction" => new ReconstructionTerm(weight),
            "cosine" => new CosineTerm(weight, Detach()),
            "hint" => new HintTerm(weight, Dropping()),
            "attention" => new AttentionTerm(weight, Dropping()),
            "similarity" => new SimilarityTerm(weight),
            "rkd" => new RkdTerm(weight, Factor("distance", 1), Factor("angle", 2)),
            "pkt" => new PktTerm(weight),
            "vid" => new VidTerm(weight, Dropping()),
            "smooth_cosine" => new SmoothCosineTerm(weight, Share(0.9), Dropping()),
            "multi_label" => new MultiLabelTerm(weight, Temperature(1)),
            "contrastive" or "supervised_contrastive" => ContrastReader.Read(choice.Name, s, weight),
            "consistency" => ConsistencyReader.Read(s, weight),
            _ => new HardLabelTerm(weight),
        };
    }

    static IReadOnlyList<double>? Bandwidths(Field? field)
    {
        if (field is null || field.Is("published"))
            return MmdTerm.Published;
        if (field.Is("median"))
            return null;
        return field.IsList ? [.. field.List("kernel widths").Select(f => f.PositiveNumber())] : throw field.Expected("'published', 'median', or a list of kernel widths");
    }
}

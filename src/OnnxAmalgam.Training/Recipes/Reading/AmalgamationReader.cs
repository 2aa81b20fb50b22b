namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>amalgamation:</c>, or what stands for it when it is absent.</summary>
internal static class AmalgamationReader
{
    public static AmalgamationRecipe Read(Field? field, DataRecipe data, IReadOnlyList<TeacherRecipe> teachers)
    {
        if (field is null)
            return Published.Amalgamation(data.Unlabelled.All(s => s.Domain is not null) ? LabelMode.Gated : LabelMode.Concat);
        var s = field.Section("preset", "labels", "common_space", "standardise", "losses");
        var start = s.Optional("preset") is { } preset ? Preset(preset) : null;
        var labels = start is null ? s.Required("labels") : s.Optional("labels");
        var losses = start is null ? s.Required("losses") : s.Optional("losses");
        var space = s.Optional("common_space")?.Section("channels", "blocks");
        var read = new AmalgamationRecipe
        {
            Labels = labels?.Word(Words.Labels) ?? start!.Labels,
            CommonChannels = space?.Optional("channels")?.WholeNumber(1, 65_536) ?? 128,
            CommonBlocks = space?.Optional("blocks")?.WholeNumber(1, 1024) ?? 3,
            Standardise = s.Optional("standardise")?.Switch() ?? false,
            Losses = losses is null ? start!.Losses : Losses(losses),
        };
        if (read.Labels == LabelMode.Gated)
            RequireDomains(labels!, data, teachers);
        return read;
    }

    static AmalgamationRecipe Preset(Field field) => field.Is("published") ? Published.Amalgamation() : throw field.Expected("'published'");

    static void RequireDomains(Field labels, DataRecipe data, IReadOnlyList<TeacherRecipe> teachers)
    {
        var without = data.Unlabelled.Select((source, i) => (source, i)).Where(x => x.source.Domain is null)
            .Select(x => $"data.unlabelled.{x.i} ({Words.Source.Of(x.source.Kind)} '{x.source.Path}')").ToArray();
        if (without.Length > 0)
            throw labels.Error($"expected a 'domain' on every unlabelled source for 'gated', got none on {string.Join(", ", without)}; add 'domain: TEACHER' (estimating the gate is not built)");
        var mute = teachers.Where(t => t.FeaturesOnly && data.Unlabelled.Any(s => s.Domain!.Contains(t.Name))).Select(t => t.Name).ToArray();
        if (mute.Length > 0)
            throw labels.Error($"expected domains of teachers with scores for 'gated', got {Words.Quoted(mute)} with 'logits: none'");
    }

    static LossTerm[] Losses(Field field)
    {
        var fields = field.List("losses");
        var terms = fields.Select(Term).ToArray();
        for (var i = 0; i < terms.Length; i++)
            if (Array.FindIndex(terms, t => t.GetType() == terms[i].GetType()) < i)
                throw fields[i].Error("expected each term once, got it again");
        return terms;
    }

    static LossTerm Term(Field field)
    {
        var choice = field.Choice("soft_target", "mmd", "reconstruction", "cosine", "hard_label");
        string[] keys = choice.Name switch
        {
            "soft_target" => ["weight", "temperature"],
            "mmd" => ["weight", "bandwidths", "unbiased"],
            _ => ["weight"],
        };
        var s = choice.Options.Section(keys);
        var weight = s.Required("weight").NonNegativeNumber();
        return choice.Name switch
        {
            "soft_target" => new SoftTargetTerm(weight, s.Optional("temperature")?.PositiveNumber() ?? 1),
            "mmd" => new MmdTerm(weight, Bandwidths(s.Optional("bandwidths")), s.Optional("unbiased")?.Switch() ?? false),
            "reconstruction" => new ReconstructionTerm(weight),
            "cosine" => new CosineTerm(weight),
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

namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>amalgamation:</c>, or what stands for it when it is absent.</summary>
internal static class AmalgamationReader
{
    /// <param name="field">The section; null: it is absent.</param>
    /// <param name="data">The images, whose domains a gate may take.</param>
    /// <param name="sources">Where they are written, for messages about an absent section.</param>
    /// <param name="teachers">The teachers.</param>
    public static AmalgamationRecipe Read(Field? field, DataRecipe data, Field sources, IReadOnlyList<TeacherRecipe> teachers)
    {
        if (field is null)
        {
            RefuseMuteDomains(sources, data, teachers);
            return new() { Labels = LabelMode.Gated, Gate = GateReader.Automatic(data), Losses = [new SoftTargetTerm(1)] };
        }

        var s = field.Section("preset", "labels", "gate", "views_apart", "common_space", "pool_taps", "standardise", "balance", "losses");
        var start = s.Optional("preset") is { } preset ? Preset(preset) : null;
        var labels = start is null ? s.Required("labels") : s.Optional("labels");
        var losses = start is null ? s.Required("losses") : s.Optional("losses");
        var space = s.Optional("common_space")?.Section("channels", "blocks", "form");
        var read = new AmalgamationRecipe
        {
            Labels = labels?.Word(Words.Labels) ?? start!.Labels,
            CommonChannels = space?.Optional("channels")?.WholeNumber(1, 65_536) ?? 128,
            CommonBlocks = space?.Optional("blocks")?.WholeNumber(1, 1024) ?? 3,
            CommonForm = space?.Optional("form")?.Word(Words.CommonForm) ?? CommonForm.Published,
            ViewsApart = s.Optional("views_apart")?.Switch() ?? false,
            PoolsTaps = s.Optional("pool_taps")?.Switch() ?? false,
            Standardise = s.Optional("standardise")?.Word(Words.Standardise) ?? Standardisation.None,
            Losses = losses is null ? start!.Losses : TermReader.Losses(losses),
        };
        read = read with { Balance = BalanceReader.Read(s.Optional("balance"), read.Losses) };
        if (read.Labels == LabelMode.Restricted)
            TermReader.RefuseUnionTargets(losses ?? labels!, read.Losses);
        var gate = s.Optional("gate");
        if (read.Labels != LabelMode.Gated)
            return gate is null ? read : throw gate.Error($"expected 'labels: gated' beside a gate, got '{Words.Labels.Of(read.Labels)}'");
        read = read with { Gate = gate is null ? GateReader.Automatic(data) : GateReader.Read(gate) };
        if (read.Gate.Kind == GateKind.Domain)
            RequireDomains(gate ?? labels!, data);
        RefuseMuteDomains(labels!, data, teachers);
        return read;
    }

    static AmalgamationRecipe Preset(Field field) => field.Is("published") ? Published.Amalgamation : throw field.Expected("'published'");

    static void RequireDomains(Field labels, DataRecipe data)
    {
        var without = data.Unlabelled.Select((source, i) => (source, i)).Where(x => x.source.Domain is null)
            .Select(x => $"data.unlabelled.{x.i} ({Words.Source.Of(x.source.Kind)} '{x.source.Path}')").ToArray();
        if (without.Length > 0)
            throw labels.Error($"expected a 'domain' on every unlabelled source for 'gated', got none on {string.Join(", ", without)}; add 'domain: TEACHER', or estimate it with 'gate: refined'");
    }

    static void RefuseMuteDomains(Field labels, DataRecipe data, IReadOnlyList<TeacherRecipe> teachers)
    {
        var mute = teachers.Where(t => t.FeaturesOnly && data.Unlabelled.Any(s => s.Domain?.Contains(t.Name) == true)).Select(t => t.Name).ToArray();
        if (mute.Length > 0)
            throw labels.Error($"expected domains of teachers with scores for 'gated', got {Words.Quoted(mute)} with 'logits: none'");
    }
}

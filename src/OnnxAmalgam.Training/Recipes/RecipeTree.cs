using System.Globalization;
using OnnxAmalgam.Training.Recipes.Reading;
using OnnxAmalgam.Training.Recipes.Yaml;

namespace OnnxAmalgam.Training.Recipes;

/// <summary>A recipe as the YAML tree that states all of it: what the reader would default is written out.</summary>
internal static class RecipeTree
{
    static readonly Place Nowhere = new("the resolved recipe", null);

    public static YamlMapping Of(Recipe recipe) => Map(
        ("name", Text(recipe.Name)),
        ("teachers", List(recipe.Teachers.Select(Teacher))),
        ("student", Student(recipe.Student)),
        ("data", Data(recipe.Data)),
        ("augment", List(recipe.Augment.Select(Augment))),
        ("amalgamation", Amalgamation(recipe.Amalgamation)),
        ("train", Train(recipe.Train)));

    static YamlMapping Teacher(TeacherRecipe t) => Map(
        ("name", Text(t.Name)),
        ("model", Text(t.Model)),
        ("logits", Text(t.Logits ?? "auto")),
        ("scores", t.FeaturesOnly ? null : Text(Words.Scores.Of(t.Scores))),
        ("taps", Taps(t.Taps)),
        ("weight", Number(t.Weight)),
        ("input", Input(t.Input)),
        ("labels", t.FeaturesOnly ? null : t.Labels is { } labels ? Texts(labels) : Text("metadata")));

    static YamlMapping Student(StudentRecipe s) => Map(
        ("model", Text(s.Model)),
        ("taps", Taps(s.Taps)),
        ("input", Input(s.Input)),
        ("head", Text(Words.Head.Of(s.Head))),
        ("weights", Text(Words.Weights.Of(s.Weights))),
        ("normalisation", Normalisation(s.Normalisation)));

    static YamlNode Normalisation(NormalisationRecipe n) => n.Mode == NormalisationMode.Keep
        ? Text(Words.Normalisation.Of(n.Mode))
        : Map((Words.Normalisation.Of(n.Mode), Map(("images", Number(n.Images)))));

    static YamlNode Taps(IReadOnlyList<TapRecipe>? taps) => taps switch
    {
        null => Text("auto"),
        [] => Text("none"),
        _ => List(taps.Select(t => t is { Layout: null, Weight: null }
            ? (YamlNode)Text(t.Value)
            : Map(
                ("value", Text(t.Value)),
                ("layout", t.Layout is { } layout ? Text(Words.Layout.Of(layout)) : null),
                ("weight", t.Weight is { } weight ? Number(weight) : null)))),
    };

    static YamlMapping Input(InputRecipe i) => Map(
        ("layout", i.Layout is { } layout ? Text(Words.Layout.Of(layout)) : null),
        ("dtype", i.Dtype is { } dtype ? Text(Words.Dtype.Of(dtype)) : null),
        ("channels", i.Channels is { } channels ? Number(channels) : null),
        ("size", i.Size is { } size ? Size(size) : null),
        ("order", i.Order is { } order ? Text(Words.Order.Of(order)) : null),
        ("scale", i.Scale is { } scale ? Number(scale) : null),
        ("mean", i.Mean is { } mean ? List(mean.Select(Number)) : null),
        ("std", i.Std is { } std ? List(std.Select(Number)) : null),
        ("resize", i.Resize is { } resize ? Text(Words.Resize.Of(resize)) : null),
        ("interpolation", i.Interpolation is { } filter ? Text(Words.Interpolation.Of(filter)) : null),
        ("antialias", i.Antialias is { } antialias ? Switch(antialias) : null));

    static YamlMapping Data(DataRecipe d) => Map(
        ("size", d.Size is { } size ? Size(size) : Text("auto")),
        ("unlabelled", List(d.Unlabelled.Select(Source))),
        ("validate", d.Validate is { } validate ? List(validate.Select(Source)) : null),
        ("test", d.Test is { } test ? List(test.Select(Source)) : null));

    static YamlMapping Source(SourceRecipe s) => Map(
        (Words.Source.Of(s.Kind), Text(s.Path)),
        ("split", s.Kind is SourceKind.Idx or SourceKind.Cifar10 or SourceKind.Cifar100 ? Text(s.Split) : null),
        ("label", s.Kind == SourceKind.Cifar100 ? Text(s.Label) : null),
        ("domain", s.Domain switch { null => null, [] => Text("none"), [var one] => Text(one), var several => Texts(several) }),
        ("part", Text(string.Create(CultureInfo.InvariantCulture, $"{s.Part.From:R}..{s.Part.To:R}"))),
        ("limit", s.Limit is { } limit ? Number(limit) : null),
        ("labels", s.Labels is { } labels ? Texts(labels) : null),
        ("classes", s.Classes is { } classes ? Texts(classes) : null));

    /// <summary>A step in a few characters, as tables show it.</summary>
    public static string Name(AugmentStep step) => step switch
    {
        FlipStep => "flip",
        CropStep crop => string.Create(CultureInfo.InvariantCulture, $"crop({crop.Padding})"),
        RandomMaskStep mask => string.Create(CultureInfo.InvariantCulture, $"random_mask({mask.Share}, {mask.Patch})"),
        ExemplarStep exemplar => string.Create(CultureInfo.InvariantCulture, $"exemplar({exemplar.Strength})"),
        _ => throw new ArgumentException($"no name for {step}", nameof(step)),
    };

    static YamlNode Augment(AugmentStep step) => step switch
    {
        FlipStep => Text("flip"),
        CropStep crop => Map(("crop", Map(("padding", Number(crop.Padding))))),
        RandomMaskStep mask => Map(("random_mask", Map(("share", Number(mask.Share)), ("patch", Number(mask.Patch))))),
        ExemplarStep exemplar => Map(("exemplar", Map(("strength", Number(exemplar.Strength))))),
        _ => throw new ArgumentException($"no YAML for {step}", nameof(step)),
    };

    static YamlMapping Amalgamation(AmalgamationRecipe a) => Map(
        ("labels", Text(Words.Labels.Of(a.Labels))),
        ("gate", a.Labels == LabelMode.Gated ? Gate(a.Gate) : null),
        ("views_apart", Switch(a.ViewsApart)),
        ("common_space", Map(("channels", Number(a.CommonChannels)), ("blocks", Number(a.CommonBlocks)), ("form", Text(Words.CommonForm.Of(a.CommonForm))))),
        ("pool_taps", Switch(a.PoolsTaps)),
        ("standardise", Text(Words.Standardise.Of(a.Standardise))),
        ("balance", Balance(a.Balance)),
        ("losses", List(a.Losses.Select(Term))));

    static YamlNode Balance(BalanceRecipe? balance) => balance switch
    {
        null => Text("none"),
        UncertaintyBalance => Text("uncertainty"),
        GradNormBalance norm => Map(("gradnorm", Map(("alpha", Number(norm.Alpha)), ("rate", Number(norm.Rate))))),
        _ => throw new ArgumentException($"no YAML for {balance}", nameof(balance)),
    };

    static YamlNode Gate(GateRecipe gate) => gate.Kind == GateKind.Domain
        ? Text(Words.Gate.Of(gate.Kind))
        : Map((Words.Gate.Of(gate.Kind), Map(
            ("clusters", gate.HasClusters ? Number(gate.Clusters) : null),
            ("evidence", gate.HasClusters ? Text(Words.Evidence.Of(gate.Evidence)) : null),
            ("agreement_after", !gate.HasClusters ? null : gate.AgreementAfter is { } epochs ? Number(epochs) : Text("none")),
            ("nobody", Number(gate.Nobody)),
            ("ignore_domains", Switch(gate.IgnoresDomains)))));

    static YamlMapping Term(LossTerm term)
    {
        var weight = ("weight", (YamlNode?)Number(term.Weight));
        return term switch
        {
            SoftTargetTerm soft => Map(("soft_target", Map(weight, ("temperature", Number(soft.Temperature))))),
            DkdTerm dkd => Map(("dkd", Map(weight, ("alpha", Number(dkd.Alpha)), ("beta", Number(dkd.Beta)), ("temperature", Number(dkd.Temperature))))),
            StandardisedLogitsTerm logits => Map(("standardised_logits", Map(weight, ("temperature", Number(logits.Temperature))))),
            DistTerm dist => Map(("dist", Map(weight, ("beta", Number(dist.Beta)), ("gamma", Number(dist.Gamma)), ("temperature", Number(dist.Temperature))))),
            SkdTerm skd => Map(("skd", Map(weight, ("direction", Number(skd.Direction)), ("temperature", Number(skd.Temperature)), ("tikhonov", Number(skd.Tikhonov))))),
            MmdTerm mmd => Map(("mmd", Map(weight, ("bandwidths", mmd.Bandwidths is { } s ? List(s.Select(Number)) : Text("median")), ("unbiased", Switch(mmd.Unbiased)), ("form", Text(Words.MmdForm.Of(mmd.Form))), Detach(mmd.DetachTeachers)))),
            ReconstructionTerm => Map(("reconstruction", Map(weight))),
            CosineTerm cosine => Map(("cosine", Map(weight, Detach(cosine.DetachTeachers)))),
            InfoNceTerm nce => Map(("infonce", Map(weight, ("temperature", Number(nce.Temperature)), Detach(nce.DetachTeachers)))),
            VotedTargetTerm voted => Map(("voted_target", Map(weight, ("temperature", Number(voted.Temperature)), ("emphasis", Number(voted.Emphasis))))),
            LayerWiseTerm => Map(("layer_wise", Map(weight))),
            VotedFeaturesTerm voted => Map(("voted_features", Map(weight, ("channels", Number(voted.Channels))))),
            NstTerm => Map(("nst", Map(weight))),
            CongruenceTerm cc => Map(("cc", Map(weight, ("gamma", Number(cc.Gamma)), ("order", Number(cc.Order))))),
            IckdTerm => Map(("ickd", Map(weight))),
            ProjectorTerm srd => Map(("srd", Map(weight, ("power", Number(srd.Power))))),
            ReviewTerm review => Map(("review", Map(weight, ("channels", Number(review.Channels))))),
            LadderTerm ladder => Map(("ladder", Map(weight, ("hidden", Number(ladder.Hidden)), ("cosine", Number(ladder.Cosine)), Dropping(ladder.TeacherDropping)))),
            HintTerm hint => Map(("hint", Map(weight, Dropping(hint.TeacherDropping)))),
            AttentionTerm attention => Map(("attention", Map(weight, Dropping(attention.TeacherDropping)))),
            SimilarityTerm => Map(("similarity", Map(weight))),
            RkdTerm rkd => Map(("rkd", Map(weight, ("distance", Number(rkd.Distance)), ("angle", Number(rkd.Angle))))),
            PktTerm => Map(("pkt", Map(weight))),
            VidTerm vid => Map(("vid", Map(weight, Dropping(vid.TeacherDropping)))),
            SmoothCosineTerm smooth => Map(("smooth_cosine", Map(weight, ("cosine", Number(smooth.Cosine)), Dropping(smooth.TeacherDropping)))),
            MultiLabelTerm multi => Map(("multi_label", Map(weight, ("temperature", Number(multi.Temperature))))),
            ContrastiveTerm c => Map(("contrastive", Map(weight, ("pairs", Text(Words.Pairs.Of(c.Pairs))), ("temperature", Number(c.Temperature))))),
            SupervisedContrastiveTerm c => Map(("supervised_contrastive", Map(weight, ("pairs", Text(Words.Pairs.Of(c.Pairs))), ("temperature", Number(c.Temperature)), ("labels", PseudoLabels(c.Labels))))),
            ConsistencyTerm c => Map(("consistency", Map(weight, ("implies", Implies(c.Implies))))),
            HardLabelTerm => Map(("hard_label", Map(weight))),
            _ => throw new ArgumentException($"no YAML for {term}", nameof(term)),
        };
    }

    static YamlNode PseudoLabels(PseudoLabelRule rule) => rule switch
    {
        ThresholdLabels threshold => Map(("threshold", Number(threshold.Least))),
        TopLabels top => Map(("top", Number(top.Count))),
        _ => Text("argmax"),
    };

    /// <summary>Labels are keys here: written as texts, whatever they look like.</summary>
    static YamlMapping Implies(IReadOnlyList<Implication> implies)
    {
        var map = new YamlMapping(Nowhere);
        foreach (var (label, implied) in implies) map.Set(Text(label), implied is [var one] ? Text(one) : Texts(implied));
        return map;
    }

    static (string, YamlNode?) Detach(bool detach) => ("detach_teachers", Switch(detach));

    static (string, YamlNode?) Dropping(double? chance) => ("teacher_dropping", chance is { } p ? Number(p) : Text("none"));

    static YamlMapping Train(TrainRecipe t) => Map(
        ("epochs", Number(t.Epochs)),
        ("batch", Number(t.Batch)),
        ("optimizer", Text(Words.Optimizer.Of(t.Optimizer))),
        ("learning_rate", Number(t.LearningRate)),
        ("head_rate", Number(t.HeadRate)),
        ("common_rate", Number(t.CommonRate)),
        ("weight_decay", Number(t.WeightDecay)),
        ("decay_vectors", Switch(t.DecayVectors)),
        ("momentum", t.Optimizer == OptimizerKind.Sgd ? Number(t.Momentum) : null),
        ("schedule", Schedule(t.Schedule)),
        ("warmup_epochs", Number(t.WarmupEpochs)),
        ("clip_norm", t.ClipNorm is { } norm ? Number(norm) : Text("none")),
        ("groups", t.Groups.Count > 0 ? List(t.Groups.Select(Group)) : null),
        ("precision", Text(Words.Precision.Of(t.Precision))),
        ("seed", Number(t.Seed)),
        ("select", Text(t.SelectBest ? "best" : "last")),
        ("cache", t.Cache is { } cache ? Cache(cache) : Text("none")));

    static YamlMapping Cache(CacheRecipe c) => Map(
        ("folder", Text(c.Folder)),
        ("views", Number(c.Views)),
        ("dtype", Text(Words.CacheDtype.Of(c.Dtype))),
        ("max_size", Text(ByteSize.Exact(c.MaxBytes))),
        ("seed", Number(c.Seed)));

    static YamlMapping Group(GroupRecipe g) => Map(
        ("query", Text(g.Query)),
        ("learning_rate", g.LearningRate is { } rate ? rate.IsFactor ? Text($"{Number(rate.Value).Text}x") : Number(rate.Value) : null),
        ("weight_decay", g.WeightDecay is { } decay ? Number(decay) : null),
        ("freeze", g.Freeze is { } freeze ? Switch(freeze) : null),
        ("initialise", g.Initialise is { } first ? Text(Words.First.Of(first)) : null));

    static YamlNode Schedule(Schedule schedule) => schedule switch
    {
        ConstantSchedule => Text("constant"),
        StepSchedule step => Map(("step", Map(("every", Number(step.Every)), ("factor", Number(step.Factor)), ("offset", Number(step.Offset))))),
        CosineSchedule => Map(("cosine", Map())),
        OneCycleSchedule => Map(("one_cycle", Map())),
        _ => throw new ArgumentException($"no YAML for {schedule}", nameof(schedule)),
    };

    static YamlSequence Size((int Height, int Width) size) => List([Number(size.Height), Number(size.Width)]);

    static YamlScalar Text(string text) => new(text, plain: false, Nowhere);

    static YamlSequence Texts(IEnumerable<string> texts) => List(texts.Select(Text));

    static YamlScalar Number(double value) => new(value.ToString("R", CultureInfo.InvariantCulture), plain: true, Nowhere);

    static YamlScalar Number(int value) => Number((long)value);

    static YamlScalar Number(long value) => new(value.ToString(CultureInfo.InvariantCulture), plain: true, Nowhere);

    static YamlScalar Switch(bool value) => new(value ? "true" : "false", plain: true, Nowhere);

    static YamlSequence List(IEnumerable<YamlNode> items)
    {
        var list = new YamlSequence(Nowhere);
        list.Items.AddRange(items);
        return list;
    }

    /// <summary>Keys whose value is null are left out.</summary>
    static YamlMapping Map(params ReadOnlySpan<(string Key, YamlNode? Value)> entries)
    {
        var map = new YamlMapping(Nowhere);
        foreach (var (key, value) in entries)
            if (value is not null)
                map.Set(new YamlScalar(key, plain: true, Nowhere), value);
        return map;
    }
}

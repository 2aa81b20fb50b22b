using System.Globalization;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Recipes.Reading;

namespace OnnxAmalgam.Training.Losses;

/// <summary>The loss as a line of text: <c>1 soft_target(T=1, gated) + 10 mmd(published) + 10 reconstruction</c>.</summary>
internal static class AmalgamationEquation
{
    /// <summary>Writes the equation of a recipe.</summary>
    public static string Write(AmalgamationRecipe recipe)
    {
        string sum = string.Join(" + ", recipe.Losses.Select(term => $"{Number(term.Weight)} {Term(term, recipe)}"));
        return recipe.Balance switch
        {
            UncertaintyBalance => $"{sum}, each divided by a learned uncertainty",
            GradNormBalance norm => $"{sum}, balanced by gradnorm(alpha={Number(norm.Alpha)})",
            _ => sum,
        };
    }

    /// <summary>A term's name in recipes and result files.</summary>
    public static string Name(LossTerm term) => term switch
    {
        SoftTargetTerm => "soft_target",
        DkdTerm => "dkd",
        StandardisedLogitsTerm => "standardised_logits",
        DistTerm => "dist",
        SkdTerm => "skd",
        MmdTerm => "mmd",
        ReconstructionTerm => "reconstruction",
        CosineTerm => "cosine",
        HintTerm => "hint",
        AttentionTerm => "attention",
        SimilarityTerm => "similarity",
        RkdTerm => "rkd",
        PktTerm => "pkt",
        VidTerm => "vid",
        SmoothCosineTerm => "smooth_cosine",
        VotedTargetTerm => "voted_target",
        InfoNceTerm => "infonce",
        LayerWiseTerm => "layer_wise",
        VotedFeaturesTerm => "voted_features",
        NstTerm => "nst",
        CongruenceTerm => "cc",
        IckdTerm => "ickd",
        ProjectorTerm => "srd",
        ReviewTerm => "review",
        LadderTerm => "ladder",
        MultiLabelTerm => "multi_label",
        ContrastiveTerm => "contrastive",
        SupervisedContrastiveTerm => "supervised_contrastive",
        HardLabelTerm => "hard_label",
        ConsistencyTerm => "consistency",
        _ => throw new NotSupportedException(term.GetType().Name),
    };

    static string Term(LossTerm term, AmalgamationRecipe recipe)
    {
        string[] details = term switch
        {
            SoftTargetTerm soft => [$"T={Number(soft.Temperature)}", Lower(recipe.Labels)],
            DkdTerm dkd => [$"alpha={Number(dkd.Alpha)}", $"beta={Number(dkd.Beta)}", $"T={Number(dkd.Temperature)}", Lower(recipe.Labels)],
            StandardisedLogitsTerm logits => [$"T={Number(logits.Temperature)}", Lower(recipe.Labels)],
            DistTerm dist => [$"beta={Number(dist.Beta)}", $"gamma={Number(dist.Gamma)}", $"T={Number(dist.Temperature)}", Lower(recipe.Labels)],
            SkdTerm skd => [$"direction={Number(skd.Direction)}", $"T={Number(skd.Temperature)}", $"tikhonov={Number(skd.Tikhonov)}", Lower(recipe.Labels)],
            VotedTargetTerm voted => [$"T={Number(voted.Temperature)}", $"emphasis={Number(voted.Emphasis)}", Lower(recipe.Labels)],
            MmdTerm mmd => [Bank(mmd.Bandwidths), .. mmd.Unbiased ? (string[])["unbiased"] : [], .. mmd.Form == MmdForm.Map ? (string[])[] : [mmd.Form == MmdForm.Pooled ? "pooled" : "location"]],
            InfoNceTerm nce => [$"T={Number(nce.Temperature)}"],
            VotedFeaturesTerm voted => [$"channels={voted.Channels}"],
            CongruenceTerm cc => [$"gamma={Number(cc.Gamma)}", $"order={cc.Order}"],
            ProjectorTerm srd => [$"power={Number(srd.Power)}"],
            ReviewTerm review => [$"channels={review.Channels}"],
            LadderTerm ladder => [$"hidden={ladder.Hidden}", $"cosine={Number(ladder.Cosine)}"],
            RkdTerm rkd => [$"distance={Number(rkd.Distance)}", $"angle={Number(rkd.Angle)}"],
            MultiLabelTerm multi => [$"T={Number(multi.Temperature)}", Lower(recipe.Labels)],
            ContrastiveTerm contrast => [Words.Pairs.Of(contrast.Pairs), $"T={Number(contrast.Temperature)}"],
            SupervisedContrastiveTerm contrast => [Words.Pairs.Of(contrast.Pairs), $"T={Number(contrast.Temperature)}", Rule(contrast.Labels), Lower(recipe.Labels)],
            ConsistencyTerm consistency => [$"implications={Implications.All(consistency.Implies).Count}"],
            SmoothCosineTerm smooth => [$"cosine={Number(smooth.Cosine)}"],
            _ => [],
        };
        details = [.. details, .. Features(term, recipe.Standardise)];
        return details.Length == 0 ? Name(term) : $"{Name(term)}({string.Join(", ", details)})";
    }

    static IEnumerable<string> Features(LossTerm term, Standardisation standardise)
    {
        if (term is MmdTerm { DetachTeachers: true } or CosineTerm { DetachTeachers: true } or InfoNceTerm { DetachTeachers: true }) yield return "teachers detached";
        if (term is ReconstructionTerm || term.Reads is TermInput.Taps or TermInput.Levels)
        {
            if (standardise == Standardisation.Ema) yield return "standardised";
            if (standardise == Standardisation.Offline) yield return "standardised offline";
            if (standardise == Standardisation.PhiS) yield return "phi_s";
        }

        if (Dropping(term) is { } chance) yield return $"dropping={Number(chance)}";
    }

    /// <summary>The chance of <see cref="Features.TeacherDropping"/>; null: all teachers count.</summary>
    public static double? Dropping(LossTerm term) => term switch
    {
        HintTerm hint => hint.TeacherDropping,
        AttentionTerm attention => attention.TeacherDropping,
        VidTerm vid => vid.TeacherDropping,
        SmoothCosineTerm smooth => smooth.TeacherDropping,
        LadderTerm ladder => ladder.TeacherDropping,
        _ => null,
    };

    static string Rule(PseudoLabelRule rule) => rule switch
    {
        ThresholdLabels threshold => $"p>={Number(threshold.Least)}",
        TopLabels top => $"top {Number(top.Count)}",
        _ => "argmax",
    };

    static string Bank(IReadOnlyList<double>? bandwidths) =>
        bandwidths is null ? "median"
        : bandwidths.SequenceEqual(MmdTerm.Published) ? "published"
        : $"[{string.Join(", ", bandwidths.Select(Number))}]";

    static string Lower(LabelMode mode) => mode switch
    {
        LabelMode.Concat => "concat",
        LabelMode.Joint => "joint",
        LabelMode.Restricted => "restricted",
        _ => "gated",
    };

    static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}

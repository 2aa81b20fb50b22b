using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Optimisation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>Each method on the bundled teachers' scores and features: steps on one batch lower the method's own loss.</summary>
public sealed class MethodStepTests
{
    public static TheoryData<string, string> Methods
    {
        get
        {
            TheoryData<string, string> rows = [];
            foreach (string labels in (string[])["gated", "concat", "joint", "restricted"])
            {
                rows.Add(labels, "soft_target: {weight: 1}");
                rows.Add(labels, "multi_label: {weight: 1}");
            }

            foreach (string term in (string[])["dkd: {weight: 1}", "standardised_logits: {weight: 1}", "dist: {weight: 1}", "skd: {weight: 1}", "skd: {weight: 1, direction: 30}", "voted_target: {weight: 1}"])
            {
                foreach (string labels in (string[])["gated", "concat", "joint"])
                {
                    rows.Add(labels, term);
                }
            }

            foreach (string term in (string[])["hint: {weight: 1}", "hint: {weight: 1, teacher_dropping: 0.5}", "attention: {weight: 1000}", "similarity: {weight: 3000}", "rkd: {weight: 1}", "pkt: {weight: 30000}", "vid: {weight: 1}", "smooth_cosine: {weight: 1}",
                "layer_wise: {weight: 1}", "voted_features: {weight: 1}", "nst: {weight: 50}", "cc: {weight: 10}", "ickd: {weight: 10}", "srd: {weight: 1}", "review: {weight: 1, channels: 16}", "ladder: {weight: 1}", "ladder: {weight: 1, teacher_dropping: 0.5}"])
            {
                foreach (string standardise in (string[])["none", "ema", "offline", "phi_s"])
                {
                    if (standardise == "phi_s" || term.StartsWith("hint", StringComparison.Ordinal))
                    {
                        rows.Add($"gated, standardise: {standardise}", term);
                    }
                }
            }

            foreach (string space in (string[])["", ", common_space: {form: kae}", ", pool_taps: true", ", common_space: {form: kae}, pool_taps: true"])
            {
                foreach (string term in (string[])["mmd: {weight: 10, bandwidths: median, form: pooled}", "mmd: {weight: 10, bandwidths: median, unbiased: true, detach_teachers: true}", "reconstruction: {weight: 1}", "cosine: {weight: 1, detach_teachers: true}", "infonce: {weight: 1}"])
                {
                    rows.Add($"gated, standardise: ema{space}", term);
                }
            }

            rows.Add("gated", "mmd: {weight: 10, bandwidths: median, form: location}");
            rows.Add("concat", "mmd: {weight: 10, bandwidths: published}");
            foreach (string term in (string[])["contrastive: {weight: 1}", "contrastive: {weight: 1, pairs: teachers}", "supervised_contrastive: {weight: 1}", "supervised_contrastive: {weight: 1, labels: {threshold: 0.2}}", "supervised_contrastive: {weight: 1, labels: {top: 2}}"])
            {
                rows.Add("gated, common_space: {channels: 8, blocks: 1}", term);
            }

            rows.Add("restricted", "skd: {weight: 1}");
            rows.Add("gated", "consistency: {weight: 1, implies: {trouser: \"1\", bag: [\"0\", \"8\"], \"7\": \"1\"}}}, {multi_label: {weight: 0}");
            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Its_steps_lower_its_own_loss(string labels, string term)
    {
        double[] losses = Losses($"amalgamation={{labels: {labels}, losses: [{{{term}}}]}}");
        Assert.True(losses[^1] < losses[0] - (0.02 * Math.Abs(losses[0])), string.Join(", ", losses));
    }

    [Theory]
    [InlineData("review: {weight: 1, channels: 16}")]
    [InlineData("ladder: {weight: 1, teacher_dropping: 0.5}")]
    [InlineData("hint: {weight: 1}")]
    [InlineData("reconstruction: {weight: 1}")]
    public void On_two_levels_too(string term)
    {
        double[] losses = Losses($"amalgamation={{labels: gated, standardise: ema, common_space: {{channels: 8, blocks: 1}}, losses: [{{{term}}}]}}",
            "student.taps=[layer2, layer3]", "teachers.0.taps=[f.3, f.4]", "teachers.1.taps=[f.14, f.26]");
        Assert.True(losses[^1] < losses[0] - (0.02 * Math.Abs(losses[0])), string.Join(", ", losses));
    }

    [Theory]
    [InlineData("concat", "data.unlabelled=[{idx: data/mnist-validate, split: train, limit: 128}]", "hard_label: {weight: 1}")]
    [InlineData("gated, views_apart: true, common_space: {channels: 8, blocks: 1}", "augment=[{random_mask: {share: 0.5, patch: 1}}]", "infonce: {weight: 1}")]
    public void With_other_images_too(string labels, string images, string term)
    {
        double[] losses = Losses(images, $"amalgamation={{labels: {labels}, losses: [{{{term}}}]}}");
        Assert.True(losses[^1] < losses[0] - (0.02 * Math.Abs(losses[0])), string.Join(", ", losses));
    }

    [Theory]
    [InlineData("uncertainty")]
    [InlineData("gradnorm")]
    public void Balanced_terms_fall_all_of_them(string balance)
    {
        string amalgamation = $"amalgamation={{labels: gated, standardise: ema, balance: {balance}, losses: [{{soft_target: {{weight: 1}}}}, {{hint: {{weight: 1}}}}]}}";
        for (int term = 1; term <= 2; term++)
        {
            double[] losses = Losses(term, amalgamation);
            Assert.True(losses[^1] < losses[0] - (0.02 * Math.Abs(losses[0])), $"{term}: {string.Join(", ", losses)}");
        }
    }

    static double[] Losses(params string[] recipe) => Losses(1, recipe);

    /// <summary>A term's loss over twelve steps on one batch.</summary>
    static double[] Losses(int term, params string[] recipe)
    {
        using var scope = NewDisposeScope();
        using AmalgamationSetup setup = ShortRun.Open(recipe);
        using AmalgamationStep step = new(setup);
        using BatchLoader loader = new(setup.Train, 32, setup.Recipe.Amalgamation.ViewsApart ? setup.Recipe.Augment : [], 1, apart: setup.Recipe.Amalgamation.ViewsApart);
        ImageBatch batch = loader.Next();
        return [.. Enumerable.Range(0, 12).Select(_ => step.Run(batch, new RatePoint(2e-3))[term])];
    }
}

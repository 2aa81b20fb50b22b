using System.Globalization;
using OnnxAmalgam.Training.Caching;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Gates;

/// <summary>The gate's weight of every unlabelled image: from its source's domain where that counts, else estimated.</summary>
public sealed class GateTable
{
    readonly Dictionary<ImageSet, float[]> weights;
    readonly Dictionary<ImageSet, GateGrounds[]> grounds;

    GateTable(Dictionary<ImageSet, float[]> weights, Dictionary<ImageSet, GateGrounds[]> grounds, string? note) => (this.weights, this.grounds, Note) = (weights, grounds, note);

    /// <summary>How images were shared out ("estimated, images go to ..."), or null where nothing was estimated.</summary>
    public string? Note { get; }

    /// <summary>W[n * teachers], row by row: rows sum to 1, or to 0 for an image that is nobody's.</summary>
    /// <param name="images">One of the sets it was made for, or a selection from one.</param>
    internal float[] Of(ImageSet images)
    {
        if (images is not ImageSubset some || weights.ContainsKey(images))
        {
            return weights[images];
        }

        float[] all = Of(some.Images);
        int teachers = all.Length / some.Images.Count;
        var rows = new float[some.Count * teachers];
        for (int i = 0; i < some.Count; i++)
        {
            all.AsSpan(some.Indices[i] * teachers, teachers).CopyTo(rows.AsSpan(i * teachers));
        }

        return rows;
    }

    /// <summary>What is known of each image of a set it was made for, beside its teacher; where its source's domain counts, or nobody decides
    /// anew, nothing (<see cref="GateGrounds.None"/>).</summary>
    internal GateGrounds[] GroundsOf(ImageSet images) => grounds[images];

    /// <summary>Makes the table for the recipe's unlabelled images.</summary>
    /// <param name="recipe">Teachers, sources, gate.</param>
    /// <param name="union">The teachers and their labels.</param>
    /// <param name="sets">The sets that the unlabelled sources were divided into.</param>
    /// <param name="compute">Device and threads of the estimation.</param>
    /// <param name="cache">Where the teachers' evidence is kept; null: nowhere.</param>
    internal static GateTable Make(Recipe recipe, LabelUnion union, IReadOnlyList<ImageSet> sets, ComputeOptions compute, OutputCache? cache)
    {
        GateRecipe gate = recipe.Amalgamation.Gate;
        IReadOnlyList<string>?[] domains = [.. recipe.Data.Unlabelled.Select(s => gate.IgnoresDomains ? null : s.Domain)];
        float[]?[] bySource = DomainTable.Weights(domains, union);
        var all = new ImageUnion(sets);
        int[] open = [.. Enumerable.Range(0, all.Count).Where(i => bySource[all.SourceOf(i)] is null)];
        var rows = new float[all.Count][];
        for (int i = 0; i < all.Count; i++)
        {
            rows[i] = bySource[all.SourceOf(i)] ?? [];
        }

        if (open.Length == 0)
        {
            return new GateTable(PerSet(sets, rows), PerSet(sets, Enumerable.Repeat(GateGrounds.None, all.Count).ToArray()), null);
        }

        int[] scoring = [.. Enumerable.Range(0, union.Teachers.Count).Where(union.HasScores)];
        float[][] only = [.. Enumerable.Range(0, union.Teachers.Count).Select(t => OnlyOf(t, union.Teachers.Count))];
        ImageSet estimated = all.Select(open);
        var (owners, known) = Estimate(recipe, estimated, scoring, compute, cache);
        GateGrounds[] ground = [.. Enumerable.Repeat(GateGrounds.None, all.Count)];
        for (int i = 0; i < open.Length; i++)
        {
            rows[open[i]] = owners[i] < 0 ? new float[union.Teachers.Count] : only[owners[i]];
            ground[open[i]] = known.Length > 0 && owners[i] >= 0 ? known[i] : GateGrounds.None;
        }

        return new GateTable(PerSet(sets, rows), PerSet(sets, ground), Describe(owners, estimated, recipe, union, scoring));
    }

    /// <summary>The teacher of each image, -1 where it is nobody's.</summary>
    static (int[] Owners, GateGrounds[] Grounds) Estimate(Recipe recipe, ImageSet images, int[] scoring, ComputeOptions compute, OutputCache? cache)
    {
        using var evidence = GateEvidence.Collect([.. scoring.Select(i => recipe.Teachers[i])], images, compute, cache, recipe.Amalgamation.Gate.Reads == GateEvidenceKind.Statistics);
        using Tensor owners = GateEstimate.Owners(evidence, recipe.Amalgamation.Gate, recipe.Train.Seed);
        using Tensor nobodys = GateEstimate.Nobodys(evidence, recipe.Amalgamation.Gate.Nobody);
        bool[] open = nobodys.data<bool>().ToArray();
        return ([.. owners.data<long>().Select((o, i) => open[i] ? -1 : scoring[o])], recipe.Amalgamation.Gate.AgreementAfter is null ? [] : Grounds(recipe, evidence, scoring));
    }

    static GateGrounds[] Grounds(Recipe recipe, GateEvidence evidence, int[] scoring)
    {
        using Tensor clusters = GateEstimate.Clusters(evidence, recipe.Amalgamation.Gate, recipe.Train.Seed), standing = GateEstimate.Standing(evidence);
        float[][] rows = [.. standing.data<float>().Chunk(scoring.Length)];
        return [.. clusters.data<long>().Select((cluster, i) => new GateGrounds((int)cluster, Spread(rows[i])))];

        float[] Spread(float[] row)
        {
            var all = new float[recipe.Teachers.Count];
            foreach (var (column, teacher) in scoring.Index())
            {
                all[teacher] = row[column];
            }

            return all;
        }
    }

    static float[] OnlyOf(int teacher, int teachers)
    {
        var row = new float[teachers];
        row[teacher] = 1;
        return row;
    }

    static Dictionary<ImageSet, float[]> PerSet(IReadOnlyList<ImageSet> sets, float[][] rows) =>
        Parts(sets).ToDictionary(p => p.Set, p => rows[p.Range].SelectMany(r => r).ToArray());

    static Dictionary<ImageSet, GateGrounds[]> PerSet(IReadOnlyList<ImageSet> sets, GateGrounds[] values) => Parts(sets).ToDictionary(p => p.Set, p => values[p.Range]);

    static IEnumerable<(ImageSet Set, Range Range)> Parts(IReadOnlyList<ImageSet> sets)
    {
        int start = 0;
        foreach (ImageSet set in sets)
        {
            yield return (set, start..(start + set.Count));
            start += set.Count;
        }
    }

    /// <summary>Shares, and how often the estimate is the teacher that the source names; a source's domain is used for nothing else.</summary>
    static string Describe(int[] owner, ImageSet images, Recipe recipe, LabelUnion union, int[] scoring)
    {
        int[] owners = recipe.Amalgamation.Gate.Nobody > 0 ? [.. scoring, -1] : scoring;
        string shares = string.Join(", ", owners.Select(t => string.Create(CultureInfo.InvariantCulture,
            $"{(t < 0 ? "nobody" : union.Teachers[t])} {100.0 * owner.Count(o => o == t) / owner.Length:0.0} %")));
        var tagged = Enumerable.Range(0, images.Count)
            .Where(i => recipe.Data.Unlabelled[images.SourceOf(i)].Domain is { Count: 1 } && owner[i] >= 0)
            .ToArray();
        if (tagged.Length == 0)
        {
            return $"estimated, images go to {shares}";
        }

        int right = tagged.Count(i => recipe.Data.Unlabelled[images.SourceOf(i)].Domain![0] == union.Teachers[owner[i]]);
        return string.Create(CultureInfo.InvariantCulture, $"estimated, images go to {shares}; {100.0 * right / tagged.Length:0.00} % of {tagged.Length} images go to the teacher their source names");
    }
}

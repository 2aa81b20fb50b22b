using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Gates;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Exemplars;

/// <summary>Chooses the patches that surrogate classes are made of.</summary>
/// <remarks>
/// Candidates are squares of half to the whole of an image's shorter side, anywhere in it; twice as many as are wanted are drawn among four times as
/// many, with probability in proportion to the mean squared gradient (Dosovitskiy et al., arXiv 1406.6909; there 32 x 32 patches of 96 x 96 images).
/// A patch that looks to the teachers as one already taken does, so that one thing would become two classes (collisions, which end the gain beyond
/// 8,000 classes there), is left out: cosine of their joint features, standardised over the candidates, above a bound. The published remedy is to
/// cluster seeds and merge; here teachers are at hand.
/// </remarks>
internal static class SurrogateSeeds
{
    const int CandidatesPerDrawn = 2, DrawnPerClass = 2, Block = 256;

    /// <summary>Chosen patches, and how many were left out as another's like.</summary>
    /// <param name="recipe">The teachers.</param>
    /// <param name="images">The unlabelled images.</param>
    /// <param name="options">How many, and what is alike.</param>
    /// <param name="compute">Device and threads of the teachers.</param>
    public static (PatchSet Seeds, int Collisions) Choose(Recipe recipe, ImageSet images, ExemplarOptions options, ComputeOptions compute)
    {
        var seed = recipe.Train.Seed;
        var drawn = DrawnPerClass * options.Classes;
        var candidates = PatchSet.Cut(images, Places(images, CandidatesPerDrawn * drawn, seed));
        var detailed = candidates.Keep(ByDetail(candidates, drawn, seed));
        using var evidence = GateEvidence.Collect([.. recipe.Teachers.Where(t => !t.FeaturesOnly)], detailed, compute);
        var (kept, collisions) = WithoutCollisions(evidence.Features, options.Classes, options.Similarity);
        return (detailed.Keep(kept).Hold(), collisions);
    }

    /// <summary>Squares of the images; every image comes before one comes again.</summary>
    internal static PatchPlace[] Places(ImageSet images, int count, long seed)
    {
        var shorter = Math.Min(images.Height, images.Width);
        var order = Randomness.Permutation(seed, "exemplar/images", 0, images.Count);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            int Below(int value, int bound) => Randomness.ToInt(Randomness.Draw(seed, "exemplar/place", i, value), bound);
            var side = shorter - Below(0, (shorter / 2) + 1);
            return new PatchPlace(order[i % order.Length], Below(1, images.Height - side + 1), Below(2, images.Width - side + 1), side);
        })];
    }

    /// <summary>Draws without replacement, in proportion to <see cref="PatchSet.Detail"/> (Efraimidis and Spirakis: the largest u^(1/w)).</summary>
    internal static int[] ByDetail(PatchSet patches, int count, long seed)
    {
        double Key(int i) => Math.Log(Randomness.ToUnit(Randomness.Draw(seed, "exemplar/detail", i, 0)) + 1e-300) / Math.Max(patches.Detail(i), 1e-9);
        return [.. Enumerable.Range(0, patches.Count).Select(i => (Index: i, Key: Key(i))).OrderByDescending(p => p.Key).ThenBy(p => p.Index).Take(count).Select(p => p.Index)];
    }

    /// <summary>F[n, d], centred -> at most so many rows, each less alike to all before it than the bound; and how many were passed over.</summary>
    internal static (int[] Kept, int Collisions) WithoutCollisions(Tensor features, int wanted, double bound)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var units = nn.functional.normalize(features, p: 2, dim: 1);
        var (kept, collisions, rows) = (new List<int>(), 0, (int)units.shape[0]);
        for (var first = 0; first < rows && kept.Count < wanted; first += Block)
        {
            using var inner = NewDisposeScope();
            var size = Math.Min(Block, rows - first);
            var block = units.narrow(0, first, size);
            var nearest = kept.Count == 0 ? block.new_full(size, -1) : block.mm(units.index_select(0, tensor(kept.Select(k => (long)k).ToArray())).t()).amax([1]);
            var before = nearest.to_type(ScalarType.Float64).data<double>().ToArray();
            var among = block.mm(block.t()).to_type(ScalarType.Float64).contiguous().data<double>().ToArray();
            List<int> own = [];
            for (var i = 0; i < size && kept.Count < wanted; i++)
            {
                if (before[i] > bound || own.Any(j => among[(i * size) + j] > bound))
                {
                    collisions++;
                    continue;
                }
                own.Add(i);
                kept.Add(first + i);
            }
        }
        return ([.. kept], collisions);
    }
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Caching;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Gates;

/// <summary>What the scoring teachers say of a set of images, each image once and without augmentation. Owns its tensors, which lie on the CPU.</summary>
internal sealed class GateEvidence : IDisposable
{
    const int BatchSize = 256;

    /// <summary>Takes both tensors over.</summary>
    internal GateEvidence(Tensor energy, Tensor features) => (Energy, Features) = (energy, features);

    /// <summary>E[n, teachers] = logsumexp(z_i) - mean(z_i), z_i being teacher i's scores: how much it sees of what it knows.</summary>
    public Tensor Energy { get; }

    /// <summary>F[n, d]: the teachers' pooled features side by side (a teacher without features: its probabilities); each teacher's part
    /// is standardised over these images per column and divided by the root of its width, so that every teacher weighs the same.</summary>
    public Tensor Features { get; }

    /// <summary>Runs the teachers over the images.</summary>
    /// <param name="teachers">The recipe's teachers with scores.</param>
    /// <param name="images">The images.</param>
    /// <param name="compute">Device and threads.</param>
    /// <param name="cache">Where a teacher's evidence is kept, whatever the gate makes of it; null: nowhere.</param>
    /// <exception cref="InputException">A teacher cannot be opened or gives scores that are not finite.</exception>
    public static GateEvidence Collect(IReadOnlyList<TeacherRecipe> teachers, ImageSet images, ComputeOptions compute, OutputCache? cache)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var (energies, features) = (new List<Tensor>(), new List<Tensor>());
        foreach (TeacherRecipe recipe in teachers)
        {
            using Teacher teacher = Open(recipe, compute, cache);
            Tensor rows = Collect(teacher, images);
            Tensor all = Standardised(rows.narrow(1, 1, rows.shape[1] - 1).contiguous());
            energies.Add(rows.select(1, 0).contiguous());
            features.Add(all / Math.Sqrt(all.shape[1]));
        }

        return new GateEvidence(stack(energies, 1).DetachFromDisposeScope(), cat(features, 1).DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Energy.Dispose();
        Features.Dispose();
    }

    /// <summary>With features where the graph has any (classical models have none).</summary>
    static Teacher Open(TeacherRecipe recipe, ComputeOptions compute, OutputCache? cache)
    {
        try
        {
            return Teacher.Open(recipe with { Taps = recipe.Taps is { Count: 0 } ? null : recipe.Taps }, withTaps: true, compute.Session, cache);
        }
        catch (InputException) when (recipe.Taps is not { Count: > 0 })
        {
            return Teacher.Open(recipe, withTaps: false, compute.Session, cache);
        }
    }

    /// <summary>R[n, 1 + d]: energy and pooled features of each image.</summary>
    static Tensor Collect(Teacher teacher, ImageSet images)
    {
        using var scope = NewDisposeScope();
        var rows = new List<Tensor>();
        foreach (ImageBatch batch in BatchLoader.InOrder(images, BatchSize))
        {
            using var inner = NewDisposeScope();
            Tensor canvas = BatchTensors.Canvas(batch, images);
            rows.Add(teacher.Derived("gate evidence", canvas, i => images.NameOf(batch.Indices[i]), output => Rows(teacher, output)).MoveToOuterDisposeScope());
        }

        return cat(rows, 0).MoveToOuterDisposeScope();
    }

    static Tensor Rows(Teacher teacher, TeacherOutput output)
    {
        Tensor scores = output.Logits!;
        Tensor[] pooled = [.. output.Taps.Select((tap, i) => Pool(tap, teacher.TapShapes[i]))];
        return cat([(scores.logsumexp(1) - scores.mean([1])).unsqueeze(1), .. pooled.Length > 0 ? pooled : [scores.softmax(1)]], 1);
    }

    static Tensor Pool(Tensor tap, TapShape shape) => tap.dim() == 2 ? tap : tap.movedim([shape.Axis], [1]).flatten(2).mean([2]);

    static Tensor Standardised(Tensor columns) => (columns - columns.mean([0])) / columns.std(0, unbiased: false).clamp_min(1e-6);
}

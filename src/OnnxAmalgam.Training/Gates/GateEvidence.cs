using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Caching;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Gates;

/// <summary>What the scoring teachers say of a set of images, each image once and without augmentation. Owns its tensors, which lie on the CPU.</summary>
internal sealed class GateEvidence : IDisposable
{
    const int BatchSize = 256;
    const long MostValues = 1L << 26;

    /// <summary>Takes the tensors over.</summary>
    internal GateEvidence(Tensor energy, Tensor features, Tensor predicted) => (Energy, Features, Predicted) = (energy, features, predicted);

    /// <summary>E[n, teachers] = logsumexp(z_i) - mean(z_i), z_i being teacher i's scores: how much it sees of what it knows.</summary>
    public Tensor Energy { get; }

    /// <summary>F[n, d]: the teachers' pooled features side by side (a teacher without features: its probabilities); each teacher's part
    /// is standardised over these images per column and divided by the root of its width, so that every teacher weighs the same.</summary>
    public Tensor Features { get; }

    /// <summary>Width of each teacher's part of the features.</summary>
    public IReadOnlyList<long> Widths { get; init; } = [];

    /// <summary>E[n, teachers, temperatures] of <see cref="EnergyCalibration"/>; null where nobody asked.</summary>
    public Tensor? Energies { get; init; }

    /// <summary>A[n, teachers]: each teacher's class of largest score.</summary>
    public Tensor Predicted { get; }

    /// <summary>S[n, teachers] of <see cref="NormalisationStatistics"/>, not a number for a teacher without normalisations; null where nobody asked.</summary>
    public Tensor? Nearness { get; init; }

    /// <summary>Runs the teachers over the images.</summary>
    /// <param name="teachers">The recipe's teachers with scores.</param>
    /// <param name="images">The images.</param>
    /// <param name="compute">Device and threads.</param>
    /// <param name="cache">Where a teacher's evidence is kept, whatever the gate makes of it; null: nowhere.</param>
    /// <param name="withStatistics">Whether to look at their normalisations, too.</param>
    /// <exception cref="InputException">A teacher cannot be opened or gives scores that are not finite; or none has normalisations to look at.</exception>
    public static GateEvidence Collect(IReadOnlyList<TeacherRecipe> teachers, ImageSet images, ComputeOptions compute, OutputCache? cache = null, bool withStatistics = false)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var says = new List<Sayings>();
        foreach (TeacherRecipe recipe in teachers)
        {
            using Teacher teacher = Open(recipe, compute, cache);
            says.Add(Collect(teacher, images));
        }

        Tensor energies = stack(says.Select(s => s.Energies).ToArray(), 1);
        return new GateEvidence(
            energies.select(2, EnergyCalibration.One).clone().DetachFromDisposeScope(),
            cat(says.Select(s => s.Features).ToArray(), 1).DetachFromDisposeScope(),
            stack(says.Select(s => s.Predicted).ToArray(), 1).DetachFromDisposeScope())
        {
            Widths = [.. says.Select(s => s.Features.shape[1])],
            Energies = energies.DetachFromDisposeScope(),
            Nearness = withStatistics ? Statistics(teachers, images, compute).DetachFromDisposeScope() : null,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor? tensor in (Tensor?[])[Energy, Features, Energies, Predicted, Nearness])
        {
            tensor?.Dispose();
        }
    }

    static Tensor Statistics(IReadOnlyList<TeacherRecipe> teachers, ImageSet images, ComputeOptions compute)
    {
        NormalisationStatistics[] statistics = [.. teachers.Select(t => NormalisationStatistics.Of(OnnxModel.Load(t.Model)))];
        return statistics.Any(s => s.Values.Count > 0)
            ? stack(teachers.Select((t, i) => Nearnesses(t, statistics[i], images, compute)).ToArray(), 1)
            : throw new InputException("amalgamation.gate, 'statistics': expected BatchNormalization with its running statistics in at least one teacher, got none (exporters fold it into convolutions); use another gate");
    }

    static Tensor Nearnesses(TeacherRecipe recipe, NormalisationStatistics statistics, ImageSet images, ComputeOptions compute)
    {
        if (statistics.Values.Count == 0)
        {
            return full(images.Count, float.NaN);
        }

        using var scope = NewDisposeScope();
        using Teacher teacher = Teacher.Open(recipe with { Taps = [.. statistics.Values.Select(v => new TapRecipe(v))] }, withTaps: true, compute.Session);
        // every normalisation's input at once, of a large network: its values bound the batch
        long values = teacher.TapShapes.Sum(shape => shape.Shape.Skip(1).Aggregate(1L, (a, b) => a * b));
        int size = (int)Math.Clamp(MostValues / Math.Max(1, values), 1, images.BatchOf(BatchSize));
        var all = new List<Tensor>();
        foreach (ImageBatch batch in BatchLoader.InOrder(images, size))
        {
            using var inner = NewDisposeScope();
            TeacherOutput output = teacher.Run(BatchTensors.Canvas(batch, images), i => images.NameOf(batch.Indices[i]));
            all.Add(statistics.Nearness(output.Taps).MoveToOuterDisposeScope());
        }

        return cat(all, 0).MoveToOuterDisposeScope();
    }

    /// <summary>What one teacher says of all images.</summary>
    sealed record Sayings(Tensor Energies, Tensor Features, Tensor Predicted);

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

    static Sayings Collect(Teacher teacher, ImageSet images)
    {
        using var scope = NewDisposeScope();
        var rows = new List<Tensor>();
        foreach (ImageBatch batch in BatchLoader.InOrder(images, images.BatchOf(BatchSize)))
        {
            using var inner = NewDisposeScope();
            Tensor canvas = BatchTensors.Canvas(batch, images);
            rows.Add(teacher.Derived("gate evidence: energies, class, features", canvas, i => images.NameOf(batch.Indices[i]), output => Rows(teacher, output)).MoveToOuterDisposeScope());
        }

        Tensor all = cat(rows, 0);
        int temperatures = EnergyCalibration.Temperatures.Count;
        Tensor features = Standardised(all.narrow(1, temperatures + 1, all.shape[1] - temperatures - 1).contiguous());
        return new(
            all.narrow(1, 0, temperatures).contiguous().MoveToOuterDisposeScope(),
            (features / Math.Sqrt(features.shape[1])).MoveToOuterDisposeScope(),
            all.select(1, temperatures).to_type(ScalarType.Int64).MoveToOuterDisposeScope());
    }

    /// <summary>R[n, temperatures + 1 + d]: energies, the class of largest score, pooled features of each image.</summary>
    static Tensor Rows(Teacher teacher, TeacherOutput output)
    {
        Tensor scores = output.Logits!;
        Tensor[] pooled = [.. output.Taps.Select((tap, i) => teacher.TapShapes[i].Pool(tap))];
        return cat([EnergyCalibration.Energies(scores), scores.argmax(1, keepdim: true).to_type(scores.dtype), .. pooled.Length > 0 ? pooled : [scores.softmax(1)]], 1);
    }

    static Tensor Standardised(Tensor columns) => (columns - columns.mean([0])) / columns.std(0, unbiased: false).clamp_min(1e-6);
}

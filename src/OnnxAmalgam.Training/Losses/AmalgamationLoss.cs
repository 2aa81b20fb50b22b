using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses;

/// <summary>The recipe's equation: weighted terms over one batch. Owns the common space, whose parameters train beside the student's.</summary>
/// <remarks>No value is read back to the host: what the terms were stays on the device until the trainer reads it.
/// Half precision scores are compared in float32; discrepancy, cosine and reconstruction too.</remarks>
internal sealed class AmalgamationLoss : nn.Module
{
    readonly AmalgamationRecipe recipe;
    readonly UnionTarget target;
    readonly CommonSpaceProjector? commonSpace;
    readonly ModuleList<FeatureLoss> features;
    readonly FeatureLoss?[] featureOf;
    readonly ModuleList<WeightedContrast> contrasts;
    readonly WeightedContrast?[] contrastOf;
    readonly int[] tapOwners;
    readonly string[] tapped;
    readonly Tensor owners;
    readonly bool oneTapEach;
    readonly long seed;

    /// <summary>Builds the terms and, where one needs it, the common space; the module owns all it makes.</summary>
    /// <param name="recipe">The equation.</param>
    /// <param name="union">The labels, merged as the recipe's label mode asks.</param>
    /// <param name="student">The student's tap; null where no term reads features.</param>
    /// <param name="taps">The teachers' taps.</param>
    /// <param name="source">Where the common space's weights come from, and device and dtype.</param>
    /// <exception cref="InputException">A term that needs a grid, and taps that have none.</exception>
    public AmalgamationLoss(AmalgamationRecipe recipe, LabelUnion union, TapShape? student, IReadOnlyList<TeacherTap> taps, WeightSource source) : base(nameof(AmalgamationLoss))
    {
        this.recipe = recipe;
        seed = source.Seed;
        target = new(recipe.Labels, union, source.Device);
        int[] teachers = [.. taps.Select(t => t.Teacher).Distinct().Order()];
        tapped = [.. teachers.Select(i => union.Teachers[i])];
        tapOwners = [.. taps.Select(t => t.Teacher)];
        oneTapEach = taps.Select(t => t.Teacher).SequenceEqual(teachers);
        owners = tensor(taps.Select(t => (long)Array.IndexOf(teachers, t.Teacher)).ToArray(), device: source.Device).DetachFromDisposeScope();
        register_buffer("owners", owners, persistent: false);
        TermNames = [.. recipe.Losses.SelectMany((term, i) => Names(term, recipe.Losses.Take(i)))];
        commonSpace = recipe.NeedsTaps ? CommonSpace(recipe, student, taps, source) : null;
        RequireGrid(recipe, student, taps);
        ContrastRequirements.Check(recipe, union, tapOwners);
        featureOf = [.. recipe.Losses.Select(t => t.Reads != TermInput.Taps ? null
            : FeatureLoss.Create(t, student!.Channels, [.. taps.Select(tap => tap.Shape.Channels)], commonSpace!.Pooled, source))];
        features = new([.. featureOf.OfType<FeatureLoss>()]);
        contrastOf = [.. recipe.Losses.Select(t => t is ContrastiveTerm c ? new WeightedContrast(c, recipe.CommonChannels, source) : null)];
        contrasts = new([.. contrastOf.OfType<WeightedContrast>()]);
        RegisterComponents();
    }

    /// <summary>What is minimised, as text.</summary>
    public string Equation => AmalgamationEquation.Write(recipe);

    /// <summary>Names of <see cref="LossResult.Values"/>: each term's (<c>mmd</c>) followed by its parts (<c>mmd[TEACHER]</c>, which sum to it); a second term of one kind is <c>mmd#2</c>.</summary>
    public IReadOnlyList<string> TermNames { get; }

    /// <summary>Fits what is fitted before training, where the recipe asks for it.</summary>
    /// <param name="next">The teachers' taps of a next batch of images, in tap order; null after the last.</param>
    public void Fit(Func<IReadOnlyList<Tensor>?> next) => commonSpace?.Fit(next);

    /// <summary>Evaluates one batch.</summary>
    public LossResult Forward(LossInputs inputs)
    {
        using var scope = NewDisposeScope();
        var student = Wide(inputs.StudentLogits);
        var taps = commonSpace?.Forward(inputs.StudentTap ?? throw new ArgumentException("the student's tap is missing", nameof(inputs)), inputs.TeacherTaps);
        var units = taps?.Common is { } common && recipe.Losses.Any(t => t is MmdTerm or CosineTerm) ? Units(common.Features) : null;
        var values = recipe.Losses.Select((term, i) => Evaluate(term, featureOf[i], contrastOf[i], inputs, student, taps, units)).ToArray();
        var total = stack(values.Select((v, i) => v[0] * recipe.Losses[i].Weight).ToArray()).sum();
        return new(total.MoveToOuterDisposeScope(), cat(values).detach().MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    /// <remarks>A module does not dispose buffers that are not persistent.</remarks>
    protected override void Dispose(bool disposing)
    {
        if (disposing) owners.Dispose();
        base.Dispose(disposing);
    }

    static CommonSpaceProjector CommonSpace(AmalgamationRecipe recipe, TapShape? student, IReadOnlyList<TeacherTap> taps, WeightSource source)
    {
        if (student is null || taps.Count == 0) throw new ArgumentException("terms on features need the student's tap and a teacher's", nameof(taps));
        CommonSpaceOptions? options = !recipe.NeedsCommonSpace ? null : new(recipe.CommonChannels, recipe.CommonBlocks, Reconstructs: recipe.Losses.Any(t => t is ReconstructionTerm));
        return new(student, [.. taps.Select(t => t.Shape)], options, recipe.Standardise, source);
    }

    /// <summary>A term as V[1] or V[1 + teachers]: its value, then its parts.</summary>
    Tensor Evaluate(LossTerm term, FeatureLoss? feature, WeightedContrast? contrast, LossInputs inputs, Tensor student, ProjectedTaps? taps, Tensor? units) => term switch
    {
        { Reads: TermInput.Scores } => target.Loss(term, inputs, student).view(1),
        HardLabelTerm => HardLabel.CrossEntropy(student, inputs.HardLabels ?? throw new ArgumentException("a hard label term needs labels", nameof(inputs))).view(1),
        MmdTerm mmd => WithParts(Mmd.ToEach(units!, new(mmd.Bandwidths, mmd.Unbiased))),
        CosineTerm => WithParts(PairedCosine.ToEach(units!)),
        ContrastiveTerm => WithParts(contrast!.ToEach(Wide(taps!.Common!.Features), tapOwners)),
        SupervisedContrastiveTerm supervised => WithParts(SupervisedContrast.ToEach(supervised, Wide(taps!.Common!.Features), PseudoLabels.Of(supervised.Labels, target.Probabilities(inputs, student)), tapOwners)),
        ReconstructionTerm => WithParts(stack(taps!.Common!.Reconstructions.Zip(taps.Teachers, (r, f) => Reconstruction.MeanSquaredError(Wide(r), Wide(f))).ToArray())),
        { Reads: TermInput.Taps } => Features(term, feature!, inputs, taps!),
        _ => throw new NotSupportedException(term.GetType().Name),
    };

    Tensor Features(LossTerm term, FeatureLoss feature, LossInputs inputs, ProjectedTaps taps)
    {
        var each = feature.ToEach(Wide(taps.Student), [.. taps.Teachers.Select(Wide)]);
        if (AmalgamationEquation.Dropping(term) is not { } chance) return WithParts(each.dim() == 1 ? each : each.mean([1]));
        var losses = ByTeacher(each);
        var stream = Randomness.StreamOf($"teacher_dropping/{AmalgamationEquation.Name(term)}");
        var step = ((long)inputs.Position.Epoch << 32) + inputs.Position.Batch;
        var coefficients = TeacherDropping.Coefficients(losses, chance, k => Randomness.ToUnit(Randomness.Draw(seed, stream, step, k)));
        var parts = (losses * coefficients).sum(1);
        return cat([parts.sum().view(1), parts]);
    }

    Tensor WithParts(Tensor perTap)
    {
        var parts = ByTeacher(perTap);
        return cat([parts.sum().view(1), parts]);
    }

    /// <summary>L[taps, ...] -> L[teachers, ...], each teacher's taps summed.</summary>
    Tensor ByTeacher(Tensor perTap) =>
        oneTapEach ? perTap : perTap.new_zeros([tapped.Length, .. perTap.shape[1..]]).index_add(0, owners, perTap, 1);

    static void RequireGrid(AmalgamationRecipe recipe, TapShape? student, IReadOnlyList<TeacherTap> taps)
    {
        if (!recipe.Losses.Any(t => t is AttentionTerm)) return;
        var pooled = taps.Select(t => t.Shape).Prepend(student!).Where(t => t.Grid is null).Select(t => $"'{t.Name}'").ToArray();
        if (pooled.Length > 0)
            throw new InputException($"amalgamation.losses, 'attention': expected taps with height and width, got none at {string.Join(", ", pooled)}; choose other taps or another term");
    }

    IEnumerable<string> Names(LossTerm term, IEnumerable<LossTerm> before)
    {
        var number = before.Count(t => t.GetType() == term.GetType()) + 1;
        var name = AmalgamationEquation.Name(term) + (number == 1 ? "" : $"#{number}");
        return term.Reads is TermInput.Scores or TermInput.Labels ? [name] : [name, .. tapped.Select(t => $"{name}[{t}]")];
    }

    /// <summary>H[1 + k, n, ...] -> unit vectors U[1 + k, n, d].</summary>
    static Tensor Units(Tensor features) => nn.functional.normalize(Wide(features.flatten(2)), p: 2, dim: 2);

    static Tensor Wide(Tensor tensor) => tensor.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? tensor.to_type(ScalarType.Float32) : tensor;
}

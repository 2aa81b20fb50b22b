using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Losses.Balance;
using OnnxAmalgam.Training.Losses.Contrast;
using OnnxAmalgam.Training.Losses.Features;
using OnnxAmalgam.Training.Losses.Scores;
using OnnxAmalgam.Training.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses;

/// <summary>The recipe's equation: weighted terms over one batch. Owns the common spaces and the terms' maps, which train beside the student.</summary>
/// <remarks>No value is read back to the host: what the terms were stays on the device until the trainer reads it (balancing by gradients
/// excepted). Half precision scores are compared in float32; discrepancy, cosine and reconstruction too.
/// Each of the student's taps is a level (<see cref="TapLevels"/>) with a common space and maps of its own; a term's value is the sum over levels.</remarks>
internal sealed class AmalgamationLoss : nn.Module
{
    readonly AmalgamationRecipe recipe;
    readonly UnionTarget target;
    readonly TapLevels levels;
    readonly CommonSpaceProjector? commonSpace;
    readonly ModuleList<CommonSpaceProjector> furtherSpaces;
    readonly ModuleList<nn.Module> features;
    readonly ModuleList<WeightedContrast> contrasts;
    readonly List<LabelConsistency> consistencies = [];
    readonly BoundTerm[] terms;
    readonly int[][] tapOwners;
    readonly LossBalance? balance;
    readonly string[] tapped;
    readonly Tensor owners;
    readonly Tensor? shares;
    readonly bool oneTapEach;
    readonly long seed;

    /// <summary>Builds the terms and, where one needs it, the common space; the module owns all it makes.</summary>
    /// <param name="recipe">The equation.</param>
    /// <param name="union">The labels, merged as the recipe's label mode asks.</param>
    /// <param name="students">The student's taps; none where no term reads features.</param>
    /// <param name="taps">The teachers' taps.</param>
    /// <param name="source">Where the common space's weights come from, and device and dtype.</param>
    /// <exception cref="InputException">A term that needs a grid, and taps that have none.</exception>
    public AmalgamationLoss(AmalgamationRecipe recipe, LabelUnion union, IReadOnlyList<TapShape> students, IReadOnlyList<TeacherTap> taps, WeightSource source) : base(nameof(AmalgamationLoss))
    {
        this.recipe = recipe;
        seed = source.Seed;
        target = new(recipe.Labels, union, source.Device);
        int[] teachers = [.. taps.Select(t => t.Teacher).Distinct().Order()];
        tapped = [.. teachers.Select(i => union.Teachers[i])];
        if (recipe.NeedsTaps && (students.Count == 0 || taps.Count == 0))
            throw new ArgumentException("terms on features need the student's tap and a teacher's", nameof(taps));
        levels = recipe.NeedsTaps ? TapLevels.Match(students, taps) : TapLevels.None;
        int[] owner = [.. levels.Order.Select(i => taps[i].Teacher)];
        oneTapEach = owner.SequenceEqual(teachers);
        owners = tensor(owner.Select(t => (long)Array.IndexOf(teachers, t)).ToArray(), device: source.Device).DetachFromDisposeScope();
        register_buffer("owners", owners, persistent: false);
        if (taps.Any(t => t.Weight != 1))
        {
            shares = tensor(teachers.Select(i => taps.First(t => t.Teacher == i).Weight).ToArray(), source.Dtype, source.Device).DetachFromDisposeScope();
            register_buffer("shares", shares, persistent: false);
        }

        balance = LossBalance.Create(recipe, source);
        TermNames = [.. recipe.Losses.SelectMany((term, i) => Names(term, recipe.Losses.Take(i))), .. balance is null ? [] : recipe.Losses.Select((term, i) => $"balance[{Name(term, recipe.Losses.Take(i))}]")];
        CommonSpaceProjector[] spaces = [.. levels.Taps.Select((own, level) => Space(recipe, students[level], [.. own.Select(i => taps[i].Shape)], source))];
        commonSpace = spaces.FirstOrDefault();
        furtherSpaces = new([.. spaces.Skip(1)]);
        RequireGrid(recipe, students, taps);
        tapOwners = [.. levels.Taps.Select(own => own.Select(i => taps[i].Teacher).ToArray())];
        ContrastRequirements.Check(recipe, union, tapOwners);
        LevelShape[] shapes = [.. levels.Taps.Select((own, level) => new LevelShape(students[level].Channels, [.. own.Select(i => taps[i].Shape.Channels)], spaces[level].Pooled))];
        var made = new List<nn.Module>();
        terms = [.. recipe.Losses.Select(term => new BoundTerm(term.Weight, Bind(term, union, shapes, source, made)))];
        features = new([.. made.Where(m => m is not WeightedContrast)]);
        contrasts = new([.. made.OfType<WeightedContrast>()]);
        RegisterComponents();
    }

    /// <summary>What is minimised, as text.</summary>
    public string Equation => AmalgamationEquation.Write(recipe);

    /// <summary>Names of <see cref="LossResult.Values"/>: each term's (<c>mmd</c>) followed by its parts (<c>mmd[TEACHER]</c>, which sum to it); a second
    /// term of one kind is <c>mmd#2</c>. Where terms are balanced, the factor of each follows (<c>balance[mmd]</c>).</summary>
    public IReadOnlyList<string> TermNames { get; }

    /// <summary>Fits what is fitted before training, where the recipe asks for it.</summary>
    /// <param name="next">The teachers' taps of a next batch of images, in tap order; null after the last.</param>
    public void Fit(Func<IReadOnlyList<Tensor>?> next)
    {
        var fitting = Spaces().Select(s => s.StartFit()).ToArray();
        if (fitting.All(f => f is null)) return;
        while (Observe(fitting, next)) { }
        foreach (var (space, moments) in Spaces().Zip(fitting)) space.EndFit(moments ?? []);
    }

    /// <summary>Evaluates one batch.</summary>
    public LossResult Forward(LossInputs inputs)
    {
        using var scope = NewDisposeScope();
        var student = Wide(inputs.StudentLogits);
        if (inputs.StudentTaps.Count < levels.Taps.Count) throw new ArgumentException("a tap of the student is missing", nameof(inputs));
        var taps = Spaces().Select((space, level) => space.Forward(inputs.StudentTaps[level], [.. levels.Taps[level].Select(i => inputs.TeacherTaps[i])])).ToArray();
        var batch = new Projected(inputs, student, taps);
        var values = terms.Select(term => term.Evaluate(batch)).ToArray();
        var weighted = values.Zip(terms, (value, term) => value[0] * term.Weight).ToArray();
        var total = balance?.Total(weighted, inputs.Shared) ?? stack(weighted).sum();
        Tensor[] said = balance is null ? values : [.. values, balance.Factors()];
        return new(total.MoveToOuterDisposeScope(), cat(said).detach().MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    /// <remarks>A module does not dispose buffers that are not persistent.</remarks>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            owners.Dispose();
            shares?.Dispose();
            foreach (var consistency in consistencies) consistency.Dispose();
        }

        base.Dispose(disposing);
    }

    IEnumerable<CommonSpaceProjector> Spaces() => commonSpace is null ? [] : furtherSpaces.Prepend(commonSpace);

    static CommonSpaceProjector Space(AmalgamationRecipe recipe, TapShape student, IReadOnlyList<TapShape> taps, WeightSource source)
    {
        CommonSpaceOptions? options = !recipe.NeedsCommonSpace || taps.Count == 0 ? null
            : new(recipe.CommonChannels, recipe.CommonBlocks, Reconstructs: recipe.Losses.Any(t => t is ReconstructionTerm), Form: recipe.CommonForm);
        return new(student, taps, options, recipe.Standardise, source, recipe.PoolsTaps);
    }

    bool Observe(ChannelMoments[]?[] fitting, Func<IReadOnlyList<Tensor>?> next)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        if (next() is not { } all) return false;
        foreach (var (level, space) in Spaces().Index()) space.Observe(fitting[level] ?? [], [.. levels.Taps[level].Select(i => all[i])]);
        return true;
    }

    /// <summary>A batch with its features in the common spaces.</summary>
    sealed record Projected(LossInputs Inputs, Tensor Student, ProjectedTaps[] Taps);

    /// <summary>A term with the maps it made for itself: a batch -> V[1] or V[1 + teachers], its value, then its parts.</summary>
    sealed record BoundTerm(double Weight, Func<Projected, Tensor> Evaluate);

    /// <summary>How a term is computed. What it needs of its own is made here, in the order of terms: modules that train go to <paramref name="made"/>.</summary>
    Func<Projected, Tensor> Bind(LossTerm term, LabelUnion union, LevelShape[] shapes, WeightSource source, List<nn.Module> made)
    {
        switch (term)
        {
            case { Reads: TermInput.Scores }:
                return batch => target.Loss(term, batch.Inputs, batch.Student).view(1);
            case HardLabelTerm:
                return batch => HardLabel.CrossEntropy(batch.Student, batch.Inputs.HardLabels ?? throw new ArgumentException("a hard label term needs labels", nameof(batch))).view(1);
            case ConsistencyTerm implied:
                var consistency = new LabelConsistency(ImpliedLabels.Of(implied, union, recipe.IsMultiLabel), union, source);
                consistencies.Add(consistency);
                return batch => consistency.Penalty(batch.Student).view(1);
            case ContrastiveTerm contrastive:
                var contrast = new WeightedContrast(contrastive, recipe.CommonChannels, source);
                made.Add(contrast);
                return batch => WithParts(InSpaces(batch.Taps, (common, level) => contrast.ToEach(common, tapOwners[level])));
            case SupervisedContrastiveTerm supervised:
                return batch =>
                {
                    var labels = PseudoLabels.Of(supervised.Labels, target.Probabilities(batch.Inputs, batch.Student));
                    return WithParts(InSpaces(batch.Taps, (common, level) => SupervisedContrast.ToEach(supervised, common, labels, tapOwners[level])));
                };
            case { Reads: TermInput.CommonSpace }:
                return batch => WithParts(cat(batch.Taps.Where(t => t.Common is not null).Select(t => Common(term, t)).ToArray()));
            case { Reads: TermInput.Levels }:
                var pyramid = PyramidLoss.Create(term, shapes, source);
                made.Add(pyramid);
                return batch => Features(term, pyramid.ToEach([.. batch.Taps.Select(t => new LevelFeatures(Wide(t.Student), [.. t.Teachers.Select(Wide)]))]), batch.Inputs);
            case { Reads: TermInput.Taps }:
                FeatureLoss[] levelled = [.. shapes.Where(s => s.Teachers.Count > 0).Select(s => FeatureLoss.Create(term, s.Student, s.Teachers, s.Pooled, source))];
                made.AddRange(levelled);
                return batch => Features(term, cat(batch.Taps.Where(t => t.Teachers.Count > 0).Zip(levelled, (t, loss) => loss.ToEach(Wide(t.Student), [.. t.Teachers.Select(Wide)])).ToArray()), batch.Inputs);
            default:
                throw new NotSupportedException(term.GetType().Name);
        }
    }

    /// <summary>L[taps], from the features of each level that has a common space.</summary>
    static Tensor InSpaces(ProjectedTaps[] taps, Func<Tensor, int, Tensor> loss) =>
        cat(taps.Index().Where(t => t.Item.Common is not null).Select(t => loss(Wide(t.Item.Common!.Features), t.Index)).ToArray());

    /// <summary>A term in the common space of one level, L[taps].</summary>
    static Tensor Common(LossTerm term, ProjectedTaps taps) => term switch
    {
        MmdTerm mmd => Mmd.InForm(Wide(Held(taps.Common!.Features, mmd.DetachTeachers)), mmd.Form, new(mmd.Bandwidths, mmd.Unbiased)),
        CosineTerm cosine => PairedCosine.ToEach(Units(Held(taps.Common!.Features, cosine.DetachTeachers))),
        InfoNceTerm nce => InfoNce.ToEach(Units(Held(taps.Common!.Features, nce.DetachTeachers)), nce.Temperature),
        ReconstructionTerm => stack(taps.Common!.Reconstructions.Zip(taps.Teachers, (r, f) => Reconstruction.MeanSquaredError(Wide(r), Wide(f))).ToArray()),
        _ => throw new NotSupportedException(term.GetType().Name),
    };

    /// <summary>L[taps] or L[taps, n] with the part of each teacher, dropped where the term drops.</summary>
    Tensor Features(LossTerm term, Tensor each, LossInputs inputs)
    {
        if (AmalgamationEquation.Dropping(term) is not { } chance) return WithParts(each.dim() == 1 ? each : each.mean([1]));
        var losses = ByTeacher(each);
        var stream = Randomness.StreamOf($"teacher_dropping/{AmalgamationEquation.Name(term)}");
        var step = ((long)inputs.Position.Epoch << 32) + inputs.Position.Batch;
        var coefficients = TeacherDropping.Coefficients(losses, chance, k => Randomness.ToUnit(Randomness.Draw(seed, stream, step, k)));
        return WithSum((losses * coefficients).sum(1));
    }

    Tensor WithParts(Tensor perTap) => WithSum(ByTeacher(perTap));

    /// <summary>L[teachers] -> their weighted sum, then the parts.</summary>
    Tensor WithSum(Tensor perTeacher)
    {
        var parts = shares is null ? perTeacher : perTeacher * shares;
        return cat([parts.sum().view(1), parts]);
    }

    /// <summary>L[taps, ...], level by level -> L[teachers, ...], each teacher's taps summed.</summary>
    Tensor ByTeacher(Tensor perTap) =>
        oneTapEach ? perTap : perTap.new_zeros([tapped.Length, .. perTap.shape[1..]]).index_add(0, owners, perTap, 1);

    static void RequireGrid(AmalgamationRecipe recipe, IReadOnlyList<TapShape> students, IReadOnlyList<TeacherTap> taps)
    {
        var needy = recipe.Losses.Where(t => t is AttentionTerm or ReviewTerm or NstTerm or IckdTerm or MmdTerm { Form: MmdForm.Location }).Select(AmalgamationEquation.Name).ToArray();
        if (needy.Length == 0) return;
        var which = string.Join(", ", needy.Select(n => $"'{n}'"));
        if (recipe.PoolsTaps)
            throw new InputException($"amalgamation.losses, {which}: expected taps with height and width, got 'pool_taps: true', which averages them away; leave that out or choose another term");
        var pooled = students.Concat(taps.Select(t => t.Shape)).Where(t => t.Grid is null).Select(t => $"'{t.Name}'").ToArray();
        if (pooled.Length > 0)
            throw new InputException($"amalgamation.losses, {which}: expected taps with height and width, got none at {string.Join(", ", pooled)}; choose other taps or another term");
    }

    IEnumerable<string> Names(LossTerm term, IEnumerable<LossTerm> before)
    {
        var name = Name(term, before);
        return term.Reads is TermInput.Scores or TermInput.Labels or TermInput.Student ? [name] : [name, .. tapped.Select(t => $"{name}[{t}]")];
    }

    static string Name(LossTerm term, IEnumerable<LossTerm> before)
    {
        var number = before.Count(t => t.GetType() == term.GetType()) + 1;
        return AmalgamationEquation.Name(term) + (number == 1 ? "" : $"#{number}");
    }

    /// <summary>H[1 + k, n, ...] with no gradient to the teachers' side, where so asked.</summary>
    static Tensor Held(Tensor features, bool detach) => detach ? cat([features.narrow(0, 0, 1), features.narrow(0, 1, features.shape[0] - 1).detach()]) : features;

    /// <summary>H[1 + k, n, ...] -> unit vectors U[1 + k, n, d].</summary>
    static Tensor Units(Tensor features) => nn.functional.normalize(Wide(features.flatten(2)), p: 2, dim: 2);

    static Tensor Wide(Tensor tensor) => tensor.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? tensor.to_type(ScalarType.Float32) : tensor;
}

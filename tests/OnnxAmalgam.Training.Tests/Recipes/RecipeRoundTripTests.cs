using System.Collections;
using CsCheck;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Recipes;

public sealed class RecipeRoundTripTests : IDisposable
{
    readonly RecipeText recipe = new();

    static Gen<T> Constant<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    /// <summary>Names as people and exporters write them, and texts that YAML could take for something else.</summary>
    static readonly Gen<string> Word = Gen.OneOf(
        Constant("null", "~", "yes", "1", "0x1F", "a: b", "- x", "[x]", "{x}", "#c", "it's", "\"q\"", "é", "x ", " x", "a\\b", "%", "@x", "!t", "&a", "*a", "?", ":", "猫", "🐈", "\u2028", "a\u2029", "\u200fa", "auto "),
        Gen.String[Gen.Char['!', '~'], 1, 12],
        Gen.String[Gen.Char[' ', '~'], 1, 300],
        Gen.String[Gen.OneOf(Gen.Char['\u00a0', '\ud7ff'], Gen.Char['a', 'z']), 1, 9],
        Gen.String[Gen.Char['a', 'z'], 1, 60]);

    static readonly Gen<double> Positive = Gen.Double[1e-9, 1e6];
    static readonly Gen<string[]> Labels = Word.HashSet[1, 6].Select(words => words.ToArray());

    static readonly Gen<InputRecipe> Input =
        from layout in Gen.Enum<ImageLayout>().Nullable()
        from dtype in Gen.Enum<ImageDtype>().Nullable()
        from channels in Constant<int?>(null, 3)
        from size in Gen.Select(Gen.Int[1, 9000], Gen.Int[1, 9000]).Nullable()
        from order in Gen.Enum<ColorOrder>().Nullable()
        from scale in Positive.Nullable()
        from mean in Gen.Double[-200, 200].Array[3].Null()
        from std in Positive.Array[1].Null()
        from resize in Gen.Enum<ResizeMode>().Nullable()
        from filter in Gen.Enum<Interpolation>().Nullable()
        from antialias in Gen.Bool.Nullable()
        select new InputRecipe
        {
            Layout = layout, Dtype = dtype, Channels = channels, Size = size, Order = order, Scale = scale, Mean = mean, Std = std,
            Resize = resize, Interpolation = filter, Antialias = antialias,
        };

    static readonly Gen<IReadOnlyList<TapRecipe>?> Taps = Gen.OneOf(
        Gen.Const((IReadOnlyList<TapRecipe>?)null),
        Gen.Select(Word, Gen.Enum<ImageLayout>().Nullable(), (value, layout) => new TapRecipe(value, layout)).Array[1, 3]
            .Select(taps => (IReadOnlyList<TapRecipe>?)[.. taps.DistinctBy(t => t.Value)]));

    static Gen<TeacherRecipe> Teacher(int number) =>
        from name in Word
        from file in Gen.String[Gen.Char['a', 'z'], 1, 9]
        from logits in Constant(null, "scores", "a/b:0")
        from taps in Taps
        from weighs in Gen.Bool
        from factors in Positive.Array[4]
        from input in Input
        from labels in Labels.Null()
        let weighted = weighs && taps is not null ? [.. taps.Select((t, i) => t with { Weight = factors[i] })] : taps
        select new TeacherRecipe { Name = $"{number}{name}", Model = $"/models/{file} x.onnx", Logits = logits, Taps = weighted, Weight = factors[3], Input = input, Labels = labels };

    static readonly Gen<StudentRecipe> Student =
        from zoo in Gen.Bool
        from taps in Taps
        from input in Input
        from head in Gen.Enum<HeadMode>()
        from random in Gen.Bool
        from mode in Gen.Enum<NormalisationMode>()
        from images in Gen.Int[1, 1_000_000]
        select new StudentRecipe
        {
            Model = zoo ? "zoo:resnet(widths=[1,2], block=basic)" : "/models/student.onnx", Taps = taps, Input = input, Head = head,
            Weights = zoo || random ? WeightsMode.Random : WeightsMode.Keep,
            Normalisation = mode == NormalisationMode.Keep ? new(mode) : new(mode, images),
        };

    static Gen<SourceRecipe> Source(string[] teachers) =>
        from kind in Gen.Enum<SourceKind>()
        from path in Gen.String[Gen.Char['a', 'z'], 1, 9]
        from test in Gen.Bool
        from domain in Gen.Shuffle(teachers, 0, teachers.Length)
        from @from in Gen.Double[0, 0.49]
        from to in Gen.Double[0.5, 1]
        from limit in Gen.Int[1, 1_000_000].Nullable()
        from labels in Labels.Null()
        from classes in Labels.Null()
        select new SourceRecipe
        {
            Kind = kind, Path = $"/data/{path}", Split = test && kind < SourceKind.Folder ? "test" : "train",
            Label = test && kind == SourceKind.Cifar100 ? "coarse" : "fine", Domain = domain, Part = (@from, to), Limit = limit, Labels = labels, Classes = classes,
        };

    static Gen<DataRecipe> Data(string[] teachers) =>
        from unlabelled in Source(teachers).Array[1, 3]
        from validate in Source(teachers).Array[1, 2].Null()
        from test in Source(teachers).Array[1, 2].Null()
        from size in Gen.Select(Gen.Int[1, 999], Gen.Int[1, 999]).Nullable()
        select new DataRecipe { Unlabelled = unlabelled, Validate = validate, Test = test, Size = size };

    static readonly Gen<LossTerm[]> Losses =
        from weights in Gen.Double[0, 100].Array[30]
        from factors in Gen.Double[0, 9].Array[4]
        from share in Gen.Double[0, 1]
        from chances in Gen.Double[0, 1].Nullable().Array[5]
        from widths in Gen.Int[1, 999].Array[4]
        from detach in Gen.Bool.Array[3]
        from form in Gen.Enum<MmdForm>()
        from temperature in Positive
        from bandwidths in Positive.Array[1, 4].Null()
        from unbiased in Gen.Bool
        from pairs in Gen.Enum<ContrastPairs>()
        from rule in Gen.OneOf<PseudoLabelRule>(Gen.Const<PseudoLabelRule>(new ArgMaxLabels()), Gen.Double[0.01, 1].Select(p => (PseudoLabelRule)new ThresholdLabels(p)), Gen.Int[1, 9].Select(n => (PseudoLabelRule)new TopLabels(n)))
        from names in Word.HashSet[3, 6].Select(words => words.ToArray())
        from terms in Gen.Shuffle(
            new LossTerm[]
            {
                new SoftTargetTerm(weights[0], temperature), new MmdTerm(weights[1], bandwidths, unbiased, form, detach[0]), new ReconstructionTerm(weights[2]),
                new CosineTerm(weights[3], detach[1]), new HardLabelTerm(weights[4]), new DkdTerm(weights[5], factors[0], factors[1], temperature),
                new StandardisedLogitsTerm(weights[6], temperature), new DistTerm(weights[7], factors[2], factors[3], temperature),
                new HintTerm(weights[8], chances[0]), new AttentionTerm(weights[9], chances[1]), new SimilarityTerm(weights[10]), new RkdTerm(weights[11], factors[0], factors[1]),
                new PktTerm(weights[12]), new VidTerm(weights[13], chances[2]), new SmoothCosineTerm(weights[14], share, chances[3]),
                new VotedTargetTerm(weights[15], temperature, factors[0]), new InfoNceTerm(weights[16], temperature, detach[2]), new LayerWiseTerm(weights[17]),
                new VotedFeaturesTerm(weights[18], widths[0]), new NstTerm(weights[19]), new CongruenceTerm(weights[20], temperature, 1 + widths[1] % 20), new IckdTerm(weights[21]),
                new ProjectorTerm(weights[22], 1 + factors[1]), new ReviewTerm(weights[23], widths[2]), new LadderTerm(weights[24], widths[3], share, chances[4]),
                new ContrastiveTerm(weights[25], pairs, temperature), new SupervisedContrastiveTerm(weights[26], pairs, temperature) { Labels = rule },
                new SkdTerm(weights[27], factors[0], temperature, 1e-6 + factors[1]),
                new ConsistencyTerm(weights[28], [.. names.SkipLast(1).Select((name, i) => new Implication(name, widths[0] % 2 == 0 ? [names[^1]] : names[(i + 1)..]))]),
            }, 1, 29)
        select terms;

    static readonly Gen<GateRecipe> Gate =
        from kind in Gen.Enum<GateKind>()
        from clusters in Gen.Int[1, 99]
        from ignores in Gen.Bool
        from evidence in Gen.Enum<GateEvidenceKind>()
        from after in Gen.Int[1, 99].Nullable()
        from nobody in Gen.Double[0, 0.99]
        let bare = new GateRecipe(kind)
        select bare with
        {
            Clusters = bare.HasClusters ? clusters : bare.Clusters, IgnoresDomains = ignores && kind != GateKind.Domain, Nobody = kind == GateKind.Domain ? 0 : nobody,
            Evidence = bare.HasClusters ? evidence : bare.Evidence, AgreementAfter = bare.HasClusters ? after : null,
        };

    static readonly Gen<AmalgamationRecipe> Amalgamation =
        from mode in Gen.Enum<LabelMode>()
        from channels in Gen.Int[1, 512]
        from blocks in Gen.Int[1, 9]
        from standardise in Gen.Enum<Standardisation>()
        from losses in Losses
        from gate in Gate
        from form in Gen.Enum<CommonForm>()
        from pools in Gen.Bool
        from balance in Gen.OneOf<BalanceRecipe?>(
            Gen.Bool.Select(_ => (BalanceRecipe?)null), Gen.Const<BalanceRecipe?>(new UncertaintyBalance()),
            Gen.Select(Gen.Double[0, 9], Gen.Double[0.001, 1], (alpha, rate) => (BalanceRecipe?)new GradNormBalance(alpha, rate)))
        let labels = mode == LabelMode.Restricted && losses.Any(l => l is DkdTerm or StandardisedLogitsTerm or DistTerm or VotedTargetTerm or SupervisedContrastiveTerm or ConsistencyTerm) ? LabelMode.Joint : mode
        let negative = losses.Any(l => l is VidTerm or ProjectorTerm or ContrastiveTerm or SupervisedContrastiveTerm or MmdTerm { Unbiased: true })
        select new AmalgamationRecipe { Labels = labels, Gate = labels == LabelMode.Gated ? gate : new GateRecipe(GateKind.Domain), CommonChannels = channels, CommonBlocks = blocks, Standardise = standardise, Losses = losses, CommonForm = form, PoolsTaps = pools, Balance = negative || (balance is UncertaintyBalance && losses.Any(l => l is ConsistencyTerm)) ? null : balance };

    static readonly Gen<CacheRecipe> Cache =
        from path in Gen.String[Gen.Char['a', 'z'], 1, 9]
        from views in Gen.Int[1, 1000]
        from dtype in Gen.Enum<CacheDtype>()
        from size in Gen.OneOf(Gen.Long[1, long.MaxValue], Gen.Long[1, 999].Select(n => n * 1_000_000_000))
        from seed in Gen.Long[0, long.MaxValue]
        select new CacheRecipe { Folder = $"/caches/{path}", Views = views, Dtype = dtype, MaxBytes = size, Seed = seed };

    static readonly Gen<GroupRecipe> Group =
        from query in Constant("initializer[head]", "op[type=Conv & name ~ \"a: b\"] last", "initializer[name='#' or rank<2]", "op")
        from rate in Gen.Select(Positive, Gen.Bool, (value, isFactor) => new GroupRate(value, isFactor)).Nullable()
        from decay in Positive.Nullable()
        from freeze in Gen.Bool.Nullable()
        from first in Gen.Enum<FirstWeights>()
        select new GroupRecipe(query) { LearningRate = rate, WeightDecay = decay, Freeze = freeze, Initialise = first };

    static readonly Gen<TrainRecipe> Train =
        from epochs in Gen.Int[2, 500]
        from batch in Gen.Int[1, 512]
        from optimizer in Gen.Enum<OptimizerKind>()
        from rates in Positive.Array[4]
        from flags in Gen.Bool.Array[2]
        from momentum in Gen.Double[0, 0.99]
        from schedule in Gen.OneOf<Schedule>(
            Gen.Const<Schedule>(new ConstantSchedule()), Gen.Const<Schedule>(new OneCycleSchedule()), Gen.Const<Schedule>(new CosineSchedule()),
            Gen.Select(Gen.Int[1, 99], Gen.Double[0.01, 1], Gen.Int[0, 9], (every, factor, offset) => (Schedule)new StepSchedule(every, factor, offset)))
        from warmup in Gen.Double[0, 1.9]
        from clip in Positive.Nullable()
        from precision in Gen.Enum<Precision>()
        from seed in Gen.Long[0, long.MaxValue]
        from cache in Cache.Null()
        from groups in Group.Array[0, 3]
        select new TrainRecipe
        {
            Epochs = epochs, Batch = batch, Optimizer = optimizer, LearningRate = rates[0], HeadRate = rates[1], CommonRate = rates[2], WeightDecay = rates[3],
            DecayVectors = flags[0], SelectBest = flags[1], Momentum = optimizer == OptimizerKind.Sgd ? momentum : new TrainRecipe { Epochs = 1 }.Momentum,
            Schedule = schedule, WarmupEpochs = schedule is OneCycleSchedule ? 0 : warmup, ClipNorm = clip, Groups = groups, Precision = precision, Seed = seed, Cache = cache,
        };

    static readonly Gen<Recipe> Recipes =
        from name in Gen.String[Gen.Char['a', 'z'], 1, 20]
        from first in Teacher(1)
        from second in Teacher(2)
        from student in Student
        from data in Data([first.Name, second.Name])
        from augment in Gen.OneOf<AugmentStep>(Gen.Const<AugmentStep>(new FlipStep()), Gen.Int[1, 9].Select(p => (AugmentStep)new CropStep(p)),
            Gen.Select(Gen.Double[0.01, 0.99], Gen.Int[1, 9], (share, patch) => (AugmentStep)new RandomMaskStep(share, patch)), Gen.Double[0, 4].Select(s => (AugmentStep)new ExemplarStep(s))).Array[0, 3]
        from amalgamation in Amalgamation
        from train in Train
        select new Recipe
        {
            Name = name, Teachers = [first, second], Student = student, Data = data, Augment = augment, Amalgamation = Fitting(amalgamation, train), Train = train,
        };

    /// <summary>Without what epochs and weights leave no room for.</summary>
    static AmalgamationRecipe Fitting(AmalgamationRecipe amalgamation, TrainRecipe train) => amalgamation with
    {
        Gate = amalgamation.Gate.AgreementAfter >= train.Epochs ? amalgamation.Gate with { AgreementAfter = null } : amalgamation.Gate,
        Balance = amalgamation.Balance is UncertaintyBalance && amalgamation.Losses.Any(l => l.Weight == 0) ? null : amalgamation.Balance,
        ViewsApart = amalgamation.ViewsApart && (train.Cache is not { } cache || cache.Views % 2 == 0 || cache.Views >= train.Epochs),
    };

    [Fact]
    public void Reading_what_was_written_gives_the_same_recipe() => Recipes.Sample(
        written =>
        {
            var text = RecipeReader.Write(written);
            var read = recipe.Read(text);
            Assert.Equal("", FirstDifference(written, read, ""));
            Assert.Empty(RecipeDifference.Between(written, read));
            Assert.Equal(text, RecipeReader.Write(read));
        },
        iter: 300, threads: 1);

    [Fact]
    public void The_minimal_recipe_is_written_with_every_value()
    {
        var text = RecipeReader.Write(recipe.Read(RecipeText.Minimal)).Replace(recipe.Folder, "/here", StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recipes", "minimal.resolved.yaml")).ReplaceLineEndings("\n"), text);
    }

    /// <summary>Compares by reflection, so that a field that neither reader nor writer knows is seen too.</summary>
    static string FirstDifference(object? a, object? b, string path)
    {
        if (a is null || b is null || a is string || a.GetType().IsPrimitive || a.GetType().IsEnum)
            return Equals(a, b) ? "" : $"{path}: {a ?? "null"} != {b ?? "null"}";
        if (a is IEnumerable first && b is IEnumerable second)
        {
            var (x, y) = (first.Cast<object?>().ToArray(), second.Cast<object?>().ToArray());
            return x.Length != y.Length
                ? $"{path}: {x.Length} != {y.Length} elements"
                : x.Select((item, i) => FirstDifference(item, y[i], $"{path}[{i}]")).FirstOrDefault(d => d.Length > 0) ?? "";
        }
        if (a.GetType() != b.GetType())
            return $"{path}: {a.GetType().Name} != {b.GetType().Name}";
        if (a.GetType().FullName!.StartsWith("System.ValueTuple", StringComparison.Ordinal))
            return Equals(a, b) ? "" : $"{path}: {a} != {b}";
        return a.GetType().GetProperties().Where(p => p.GetMethod is { IsStatic: false } && p.Name != "EqualityContract")
            .Select(p => FirstDifference(p.GetValue(a), p.GetValue(b), $"{path}.{p.Name}")).FirstOrDefault(d => d.Length > 0) ?? "";
    }

    public void Dispose() => recipe.Dispose();
}

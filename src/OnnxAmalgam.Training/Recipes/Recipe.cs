using OnnxAmalgam.Graphs.Metadata;

namespace OnnxAmalgam.Training.Recipes;

/// <summary>What to do, completely: read strictly from YAML by <see cref="RecipeReader"/>, paths made absolute, presets expanded.</summary>
public sealed record Recipe
{
    /// <summary>Names the run folder.</summary>
    public required string Name { get; init; }
    /// <summary>At least one, in the order of the union of labels.</summary>
    public required IReadOnlyList<TeacherRecipe> Teachers { get; init; }
    /// <summary>The network to train.</summary>
    public required StudentRecipe Student { get; init; }
    /// <summary>The images.</summary>
    public required DataRecipe Data { get; init; }
    /// <summary>Random changes of each training image, in order.</summary>
    public IReadOnlyList<AugmentStep> Augment { get; init; } = [];
    /// <summary>The equation to minimise.</summary>
    public required AmalgamationRecipe Amalgamation { get; init; }
    /// <summary>How to minimise it.</summary>
    public required TrainRecipe Train { get; init; }
}

/// <summary>A frozen teacher.</summary>
public sealed record TeacherRecipe
{
    /// <summary>Unique; default the file's name without .onnx.</summary>
    public required string Name { get; init; }
    /// <summary>Full path of the .onnx file.</summary>
    public required string Model { get; init; }
    /// <summary>Value to read scores from; null: found by the graph's anatomy; <c>none</c>: features only.</summary>
    public string? Logits { get; init; }
    /// <summary>Whether this teacher has no scores.</summary>
    public bool FeaturesOnly => Logits == "none";
    /// <summary>What its scores are.</summary>
    public ScoreKind Scores { get; init; }
    /// <summary>Values, module paths or queries; null: <c>auto</c>; empty: <c>none</c>. Either each has a weight, which makes one feature of all, or none has.</summary>
    public IReadOnlyList<TapRecipe>? Taps { get; init; }
    /// <summary>Factor of this teacher's part of every term on features.</summary>
    public double Weight { get; init; } = 1;
    /// <summary>Overrides of what graph and metadata say.</summary>
    public InputRecipe Input { get; init; } = new();
    /// <summary>Class names in output order; null: from the model's metadata.</summary>
    public IReadOnlyList<string>? Labels { get; init; }
}

/// <summary>A value to tap.</summary>
/// <param name="Value">Value name, module path, or a query for one or several values.</param>
/// <param name="Layout">Axis order where the inferred one is wrong.</param>
/// <param name="Weight">Factor in the sum of a teacher's taps; null: a feature of its own.</param>
public sealed record TapRecipe(string Value, ImageLayout? Layout = null, double? Weight = null);

/// <summary>The keys of an input description that a recipe states (a preset states all of its family's); null: not stated.</summary>
public sealed record InputRecipe
{
    /// <summary>nchw or nhwc.</summary>
    public ImageLayout? Layout { get; init; }
    /// <summary>float32, float16 or uint8.</summary>
    public ImageDtype? Dtype { get; init; }
    /// <summary>1 or 3.</summary>
    public int? Channels { get; init; }
    /// <summary>Height and width in pixels (YAML: one number or [h, w]).</summary>
    public (int Height, int Width)? Size { get; init; }
    /// <summary>rgb or bgr.</summary>
    public ColorOrder? Order { get; init; }
    /// <summary>Factor.</summary>
    public double? Scale { get; init; }
    /// <summary>Per channel or one.</summary>
    public IReadOnlyList<double>? Mean { get; init; }
    /// <summary>Per channel or one.</summary>
    public IReadOnlyList<double>? Std { get; init; }
    /// <summary>stretch or shorter_side.</summary>
    public ResizeMode? Resize { get; init; }
    /// <summary>nearest, bilinear or bicubic.</summary>
    public Interpolation? Interpolation { get; init; }
    /// <summary>Whether shrinking filters first.</summary>
    public bool? Antialias { get; init; }
}

/// <summary>Whether the student gets a new classifier.</summary>
public enum HeadMode
{
    /// <summary>A new last linear layer for the union of labels.</summary>
    Replace,
    /// <summary>The file's own, which must be as wide as the union.</summary>
    Keep,
}

/// <summary>Where the student's weights start.</summary>
public enum WeightsMode
{
    /// <summary>The file's.</summary>
    Keep,
    /// <summary>Drawn anew.</summary>
    Random,
}

/// <summary>The network to train.</summary>
public sealed record StudentRecipe
{
    /// <summary><c>zoo:NAME(...)</c> or the full path of an .onnx file.</summary>
    public required string Model { get; init; }
    /// <summary>Whether it is built, not read from a file.</summary>
    public bool IsFromZoo => Model.StartsWith("zoo:", StringComparison.Ordinal);
    /// <summary>Values, module paths or queries; null: auto; empty: none.</summary>
    public IReadOnlyList<TapRecipe>? Taps { get; init; }
    /// <summary>Default float32 NCHW, channels and size of the largest teacher, scale 1/255, mean 0, std 1.</summary>
    public InputRecipe Input { get; init; } = new();
    /// <summary>replace or keep.</summary>
    public HeadMode Head { get; init; } = HeadMode.Replace;
    /// <summary>keep or random; a zoo student's are always random.</summary>
    public WeightsMode Weights { get; init; } = WeightsMode.Keep;
    /// <summary>What happens to BatchNormalization before training.</summary>
    public NormalisationRecipe Normalisation { get; init; } = new(NormalisationMode.Keep);
}

/// <summary>Kinds of image source.</summary>
public enum SourceKind
{
    /// <summary>MNIST's idx pairs.</summary>
    Idx,
    /// <summary>CIFAR-10 binary.</summary>
    Cifar10,
    /// <summary>CIFAR-100 binary.</summary>
    Cifar100,
    /// <summary>A folder of images, plain or one folder a class.</summary>
    Folder,
    /// <summary>A CSV of path,label.</summary>
    Csv,
}

/// <summary>Where images come from.</summary>
public sealed record SourceRecipe
{
    /// <summary>Which reader.</summary>
    public required SourceKind Kind { get; init; }
    /// <summary>Full path of the folder or file.</summary>
    public required string Path { get; init; }
    /// <summary><c>train</c> or <c>test</c>, for idx and CIFAR; default train.</summary>
    public string Split { get; init; } = "train";
    /// <summary><c>fine</c> or <c>coarse</c>, for CIFAR-100.</summary>
    public string Label { get; init; } = "fine";
    /// <summary>Teachers whose images these are; empty: <c>none</c>; null: not stated.</summary>
    public IReadOnlyList<string>? Domain { get; init; }
    /// <summary>Half-open share of the source's file order, 0..1.</summary>
    public (double From, double To) Part { get; init; } = (0, 1);
    /// <summary>The first N that remain after part and classes.</summary>
    public int? Limit { get; init; }
    /// <summary>Names of class indices.</summary>
    public IReadOnlyList<string>? Labels { get; init; }
    /// <summary>Keep only these labels.</summary>
    public IReadOnlyList<string>? Classes { get; init; }
}

/// <summary>The images.</summary>
public sealed record DataRecipe
{
    /// <summary>What the student learns from.</summary>
    public required IReadOnlyList<SourceRecipe> Unlabelled { get; init; }
    /// <summary>Selection; null: the last tenth of each unlabelled source is kept back.</summary>
    public IReadOnlyList<SourceRecipe>? Validate { get; init; }
    /// <summary>Used once, at the end; null: evaluation is made on the validation part.</summary>
    public IReadOnlyList<SourceRecipe>? Test { get; init; }
    /// <summary>Canvas in pixels; null: the largest input among the models.</summary>
    public (int Height, int Width)? Size { get; init; }
}

/// <summary>One random change of a training image.</summary>
public abstract record AugmentStep;

/// <summary>Mirror left-right with probability one half.</summary>
public sealed record FlipStep : AugmentStep;

/// <summary>Pad with zeros on all sides, then crop a random window of the canvas' size.</summary>
/// <param name="Padding">Pixels on each side.</param>
public sealed record CropStep(int Padding) : AugmentStep;

/// <summary>Hide random squares behind the image's mean colour.</summary>
/// <param name="Share">Chance of each square, above 0 and below 1.</param>
/// <param name="Patch">Side of a square in pixels.</param>
/// <remarks>Epochs 2k - 1 and 2k hide different squares as far as the share allows: at one half, the second shows just what the first hid.</remarks>
public sealed record RandomMaskStep(double Share = 0.5, int Patch = 1) : AugmentStep;

/// <summary>Move, scale, turn and recolour as Exemplar-CNN does.</summary>
/// <param name="Strength">Of the published magnitudes: shifts, angles and offsets are multiplied by it, factors and powers raised to it. 0: no change.</param>
public sealed record ExemplarStep(double Strength = 1) : AugmentStep;

/// <summary>Target spaces of algorithms.md 1.9.</summary>
public enum LabelMode
{
    /// <summary>One softmax over the concatenated logits, duplicates kept.</summary>
    Concat,
    /// <summary>Each teacher calibrated (z - logsumexp), merged by label, one softmax.</summary>
    Joint,
    /// <summary>One softmax per teacher over its own labels.</summary>
    Restricted,
    /// <summary>Each teacher's softmax, weighted by whose image it is.</summary>
    Gated,
}

/// <summary>How <see cref="LabelMode.Gated"/> finds whose image each is.</summary>
public enum GateKind
{
    /// <summary>By the domain that the image's source names.</summary>
    Domain,
    /// <summary>The teacher of largest energy, logsumexp(z) - mean(z).</summary>
    Energy,
    /// <summary>Energies standardised over all unlabelled images first.</summary>
    Standardised,
    /// <summary>Energies at a temperature, scale and offset a teacher, fitted to what clusters say.</summary>
    Calibrated,
    /// <summary>How much likelier the image is among a teacher's own than among all, in its features.</summary>
    Density,
    /// <summary>How near the image is to the running statistics of the teacher's own batch normalisations.</summary>
    Statistics,
    /// <summary>Evidence averaged within clusters of the teachers' joint features.</summary>
    Clusters,
    /// <summary>The image's own evidence, its cluster's and its like's, with a linear classifier that learns what they decide.</summary>
    Refined,
}

/// <summary>What clusters average.</summary>
public enum GateEvidenceKind
{
    /// <summary>Standardised energies.</summary>
    Energy,
    /// <summary>Ratios of densities.</summary>
    Density,
    /// <summary>Nearness to running statistics.</summary>
    Statistics,
}

/// <summary>The gate.</summary>
/// <param name="Kind">How whose image each is is found, where its source does not say.</param>
/// <param name="Clusters">Number of clusters, where there are any.</param>
/// <param name="IgnoresDomains">Estimates for images of sources that name a domain too; the domains then only measure the estimate.</param>
/// <param name="Evidence">What clusters average, where there are any.</param>
/// <param name="Nobody">Share of the images, those that no teacher makes much of, that belong to nobody; 0: every image is somebody's.</param>
/// <param name="AgreementAfter">Epochs after which the student's own scores decide anew, epoch by epoch; null: never. Where there are clusters only.</param>
public sealed record GateRecipe(
    GateKind Kind, int Clusters = GateRecipe.DefaultClusters, bool IgnoresDomains = false,
    GateEvidenceKind Evidence = GateEvidenceKind.Energy, int? AgreementAfter = null, double Nobody = 0)
{
    /// <summary>Enough for the classes of two usual teachers, few enough that a cluster's mean is steady.</summary>
    public const int DefaultClusters = 40;

    /// <summary>Whether there are clusters.</summary>
    public bool HasClusters => Kind is GateKind.Clusters or GateKind.Refined;

    /// <summary>What the estimate reads.</summary>
    public GateEvidenceKind Reads => Kind switch
    {
        GateKind.Density => GateEvidenceKind.Density,
        GateKind.Statistics => GateEvidenceKind.Statistics,
        _ => Evidence,
    };
}

/// <summary>How a teacher's features are brought to mean 0 and variance 1.</summary>
public enum Standardisation
{
    /// <summary>Not at all, as published.</summary>
    None,
    /// <summary>Channel by channel with running statistics.</summary>
    Ema,
    /// <summary>Channel by channel with statistics fitted before training.</summary>
    Offline,
    /// <summary>All channels by one rotation and one factor, fitted before training (PHI-S).</summary>
    PhiS,
}

/// <summary>Whose block the common space is.</summary>
public enum CommonForm
{
    /// <summary>Without biases and normalisation, aligners twice as wide as the space (Luo et al., as run).</summary>
    Published,
    /// <summary>With both, aligners as wide as the space (KamalEngine).</summary>
    Kae,
}

/// <summary>How the terms' factors are found while training.</summary>
public abstract record BalanceRecipe;

/// <summary>Learned beside the student, as uncertainties of the terms.</summary>
public sealed record UncertaintyBalance : BalanceRecipe;

/// <summary>From the sizes of the terms' gradients.</summary>
/// <param name="Alpha">How much more a term counts that falls behind.</param>
/// <param name="Rate">Step of the factors.</param>
public sealed record GradNormBalance(double Alpha = 1.5, double Rate = 0.025) : BalanceRecipe;

/// <summary>The equation to minimise.</summary>
public sealed record AmalgamationRecipe
{
    /// <summary>How teachers' scores become one target.</summary>
    public required LabelMode Labels { get; init; }
    /// <summary>Whose image each is, for gated labels.</summary>
    public GateRecipe Gate { get; init; } = new(GateKind.Domain);
    /// <summary>Width of the common space (algorithms.md 1.1: 128).</summary>
    public int CommonChannels { get; init; } = 128;
    /// <summary>Residual blocks of the shared extractor.</summary>
    public int CommonBlocks { get; init; } = 3;
    /// <summary>Whose block it is.</summary>
    public CommonForm CommonForm { get; init; }
    /// <summary>Whether the student sees another draw of the augmentation than the teachers.</summary>
    public bool ViewsApart { get; init; }
    /// <summary>Whether all taps are averaged over positions before anything reads them.</summary>
    public bool PoolsTaps { get; init; }
    /// <summary>How the terms' factors are found while training; null: they are the recipe's weights.</summary>
    public BalanceRecipe? Balance { get; init; }
    /// <summary>How teacher features are brought to one scale before any term reads them.</summary>
    public Standardisation Standardise { get; init; }
    /// <summary>The weighted terms, in recipe order.</summary>
    public required IReadOnlyList<LossTerm> Losses { get; init; }
    /// <summary>Whether any term needs the common space.</summary>
    public bool NeedsCommonSpace => Losses.Any(l => l.Reads == TermInput.CommonSpace);
    /// <summary>Whether the student's scores are sigmoids, label by label.</summary>
    public bool IsMultiLabel => Losses.Any(l => l is MultiLabelTerm);
    /// <summary>Whether any term reads features, in the common space or as they are.</summary>
    public bool NeedsTaps => Losses.Any(l => l.Reads is TermInput.CommonSpace or TermInput.Taps or TermInput.Levels);
    /// <summary>Whether any term asks the teachers.</summary>
    public bool ReadsTeachers => Losses.Any(l => l.Reads is not (TermInput.Labels or TermInput.Student));
}

/// <summary>Update rules.</summary>
public enum OptimizerKind
{
    /// <summary>L2 weight decay inside the gradient.</summary>
    Adam,
    /// <summary>Decoupled weight decay.</summary>
    AdamW,
    /// <summary>With momentum.</summary>
    Sgd,
}

/// <summary>Learning rate over time.</summary>
public abstract record Schedule;

/// <summary>Always the same.</summary>
public sealed record ConstantSchedule : Schedule;

/// <summary>rate * factor^floor((epoch - 1 + offset) / every), epoch counted from 1.</summary>
public sealed record StepSchedule(int Every, double Factor, int Offset = 0) : Schedule;

/// <summary>Half a cosine to zero, per batch.</summary>
public sealed record CosineSchedule : Schedule;

/// <summary>PyTorch's OneCycleLR: 30 % rise from peak/25, cosine down to peak/250000, per batch; momentum .95 -> .85 -> .95.</summary>
public sealed record OneCycleSchedule : Schedule;

/// <summary>Number formats of the student's step.</summary>
public enum Precision
{
    /// <summary>32-bit everywhere.</summary>
    Fp32,
    /// <summary>bfloat16 activations, 32-bit weights.</summary>
    Bf16,
    /// <summary>The faster of both on this machine.</summary>
    Auto,
}

/// <summary>How to minimise.</summary>
public sealed record TrainRecipe
{
    /// <summary>Passes over the unlabelled images.</summary>
    public required int Epochs { get; init; }
    /// <summary>Images a step.</summary>
    public int Batch { get; init; } = 64;
    /// <summary>Update rule.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Adam;
    /// <summary>Rate (the peak, for one_cycle).</summary>
    public double LearningRate { get; init; } = 1e-4;
    /// <summary>Factor for the classifier head (published: 10).</summary>
    public double HeadRate { get; init; } = 1;
    /// <summary>Factor for the common space (published: 10).</summary>
    public double CommonRate { get; init; } = 1;
    /// <summary>Decay.</summary>
    public double WeightDecay { get; init; } = 1e-4;
    /// <summary>Whether parameters of rank 1 (biases, normalisation) decay too.</summary>
    public bool DecayVectors { get; init; } = true;
    /// <summary>SGD's momentum.</summary>
    public double Momentum { get; init; } = 0.9;
    /// <summary>Rate over time.</summary>
    public Schedule Schedule { get; init; } = new ConstantSchedule();
    /// <summary>Linear rise at the start, in epochs.</summary>
    public double WarmupEpochs { get; init; }
    /// <summary>Largest global gradient norm; null: no clipping.</summary>
    public double? ClipNorm { get; init; }
    /// <summary>What some weights are trained with instead; a later group overrides an earlier one.</summary>
    public IReadOnlyList<GroupRecipe> Groups { get; init; } = [];
    /// <summary>Number format.</summary>
    public Precision Precision { get; init; } = Precision.Fp32;
    /// <summary>Seeds everything random.</summary>
    public long Seed { get; init; } = 1;
    /// <summary>Whether student.onnx gets the best epoch's weights (by validation) or the last's.</summary>
    public bool SelectBest { get; init; } = true;
    /// <summary>Where teachers' outputs are kept; null: nowhere.</summary>
    public CacheRecipe? Cache { get; init; }
}

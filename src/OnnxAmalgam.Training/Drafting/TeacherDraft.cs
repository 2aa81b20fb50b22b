using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Drafting;

/// <summary>What a teacher's file says of itself, and what it leaves open.</summary>
sealed class TeacherDraft
{
    const int UsualSide = 224;
    const int OtherTaps = 4;

    readonly OnnxModel model;
    readonly string? logitsProblem;
    readonly LogitsOutput? logits;
    readonly IReadOnlyList<string>? stated;

    /// <summary>Looks at a file; no network runs.</summary>
    /// <param name="path">An .onnx file.</param>
    /// <param name="name">Its unique name.</param>
    /// <exception cref="InputException">No model, or one that takes no image.</exception>
    public TeacherDraft(string path, string name)
    {
        (Path, Name, model) = (path, name, OnnxModel.Load(path));
        (logits, logitsProblem) = InputException.Attempt(() => Anatomy.Logits(model));
        stated = logits is null ? null : ModelMetadata.Labels(model);
        Labels = stated ?? Numbers();
        InputIsStated = ModelMetadata.Input(model) is not null;
        Input = ModelMetadata.Input(model) ?? FromGraph();
        Parameters = Costs.Of(model, Input.Height).Parameters;
    }

    public string Path { get; }

    public string Name { get; }

    /// <summary>Its class names; numbers with its name where the file has none; empty: features only.</summary>
    public IReadOnlyList<string> Labels { get; }

    public InputDescription Input { get; }

    public bool InputIsStated { get; }

    public long Parameters { get; }

    public bool IsTagger => logits is not null && (ScoreMetadata.Of(model) == ScoreKind.Sigmoid || BehindSigmoid);

    /// <summary>Whether only features are read of it.</summary>
    public bool HasNoScores => logits is null;

    /// <summary>Whether the file's own output is a sigmoid of the scores: only likely a tagger.</summary>
    bool BehindSigmoid => logits?.Note?.Contains("Sigmoid", StringComparison.Ordinal) == true;

    /// <summary>Its element of <c>teachers</c>.</summary>
    public void Write(DraftText text, string relativePath)
    {
        text.Comment($"{DraftText.Count(Parameters)} parameters; {Scores()}", indent: 2);
        string first = "  - ";
        if (Name != System.IO.Path.GetFileNameWithoutExtension(Path))
        {
            text.Line($"{first}name: {DraftText.Word(Name)}");
            first = "    ";
        }

        text.Line($"{first}model: {DraftText.Word(relativePath)}");
        if (logits is null)
        {
            text.Line("    logits: none", $"features only: {logitsProblem}");
        }

        if (IsTagger)
        {
            text.Line("    scores: sigmoid", BehindSigmoid ? "CHECK: its output is a sigmoid of these scores, so its labels do not exclude each other; if they do, leave this out at all teachers" : "from its metadata: labels that do not exclude each other");
        }

        WriteLabels(text);
        WriteInput(text);
        text.Line("    taps: auto", TapReason());
    }

    string Scores() => logits is null
        ? "no scores found"
        : $"scores '{logits.Value}'{(logits.Note is { } note ? $" ({note})" : "")}, {(Labels.Count > 0 ? $"{Labels.Count} classes" : "as many classes as the file does not say")}";

    void WriteLabels(DraftText text)
    {
        if (stated is not null)
        {
            text.Line("    labels: metadata", $"from {ModelMetadata.LabelsSource(model)}: {DraftText.Some(stated)}");
        }
        else if (Labels.Count > 0)
        {
            text.Comment("CHECK: the file does not name its classes. Put their names here, in the order of its scores; the same name at two teachers is one class. Lists of labels under data name them, too.", indent: 4);
            text.List("    labels: ", Labels);
        }
        else if (logits is not null)
        {
            text.Comment("CHECK: the file does not name its classes, nor say how many there are. Put their names here, in the order of its scores:  labels: [cat, dog]", indent: 4);
        }
    }

    void WriteInput(DraftText text)
    {
        string size = Input.Height == Input.Width ? $"{Input.Height}" : $"[{Input.Height}, {Input.Width}]";
        string free = SizeIsFree() ? $", size: {size}" : "";
        string values = $"scale: {DraftText.Number(Input.Scale)}, mean: {DraftText.List(Input.Mean)}, std: {DraftText.List(Input.Std)}";
        if (InputIsStated)
        {
            text.Comment($"fed as {ModelMetadata.InputSource(model)} says: {Input.Height}x{Input.Width}, {values}; change it with  input: {{...}}", indent: 4);
            return;
        }

        text.Comment($"CHECK: nothing in the file says how its images were scaled in training; a wrong scale spoils everything. Here: pixels 0..255 times scale, less mean, over std. {(Input.Channels == 3 ? "Or, e.g.,  input: {preset: torchvision}  (also timm, keras-tf, keras-caffe, clip, ...). " : "")}{(free.Length > 0 ? "The file leaves the size free, too. " : "")}Try: onnx-amalgam predict MODEL IMAGE --recipe RECIPE", indent: 4);
        text.Line($"    input: {{{values}{free}}}");
    }

    /// <summary>Which value <c>auto</c> stands for, why, and which others there are.</summary>
    string TapReason()
    {
        var (auto, problem) = InputException.Attempt(() => Anatomy.AutoTap(model));
        if (auto is null)
        {
            return $"none can be chosen: {problem}";
        }

        var facts = Facts.Infer(model);
        var paths = Anatomy.ModulePaths(model);
        string reason = auto.Kind switch
        {
            TapKind.Spatial => "the last values with a grid before the global pool",
            TapKind.Tokens => "the last tokens",
            _ => "what the classifier reads",
        };
        string[] others = [.. Anatomy.TapsOnPath(model).Where(tap => tap.Kind == auto.Kind && Grid(tap) != Grid(auto) && Grid(tap) != "1x1" && tap.Channels > 4)
            .GroupBy(Grid, StringComparer.Ordinal).Select(same => Describe(same.Last())).TakeLast(OtherTaps)];
        return $"read by terms on features only; auto is {Describe(auto)}, {reason}{(others.Length > 0 ? $". Others: {string.Join("; ", others)}" : "")}";

        string Grid(Tap tap) => string.Join('x', Shape(tap));
        IEnumerable<string> Shape(Tap tap) => (facts.GetValueOrDefault(tap.Value)?.Shape ?? []).Skip(1).Where((_, axis) => axis + 1 != tap.ChannelAxis).Select(d => d.ToString());
        string Describe(Tap tap)
        {
            string name = paths.GetValueOrDefault(tap.Value) is { Length: > 0 } path && InputException.Attempt(() => Anatomy.Tap(model, path)).Found?.Value == tap.Value ? path : tap.Value;
            string grid = Grid(tap);
            return $"{name} ({tap.Channels} channels{(grid.Length > 0 ? $" of {grid}" : "")})";
        }
    }

    /// <summary>Names for classes that have none: of this teacher, so that two teachers' numbers are not taken for the same.</summary>
    string[] Numbers() => logits?.Classes is { } classes
        ? [.. Enumerable.Range(0, classes).Select(i => string.Create(CultureInfo.InvariantCulture, $"{Name}/{i}"))]
        : [];

    InputDescription FromGraph() =>
        InputException.Attempt(() => ModelMetadata.FromGraph(model)).Found
        ?? InputException.Attempt(() => ModelMetadata.FromGraph(model, UsualSide)).Found
        ?? ModelMetadata.FromGraph(model, UsualSide, channels: 3);

    bool SizeIsFree() => InputException.Attempt(() => ModelMetadata.FromGraph(model)).Found is null;
}

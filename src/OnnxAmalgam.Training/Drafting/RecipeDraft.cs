using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Training.Recipes.Reading;

namespace OnnxAmalgam.Training.Drafting;

/// <summary>A complete recipe with the reason of every choice, from teachers and images alone. Looks at files; runs no network.</summary>
public sealed class RecipeDraft
{
    const int LeastEpochs = 10;
    const int MostEpochs = 100;
    const int ImagesToShow = 900_000;
    const int MostNameLength = 60;

    readonly DraftRequest request;
    readonly IReadOnlyList<TeacherDraft> teachers;
    readonly IReadOnlyList<SourceDraft> sources;
    readonly string[] union;
    readonly InputDescription largest;
    readonly StudentDraft student;

    RecipeDraft(DraftRequest request)
    {
        this.request = request;
        if (request.Teachers.GroupBy(Path.GetFullPath, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new InputException($"teachers: expected different files, got '{twice.First()}' {twice.Count()} times; name each once");
        }

        string[] names = Names(request.Teachers);
        sources = [.. request.Data.SelectMany(path => SourceDraft.Of(path, names))];
        teachers = [.. request.Teachers.Zip(names, (path, name) => new TeacherDraft(path, name))];
        union = [.. teachers.SelectMany(t => t.Labels).Distinct(StringComparer.Ordinal)];
        if (union.Length == 0)
        {
            throw new InputException("teachers: expected at least one with scores whose number is known, got none; look at them with: onnx-amalgam inspect MODEL");
        }

        if (teachers.Where(t => t.Labels.Count > 0).Select(t => t.IsTagger).Distinct().Count() > 1)
        {
            throw new InputException($"teachers: expected all to have labels that exclude each other, or none, got sigmoid scores for {string.Join(", ", teachers.Where(t => t.IsTagger).Select(t => $"'{t.Name}'"))} only; fuse them apart");
        }

        largest = new InputDescription { Channels = teachers.Max(t => t.Input.Channels), Height = teachers.Max(t => t.Input.Height), Width = teachers.Max(t => t.Input.Width) };
        student = StudentDraft.Largest(largest, union.Length, request.Parameters ?? teachers.Max(t => t.Parameters));
        Text = Write();
    }

    /// <summary>Drafts a recipe.</summary>
    /// <exception cref="InputException">A file that is no model or takes no image, a place without images, teachers that cannot be fused.</exception>
    public static RecipeDraft Of(DraftRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new RecipeDraft(request);
    }

    /// <summary>The recipe as YAML, with comments.</summary>
    public string Text { get; }

    /// <summary>What the student is.</summary>
    public string Student => student.Model;

    /// <summary>Number of the student's parameters.</summary>
    public long StudentParameters => student.Parameters;

    /// <summary>Sum over the teachers.</summary>
    public long TeacherParameters => teachers.Sum(t => t.Parameters);

    /// <summary>The union of the teachers' labels.</summary>
    public IReadOnlyList<string> Labels => union;

    /// <summary>Unlabelled images.</summary>
    public int Images => sources.Sum(s => s.Count);

    string Write()
    {
        var text = new DraftText();
        text.Comment("A draft: lines with CHECK hold what no file says. Then: onnx-amalgam train RECIPE --dry-run. Every key: docs/recipes.md");
        text.Line($"name: {DraftText.Word(request.Name ?? NameOf(teachers))}", "the run goes to runs/NAME");
        text.Line("teachers:");
        foreach (TeacherDraft teacher in teachers)
        {
            teacher.Write(text, Relative(teacher.Path));
        }

        WriteStudent(text);
        WriteData(text);
        WriteAmalgamation(text);
        WriteTraining(text);
        return text.ToString();
    }

    void WriteStudent(DraftText text)
    {
        text.Comment($"{DraftText.Count(union.Length)} labels: {DraftText.Some(union)}. Equal names at several teachers are one label.");
        text.Line("student:");
        text.Line($"  model: {DraftText.Word(student.Model)}",
            $"{DraftText.Count(student.Parameters)} parameters, the teachers together {DraftText.Count(TeacherParameters)}; {Chosen()}. Any .onnx file can stand here");
        if (teachers.Where(t => t.Input.Channels == largest.Channels).Select(t => t.Input).ToArray() is var inputs
            && inputs[0].Mean.Any(m => m != 0) && inputs.All(i => i.Order == inputs[0].Order && i.Scale == inputs[0].Scale && i.Mean.SequenceEqual(inputs[0].Mean) && i.Std.SequenceEqual(inputs[0].Std)))
        {
            text.Line($"  input: {{scale: {DraftText.Number(inputs[0].Scale)}, mean: {DraftText.List(inputs[0].Mean)}, std: {DraftText.List(inputs[0].Std)}{(inputs[0].Order == ColorOrder.Bgr ? ", order: bgr" : "")}}}", "as the teachers'");
        }
    }

    string Chosen()
    {
        long most = request.Parameters ?? teachers.Max(t => t.Parameters);
        return student.Parameters > most
            ? $"more than the {DraftText.Count(most)} asked for: the smallest of its kind"
            : $"chosen: the widest of its kind with at most {DraftText.Count(most)}{(request.Parameters is null ? ", as many as the largest teacher" : "")}";
    }

    void WriteData(DraftText text)
    {
        text.Line("data:");
        text.Line("  unlabelled:", sources.All(s => s.Teacher is not null)
            ? "domain: whose images these are"
            : $"who knows whose images a source holds says so: domain: {teachers[0].Name}. It is estimated where nobody does, and a right one is worth points");
        var selecting = sources.Select(s => (Source: s, Labels: LabelsOf(s))).ToArray();
        foreach (var (source, labels) in selecting)
        {
            bool divided = Selects(source, labels) && source.Validation.Count == 0;
            text.Line(source.Element(Relative, divided ? "0..0.9" : null, labels: null, DomainOf(source)), $"{DraftText.Count(divided ? source.Count * 9L / 10 : source.Count)} images");
        }

        WriteParts(text, "validate", [.. selecting.Where(s => Selects(s.Source, s.Labels)).SelectMany(s => s.Source.Validation.Count == 0 ? [(s.Source, "0.9..1", s.Labels)] : s.Source.Validation.Select(v => (v, (string?)null, LabelsOf(v))))],
            $"{Unlabelled()}: the last tenth of each source is kept back and selects the epoch. Better: labelled images of every kind,  validate: [{{folder: sorted}}]  with a folder a class, named as the labels");
        WriteParts(text, "test", [.. selecting.SelectMany(s => s.Source.Test).Select(t => (t, (string?)null, LabelsOf(t)))],
            "no test images whose labels are known: evaluation.csv is made on the images that select, and says how often the student agrees with its teachers where they have no labels");
    }

    /// <summary>A teacher without scores has no images of its own to speak for: they are nobody's.</summary>
    string? DomainOf(SourceDraft source) => source.Teacher is { } name && teachers.Any(t => t.Name == name && t.HasNoScores) ? "none" : source.Teacher;

    void WriteParts(DraftText text, string key, (SourceDraft Source, string? Part, IReadOnlyList<string>? Labels)[] parts, string otherwise)
    {
        var usable = Array.FindAll(parts, p => p.Labels is not null);
        if (usable.Length == 0)
        {
            text.Comment(otherwise, indent: 2);
            return;
        }

        text.Line($"  {key}:", key == "test" ? "used once, at the end" : "selects the epoch");
        foreach (var (source, part, labels) in usable)
        {
            text.Line(source.Element(Relative, part, labels, domain: null), source.TakesNumbers(labels) ? "CHECK: the k-th class of the files is taken for the teacher's k-th" : null);
        }
    }

    /// <summary>Why no image can select.</summary>
    string Unlabelled()
    {
        string[] named = [.. sources.SelectMany(s => s.Classes.Concat(s.Validation.SelectMany(v => v.Classes))).Distinct(StringComparer.Ordinal)];
        return named.Length == 0 ? "the images have no labels"
            : named.Any(union.Contains) ? "CHECK: the files lie class by class, so that no part of them stands for all"
            : $"CHECK: the files name classes that no teacher has ({DraftText.Some(named, 4)}); name the teachers' labels so, or the sources' (labels: [...])";
    }

    void WriteAmalgamation(DraftText text)
    {
        bool flips = largest.Channels == 3;
        text.Line($"augment: [{(flips ? "flip, " : "")}{{crop: {{padding: {Math.Max(1, Math.Min(largest.Height, largest.Width) / 14)}}}}}]",
            flips ? "CHECK: no flip where left and right mean something (signs, letters)" : "flip: left and right exchanged, where that means nothing");
        text.Line("amalgamation:");
        bool taggers = teachers.Any(t => t.IsTagger), known = sources.All(s => s.Teacher is not null);
        text.Line($"  labels: {(taggers && !known ? "joint" : "gated")}", taggers && !known
            ? "each label from whoever has it"
            : known ? "each image is taught by the teacher of its domain" : "each image is taught by the teacher that seems to know it");
        bool hasMute = teachers.Any(t => t.HasNoScores);
        if (hasMute)
        {
            text.Line("  standardise: ema", "features of all teachers count alike");
        }

        text.Line("  losses:");
        text.Line(taggers ? "    - {multi_label: {weight: 1}}" : "    - {soft_target: {weight: 1, temperature: 1}}");
        if (hasMute)
        {
            text.Line("    - {hint: {weight: 0.5}}", "the student's features, mapped, are to be those of each teacher, also of one without scores");
        }

        text.Comment("terms on features add half a point to two and a half in short trainings, for 8 to 130 % more time; the one tried in a long one, once, added nothing (docs/benchmarks.md), e.g.:  - {srd: {weight: 0.1}}", indent: 4);
    }

    void WriteTraining(DraftText text)
    {
        int epochs = Math.Clamp((int)Math.Round((double)ImagesToShow / Math.Max(1, Images)), LeastEpochs, MostEpochs);
        string rate = student.Model.Contains("stem=imagenet", StringComparison.Ordinal) ? "1e-3" : "4e-3";
        text.Line("train:");
        text.Line(string.Create(CultureInfo.InvariantCulture, $"  epochs: {epochs}"), $"some {DraftText.Count(ImagesToShow)} images in all, {LeastEpochs} to {MostEpochs} epochs; more is better, as long as there is time");
        text.Line("  batch: 64");
        text.Line("  optimizer: adam");
        text.Line($"  learning_rate: {rate}", "the peak; less, where a student starts from trained weights");
        text.Line("  weight_decay: 1e-4");
        text.Line("  schedule: {one_cycle: {}}");
        text.Line("  precision: auto", "bf16 where the machine computes it faster");
        text.Line("  seed: 1");
        text.Comment("cache: {folder: cache, views: 4, max_size: 20GB}   teachers' outputs are computed once and kept, for 4 versions of each image", indent: 2);
    }

    IReadOnlyList<string>? LabelsOf(SourceDraft source) => source.Labels(union, teachers.FirstOrDefault(t => t.Name == source.Teacher)?.Labels);

    /// <summary>Whether a source, or the part of it that is meant for that, can select the epoch.</summary>
    bool Selects(SourceDraft source, IReadOnlyList<string>? labels) =>
        source.Validation.Count > 0 ? source.Validation.Any(v => LabelsOf(v) is not null) : labels is not null && source.IsMixed && source.Count >= 10;

    string Relative(string path) => Path.GetRelativePath(request.Folder, Path.GetFullPath(path)).Replace(Path.DirectorySeparatorChar, '/');

    static string NameOf(IReadOnlyList<TeacherDraft> teachers)
    {
        string name = string.Concat(string.Join('-', teachers.Select(t => t.Name)).Select(c => char.IsLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-')).Trim('.', '-');
        return name.Length is > 0 and <= MostNameLength ? name : string.Create(CultureInfo.InvariantCulture, $"{teachers.Count}-teachers");
    }

    /// <summary>The files' names; equal ones are numbered.</summary>
    static string[] Names(IReadOnlyList<string> paths)
    {
        var taken = new HashSet<string>(ModelReader.Reserved, StringComparer.Ordinal);
        return [.. paths.Select(Free)];

        string Free(string path)
        {
            string name = Path.GetFileNameWithoutExtension(path), free = name;
            for (int number = 2; !taken.Add(free); number++)
            {
                free = string.Create(CultureInfo.InvariantCulture, $"{name}-{number}");
            }

            return free;
        }
    }
}

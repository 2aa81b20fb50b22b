using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Recipes.Reading;

namespace OnnxAmalgam.Training.Drafting;

/// <summary>Images that were named for a recipe: what they are, whose they are, and what their labels are good for.</summary>
sealed class SourceDraft
{
    static readonly string[] TrainFolders = ["train", "training"];
    static readonly string[] ValidateFolders = ["val", "valid", "validate", "validation", "dev"];
    static readonly string[] TestFolders = ["test", "testing"];

    const int Tried = 8;

    readonly SourceKind kind;
    readonly ImageSource images;

    SourceDraft(string path, string? teacher, SourceKind kind, string split = "train")
    {
        (Path, Teacher, this.kind, Split) = (path, teacher, kind, split);
        images = ImageSource.Open(new SourceRecipe { Kind = kind, Path = path, Split = split }, _ => { });
        Try();
    }

    public string Path { get; }

    /// <summary>Whose images these are; null: not known.</summary>
    public string? Teacher { get; }

    public string Split { get; }

    /// <summary>What selects and what tests, where the files are laid out that way.</summary>
    public IReadOnlyList<SourceDraft> Validation { get; private set; } = [];

    public IReadOnlyList<SourceDraft> Test { get; private set; } = [];

    public int Count => images.Count;

    /// <summary>What the argument <c>PATH</c> or <c>TEACHER=PATH</c> stands for: one source, or one a teacher whose name a sub-folder has.</summary>
    /// <exception cref="InputException">No images there, or no such teacher.</exception>
    public static IReadOnlyList<SourceDraft> Of(string argument, IReadOnlyList<string> teachers)
    {
        try
        {
            return [.. Parts(argument, teachers)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"--data {argument}: expected folders that can be read, got: {e.Message}", e);
        }
    }

    static IEnumerable<SourceDraft> Parts(string argument, IReadOnlyList<string> teachers)
    {
        if (!System.IO.Path.Exists(argument) && argument.Split('=', 2) is [var name, var path])
        {
            return teachers.Contains(name, StringComparer.Ordinal)
                ? Of(path, name)
                : throw new InputException($"--data {argument}: expected a path, or TEACHER=PATH with one of the teachers {string.Join(", ", teachers.Select(t => $"'{t}'"))}, got '{name}'{NearestName.Hint(name, teachers)}");
        }

        string? OwnerOf(string folder) => teachers.FirstOrDefault(t => t == System.IO.Path.GetFileName(folder));
        string root = Child(argument, TrainFolders) ?? argument;
        string[] folders = [.. Folders(root).Where(f => root != argument || !IsNamed(f, [.. ValidateFolders, .. TestFolders]))];
        if (!folders.Any(f => OwnerOf(f) is not null))
        {
            return Of(argument, teacher: null);
        }

        if (FolderListing.Loose(root) is [var loose, ..])
        {
            throw new InputException($"--data {argument}: expected all images in '{root}' within its folders, one of which is a teacher's, got others beside them ('{loose}', ...); put them into a folder of their own");
        }

        SourceDraft[] parts = [.. folders.SelectMany(folder => root == argument ? Of(folder, OwnerOf(folder)) : [new SourceDraft(folder, OwnerOf(folder), SourceKind.Folder)])];
        parts[0].Validation = [.. parts[0].Validation, .. Beside(ValidateFolders)];
        parts[0].Test = [.. parts[0].Test, .. Beside(TestFolders)];
        return parts;

        // What selects and tests lies teacher by teacher, too, or class by class.
        IEnumerable<SourceDraft> Beside(string[] names) => Child(argument, names) is not { } part ? []
            : Folders(part).Any(f => OwnerOf(f) is not null) ? Folders(part).Select(f => new SourceDraft(f, OwnerOf(f), SourceKind.Folder))
            : [new SourceDraft(part, null, SourceKind.Folder)];
    }

    static IEnumerable<SourceDraft> Of(string path, string? teacher)
    {
        if (Child(path, TrainFolders) is { } train)
        {
            return [new SourceDraft(train, teacher, SourceKind.Folder) { Validation = Part(ValidateFolders), Test = Part(TestFolders) }];
        }

        SourceKind kind = KindOf(path);
        var test = kind is SourceKind.Folder or SourceKind.Csv ? null : InputException.Attempt(() => new SourceDraft(path, teacher, kind, "test")).Found;
        return [new SourceDraft(path, teacher, kind) { Test = test is null ? [] : [test] }];

        SourceDraft[] Part(string[] names) => Child(path, names) is { } folder ? [new SourceDraft(folder, teacher, SourceKind.Folder)] : [];
    }

    static string? Child(string path, string[] names) => Folders(path).FirstOrDefault(folder => IsNamed(folder, names));

    static bool IsNamed(string folder, string[] names) => names.Contains(System.IO.Path.GetFileName(folder), StringComparer.OrdinalIgnoreCase);

    /// <summary>Folders in it that may hold images, in order.</summary>
    static string[] Folders(string path) => !Directory.Exists(path) ? [] : [.. Directory.EnumerateDirectories(path)
        .Where(f => !System.IO.Path.GetFileName(f).StartsWith('.') && Directory.EnumerateFileSystemEntries(f).Any()).Order(StringComparer.Ordinal)];

    /// <summary>Reads some of the files: a folder of something else is told before a recipe is made of it.</summary>
    void Try()
    {
        if (!images.MayFail)
        {
            return;
        }

        Canvas canvas = new(3, 8, 8);
        byte[] pixels = new byte[canvas.Bytes];
        int[] some = ImageSet.SpreadOver(images.Count, Tried);
        string[] wrong = [.. some.Select(i => images.Read(i, canvas, pixels) is { } problem ? $"'{images.NameOf(i)}': {problem}" : null).OfType<string>()];
        if (some.Length > 0 && wrong.Length == some.Length)
        {
            throw new InputException($"{images.Where}: expected images that can be read, got {(some.Length == 1 ? "one that cannot" : $"none among {some.Length} that were tried")}, the first: {wrong[0]}");
        }
    }

    static SourceKind KindOf(string path)
    {
        if (File.Exists(path))
        {
            return SourceKind.Csv;
        }

        bool Holds(string pattern) => Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path, pattern).Any();
        return Holds("data_batch_1.bin") || Holds("cifar-10-batches-bin") ? SourceKind.Cifar10
            : Holds("train.bin") || Holds("cifar-100-binary") ? SourceKind.Cifar100
            : Holds("train-images*idx*") ? SourceKind.Idx
            : SourceKind.Folder;
    }

    /// <summary>Whether its order mixes the classes, so that its last tenth stands for all of it. Folders lie class by class, CSV files often.</summary>
    public bool IsMixed => kind is not (SourceKind.Folder or SourceKind.Csv);

    /// <summary>Names of its classes as the files have them; empty: it has none.</summary>
    public IReadOnlyList<string> Classes => images.Classes ?? [];

    /// <summary>Names of its classes as the union has them; null: nothing says which label of the union its labels are.</summary>
    /// <param name="union">Every teacher's labels.</param>
    /// <param name="own">Its teacher's; null: whose they are is not known.</param>
    public IReadOnlyList<string>? Labels(IReadOnlyCollection<string> union, IReadOnlyList<string>? own)
    {
        if (images.Classes is not { } found)
        {
            return null;
        }

        if (AreNumbers(found))
        {
            return own?.Count == found.Count ? own : null;
        }

        string[] known = [.. found.Where(union.Contains)];
        return known.Length > 0 ? known : null;
    }

    /// <summary>Whether <see cref="Labels"/> takes the k-th class for its teacher's k-th.</summary>
    public bool TakesNumbers(IReadOnlyList<string>? labels) => labels is not null && AreNumbers(images.Classes!);

    /// <summary>The source as a recipe has it.</summary>
    /// <param name="relative">Its path from the recipe's folder.</param>
    /// <param name="part"><c>0..0.9</c>, or null for all.</param>
    /// <param name="labels">What <see cref="Labels"/> gave, where they are read.</param>
    /// <param name="domain">Whose images these are: of a source that teaches and whose owner is known.</param>
    public string Element(Func<string, string> relative, string? part, IReadOnlyList<string>? labels, string? domain)
    {
        List<string> keys = [$"{Words.Source.Of(kind)}: {DraftText.Word(relative(Path))}"];
        if (kind is not (SourceKind.Folder or SourceKind.Csv))
        {
            keys.Add($"split: {Split}");
        }

        if (part is not null)
        {
            keys.Add($"part: {part}");
        }

        if (labels is not null && TakesNumbers(labels))
        {
            keys.Add($"labels: {DraftText.List(labels)}");
        }
        else if (labels is not null && labels.Count < images.Classes!.Count)
        {
            keys.Add($"classes: {DraftText.List(labels)}");
        }

        if (domain is not null)
        {
            keys.Add($"domain: {DraftText.Word(domain)}");
        }

        return $"    - {{{string.Join(", ", keys)}}}";
    }

    static bool AreNumbers(IReadOnlyList<string> names) => names.Index().All(n => n.Item == n.Index.ToString(CultureInfo.InvariantCulture));
}

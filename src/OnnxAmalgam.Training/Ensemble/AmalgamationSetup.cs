using System.Security.Cryptography;
using System.Text;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Caching;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Gates;
using OnnxAmalgam.Training.Losses.Scores;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>Everything a recipe names, opened and checked against each other: teachers, union of labels, student, images. Owns the teachers.</summary>
public sealed class AmalgamationSetup : IDisposable
{
    /// <summary>The recipe it was opened from.</summary>
    public required Recipe Recipe { get; init; }
    /// <summary>Where it computes.</summary>
    public required ComputeOptions Compute { get; init; }
    /// <summary>In recipe order.</summary>
    public IReadOnlyList<Teacher> Teachers => Panel.Teachers;
    /// <summary>The student's classes.</summary>
    public required LabelUnion Union { get; init; }
    /// <summary>Before training.</summary>
    public required StudentModel Student { get; init; }
    /// <summary>What the student learns from.</summary>
    public required ImageSet Train { get; init; }
    /// <summary>What selects; null: nothing was kept back.</summary>
    public required ImageSet? Validate { get; init; }
    /// <summary>What the final figures are made on.</summary>
    public required ImageSet? Test { get; init; }

    /// <summary>Whose image each unlabelled one is; null where the label mode does not ask, or no domain is known to anyone. Made when first
    /// asked for: an estimate runs the teachers once over all unlabelled images.</summary>
    public GateTable? Gate => gate.Value;

    /// <summary>The teachers, to be asked together.</summary>
    internal TeacherPanel Panel { get; private init; } = null!;

    /// <summary>Where teachers' outputs are kept; null: nowhere.</summary>
    internal OutputCache? Cache { get; private init; }

    /// <summary>Reads what is stored for a batch, on any thread; null where nothing is kept or no teacher is asked.</summary>
    internal Action<ImageBatch>? StoredRows => Cache is null || !Recipe.Amalgamation.ReadsTeachers ? null : ReadStored;

    /// <summary>Whose taps the gate is estimated from, where these are others than the teachers' own; null: the recipe's.</summary>
    internal IReadOnlyList<TeacherRecipe>? GateTeachers { get; init; }

    readonly Lazy<GateTable?> gate;

    /// <summary>For the object initialiser of <c>Open</c>.</summary>
    AmalgamationSetup() => gate = new(MakeGate);

    /// <summary>Opens teachers, student and images.</summary>
    /// <param name="recipe">What they are.</param>
    /// <param name="compute">Where they compute.</param>
    /// <param name="warn">Told what the results depend on and nobody asked for.</param>
    /// <param name="detail">Told what only whoever asks for more wants to know, at any time and on any thread; null: nobody asks.</param>
    /// <exception cref="InputException">Whatever is wrong with any of them.</exception>
    public static AmalgamationSetup Open(Recipe recipe, ComputeOptions compute, Action<string> warn, Action<string>? detail = null) => Open(recipe, gateTeachers: null, compute, warn, detail);

    /// <summary>The same, with a gate that is estimated from other taps than the teachers have here.</summary>
    internal static AmalgamationSetup Open(Recipe recipe, IReadOnlyList<TeacherRecipe>? gateTeachers, ComputeOptions compute, Action<string> warn, Action<string>? detail = null)
    {
        bool withTaps = recipe.Amalgamation.NeedsTaps;
        OutputCache? cache = recipe.Train.Cache is { } kept ? new OutputCache(kept, warn) : null;
        TeacherPanel? panel = null;
        try
        {
            panel = TeacherPanel.Open(recipe.Teachers, withTaps, compute.Session, cache, warn, detail ?? (_ => { }));
            var teachers = panel.Teachers;
            var union = new LabelUnion([.. teachers.Select(t => new TeacherLabels(t.Name, t.Labels, t.Kind))], keepDuplicates: recipe.Amalgamation.Labels == LabelMode.Concat);
            foreach (ConsistencyTerm term in recipe.Amalgamation.Losses.OfType<ConsistencyTerm>())
            {
                _ = ImpliedLabels.Of(term, union, recipe.Amalgamation.IsMultiLabel);
            }

            StudentModel student = StudentFactory.Build(recipe.Student, union, Largest(teachers), recipe.Train, withTaps);
            var images = OpenImages(recipe, teachers, student, warn);
            var setup = new AmalgamationSetup
            {
                Recipe = recipe,
                GateTeachers = gateTeachers,
                Compute = compute,
                Cache = cache,
                Panel = panel,
                Union = union,
                Student = student,
                Train = images.Train,
                Validate = images.Validate,
                Test = images.Test,
            };
            setup.CheckLabels();
            return setup;
        }
        catch
        {
            panel?.Dispose();
            cache?.Dispose();
            throw;
        }
    }

    /// <summary>SHA-256 of what a resumed run must find unchanged, by what it is.</summary>
    public IReadOnlyDictionary<string, string> Hashes()
    {
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["recipe"] = Hash(Encoding.UTF8.GetBytes(RecipeReader.Write(Recipe))),
            ["student"] = Hash(Student.Model.ToBytes()),
            ["input of the student"] = Hash(Encoding.UTF8.GetBytes(TeacherStores.Words(Student.Input))),
            ["images"] = HashListing(Train),
        };
        if (Validate is not null)
        {
            hashes["validation images"] = HashListing(Validate);
        }

        foreach (Teacher teacher in Teachers)
        {
            hashes[$"teacher {teacher.Name}"] = HashFile(teacher.File);
            // these may come from files beside the model
            hashes[$"labels of teacher {teacher.Name}"] = Hash(Encoding.UTF8.GetBytes(string.Join('\n', teacher.Labels)));
            hashes[$"input of teacher {teacher.Name}"] = Hash(Encoding.UTF8.GetBytes(TeacherStores.Words(teacher.Input)));
        }

        return hashes;
    }

    /// <summary>Of the file; of a model whose weights lie in other files, of these, too.</summary>
    static string HashFile(string path)
    {
        OnnxModel model = OnnxModel.Load(path);
        if (ModelFiles.External(model).Any())
        {
            return ModelHash.Of(model);
        }

        using var stream = System.IO.File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Panel.Dispose();
        Cache?.Dispose();
    }

    void ReadStored(ImageBatch batch)
    {
        CanvasKey[] keys = CanvasKey.Of(batch, Train);
        batch.Stored ??= [.. Teachers.Select(_ => new StoredRows())];
        foreach (var (teacher, rows) in Teachers.Zip(batch.Stored))
        {
            teacher.Stores!.Outputs.Read(keys, rows);
        }
    }

    GateTable? MakeGate()
    {
        bool known = Recipe.Data.Unlabelled.All(s => s.Domain is not null);
        if (Recipe.Amalgamation.Labels != LabelMode.Gated && !known)
        {
            return null;
        }

        // An estimate takes long: what would stop the run after it is said before it.
        Validator.RequireSelection(this);
        ImageSet[] sets = Recipe.Data.Validate is null && Validate is not null ? [Train, Validate] : [Train];
        return GateTable.Make(GateTeachers is { } own ? Recipe with { Teachers = own } : Recipe, Union, sets, Compute, Cache);
    }

    void CheckLabels()
    {
        foreach (var (part, images) in new[] { ("validate", Validate), ("test", Test) })
        {
            if (images is null)
            {
                continue;
            }

            var foreign = Enumerable.Range(0, images.Count).Select(images.LabelOf).OfType<string>().Distinct(StringComparer.Ordinal)
                .Where(l => Union.LabelIndex(l) < 0).Take(5).ToArray();
            if (foreign.Length > 0 && (part != "validate" || Recipe.Data.Validate is not null))
            {
                throw new InputException($"data.{part}: expected labels of the union ({string.Join(", ", Union.Labels.Take(12))}{(Union.Labels.Count > 12 ? ", ..." : "")}), got {string.Join(", ", foreign.Select(f => $"'{f}'"))}; rename them with labels: or drop them with classes:");
            }
        }
    }

    static (ImageSet Train, ImageSet? Validate, ImageSet? Test) OpenImages(Recipe recipe, IReadOnlyList<Teacher> teachers, StudentModel student, Action<string> warn)
    {
        InputDescription[] inputs = [.. teachers.Select(t => t.Input), student.Input];
        int channels = inputs.Max(i => i.Channels);
        int height = recipe.Data.Size?.Height ?? inputs.Max(i => i.Height), width = recipe.Data.Size?.Width ?? inputs.Max(i => i.Width);
        ImageSet Open(IReadOnlyList<SourceRecipe> sources) => ImageSet.Open(sources, channels, height, width, warn);

        ImageSet train = Open(recipe.Data.Unlabelled);
        ImageSet? validate = recipe.Data.Validate is { } stated ? Open(stated) : null;
        if (validate is null && recipe.Train.SelectBest)
        {
            var (rest, kept) = ImageSubset.KeepBackLastTenth(train);
            // Of fewer than ten images a source nothing is kept back, and nothing selects.
            (train, validate) = kept.Count > 0 ? (rest, kept) : (train, null);
            if (ImageSubset.OnlyIn(kept, rest) is { Length: > 0 } lost)
            {
                warn($"the last tenth of the images, kept back to select the epoch, holds all that there are of {string.Join(", ", lost.Take(5).Select(l => $"'{l}'"))}{(lost.Length > 5 ? $" and {lost.Length - 5} more" : "")}: training sees none; state data.validate, or train.select: last");
            }
        }

        return (train, validate, recipe.Data.Test is { } test ? Open(test) : null);
    }

    static InputDescription Largest(IReadOnlyList<Teacher> teachers) => new()
    {
        Channels = teachers.Max(t => t.Input.Channels),
        Height = teachers.Max(t => t.Input.Height),
        Width = teachers.Max(t => t.Input.Width),
    };

    static string HashListing(ImageSet images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < images.Count; i++)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(images.LabelOf(i) is { } label ? $"{images.NameOf(i)}\t{label}\n" : images.NameOf(i) + "\n"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Data;

/// <summary>One source as it lies on disk: records in file order, before any selection. Reading is thread-safe.</summary>
abstract class ImageSource
{
    /// <summary>Lists a source; pictures are not decoded yet.</summary>
    /// <param name="recipe">The source.</param>
    /// <param name="warn">Told of files that are no images.</param>
    /// <exception cref="InputException">Missing, empty or damaged.</exception>
    public static ImageSource Open(SourceRecipe recipe, Action<string> warn)
    {
        var source = OfKind(recipe, warn);
        return recipe.Labels is null || source.Classes is not null
            ? source
            : throw new InputException($"{source.Where}, labels: expected a source with labels to name, got one without{(recipe.Kind == SourceKind.Csv ? " (they stand in a column 'label')" : "")}");
    }

    static ImageSource OfKind(SourceRecipe recipe, Action<string> warn) => recipe.Kind switch
    {
        SourceKind.Idx => IdxFiles.Open(recipe),
        SourceKind.Cifar10 or SourceKind.Cifar100 => CifarFiles.Open(recipe),
        SourceKind.Folder => FolderListing.Open(recipe, warn),
        SourceKind.Csv => CsvListing.Open(recipe),
        _ => throw new ArgumentOutOfRangeException(nameof(recipe)),
    };

    /// <summary>What a message calls the source.</summary>
    public abstract string Where { get; }

    /// <summary>Records in file order.</summary>
    public abstract int Count { get; }

    /// <summary>Class names by class index; null where nothing is labelled.</summary>
    public abstract IReadOnlyList<string>? Classes { get; }

    /// <summary>Index into <see cref="Classes"/>, or -1.</summary>
    public abstract int ClassOf(int record);

    /// <summary>What a message calls the record.</summary>
    public abstract string NameOf(int record);

    /// <summary>Whether a record can turn out to be unreadable only when it is decoded.</summary>
    public abstract bool MayFail { get; }

    /// <summary>Writes a record's canvas [c, h, w]. Returns null, or what is wrong with the record.</summary>
    public abstract string? Read(int record, Canvas canvas, Span<byte> pixels);

    /// <summary>Gives up raw samples; <see cref="Read"/> is not called any more.</summary>
    public virtual void Release()
    {
    }
}

using System.IO.Enumeration;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Data;

/// <summary>A folder of images: files directly inside are unlabelled, each sub-folder is a class with everything below it.</summary>
/// <remarks>
/// File order is the ordinal order of relative paths written with '/'. Links and names that start with a dot are skipped. A file counts as an image by its extension, formats that are
/// not read (GIF, TIFF, HEIC, ...) included, so that they are reported, or when it has none; how many other files and links there are is said in a warning each.
/// </remarks>
static class FolderListing
{
    static readonly HashSet<string> ImageExtensions = new(StringComparer.OrdinalIgnoreCase)
    {
        "", ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib",
        ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".ppm", ".pgm", ".tga",
    };

    public static ImageFiles Open(SourceRecipe recipe, Action<string> warn)
    {
        string where = $"folder source '{recipe.Path}'";
        if (!Directory.Exists(recipe.Path))
            throw new InputException($"{where}: expected a folder of images, got {(File.Exists(recipe.Path) ? "a file" : "no such folder")}");
        var (files, links) = List(where, recipe.Path);
        string[] images = [.. files.Where(IsImage)];
        if (images.Length == 0)
            throw new InputException($"{where}: expected JPEG, PNG, WebP or BMP files, got {Instead(files, links)}");
        if (links.Length > 0)
            warn($"{where}: {links.Length} links are not followed, the first is '{links[0]}'; list what they stand for in a csv source");
        if (files.Length > images.Length)
            warn($"{where}: {files.Length - images.Length} files are no images by their extension and are left out, the first is '{files.First(f => !IsImage(f))}'");
        return Classified(where, recipe, images);
    }

    static string Instead(string[] files, string[] links) =>
        files.Length > 0 ? $"{files.Length} other files ('{files[0]}', ...)"
        : links.Length > 0 ? $"{links.Length} links ('{links[0]}', ...), which are not followed; list the files in a csv source"
        : "an empty folder";

    static ImageFiles Classified(string where, SourceRecipe recipe, string[] images)
    {
        string[] found = [.. images.Select(ClassOf).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        if (found.Length == 0)
            return new(where, recipe.Path, images, null, null);
        Dictionary<string, int> numbers = found.Index().ToDictionary(f => f.Item, f => f.Index);
        int[] labels = [.. images.Select(i => ClassOf(i) is string name ? numbers[name] : -1)];
        return new(where, recipe.Path, images, labels, ClassNames.Renamed(where, found, recipe.Labels));
    }

    /// <summary>Names of the images directly inside.</summary>
    public static IReadOnlyList<string> Loose(string folder) =>
        [.. Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)!).Where(f => f[0] != '.' && Path.GetExtension(f).Length > 0 && IsImage(f)).Order(StringComparer.Ordinal)];

    static bool IsImage(string path) => ImageExtensions.Contains(Path.GetExtension(path));

    static string? ClassOf(string path) => path.IndexOf('/', StringComparison.Ordinal) is >= 0 and int at ? path[..at] : null;

    static (string[] Files, string[] Links) List(string where, string root)
    {
        EnumerationOptions options = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };
        string full = Path.GetFullPath(root);
        try
        {
            FileSystemEnumerable<(string Path, bool IsLink)> entries = new(full, (ref FileSystemEntry e) => (Relative(full, ref e), IsLink(ref e)), options)
            {
                ShouldIncludePredicate = (ref FileSystemEntry e) => (!e.IsDirectory || IsLink(ref e)) && !e.FileName.StartsWith('.'),
                ShouldRecursePredicate = (ref FileSystemEntry e) => !IsLink(ref e) && !e.FileName.StartsWith('.'),
            };
            var found = entries.OrderBy(e => e.Path, StringComparer.Ordinal).ToLookup(e => e.IsLink, e => e.Path);
            return ([.. found[false]], [.. found[true]]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{where}: {e.Message}", e);
        }
    }

    static string Relative(string root, ref FileSystemEntry entry) => Path.GetRelativePath(root, entry.ToFullPath()).Replace(Path.DirectorySeparatorChar, '/');

    static bool IsLink(ref FileSystemEntry entry) => entry.Attributes.HasFlag(FileAttributes.ReparsePoint);
}

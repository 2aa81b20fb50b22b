using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Data;

/// <summary>CIFAR's binary layout: one or two label bytes, then 3072 samples [3, 32, 32].</summary>
/// <remarks>The folder may be the one that the archive unpacks to, or the one around it. Class names come from the meta file beside the data; without it they are the indices.</remarks>
static class CifarFiles
{
    const int Side = 32;
    const int SampleBytes = 3 * Side * Side;

    public static PackedImages Open(SourceRecipe recipe)
    {
        bool ten = recipe.Kind == SourceKind.Cifar10;
        Variant variant = ten
            ? new("cifar10", "cifar-10-batches-bin", "batches.meta.txt", Classes: 10, LabelBytes: 1, LabelAt: 0)
            : recipe.Label == "coarse"
                ? new("cifar100", "cifar-100-binary", "coarse_label_names.txt", Classes: 20, LabelBytes: 2, LabelAt: 0)
                : new("cifar100", "cifar-100-binary", "fine_label_names.txt", Classes: 100, LabelBytes: 2, LabelAt: 1);
        string[] names = (ten, recipe.Split) switch
        {
            (true, "test") => ["test_batch.bin"],
            (true, _) => [.. Enumerable.Range(1, 5).Select(n => $"data_batch_{n}.bin")],
            (false, "test") => ["test.bin"],
            _ => ["train.bin"],
        };
        string where = $"{variant.Name} source '{recipe.Path}', split {recipe.Split}";
        string nested = Path.Combine(recipe.Path, variant.Folder);
        string folder = !File.Exists(Path.Combine(recipe.Path, names[0])) && Directory.Exists(nested) ? nested : recipe.Path;
        string[] missing = [.. names.Where(n => !File.Exists(Path.Combine(folder, n)))];
        if (missing.Length > 0)
            throw new InputException($"{where}: expected {ClassNames.Quoted(names)} in '{folder}', {(Directory.Exists(folder) ? $"got no {ClassNames.Quoted(missing)}" : "got no such folder")}");
        return Read(where, folder, names, variant, recipe.Labels);
    }

    static PackedImages Read(string where, string folder, string[] names, Variant variant, IReadOnlyList<string>? given)
    {
        int stride = variant.LabelBytes + SampleBytes;
        List<PackedFile> files = [];
        List<byte> labels = [];
        foreach (string path in names.Select(n => Path.Combine(folder, n)))
        {
            byte[] bytes = PackedStream.ReadRecords(path, stride);
            files.Add(new(path, bytes, 0, bytes.Length / stride));
            for (int at = variant.LabelAt; at < bytes.Length; at += stride)
                labels.Add(bytes[at] < variant.Classes ? bytes[at] : throw new InputException(
                    $"'{path}', record {at / stride}: expected a label below {variant.Classes}, got {bytes[at]}; fetch the file again"));
        }
        IReadOnlyList<string> classes = ClassNames.Renamed(where, MetaNames(folder, variant), given);
        return new(where, files, new(stride, variant.LabelBytes, 3, Side, Side), [.. labels], classes);
    }

    static string[] MetaNames(string folder, Variant variant)
    {
        string path = Path.Combine(folder, variant.Meta);
        if (!File.Exists(path))
            return [.. Enumerable.Range(0, variant.Classes).Select(ClassNames.OfIndex)];
        string[] names = [.. File.ReadLines(path).Select(l => l.Trim()).Where(l => l.Length > 0)];
        return names.Length == variant.Classes ? names : throw new InputException($"'{path}': expected {variant.Classes} names, one a line, got {names.Length}; fetch the file again");
    }

    sealed record Variant(string Name, string Folder, string Meta, int Classes, int LabelBytes, int LabelAt);
}

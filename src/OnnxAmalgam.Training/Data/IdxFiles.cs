using System.Buffers.Binary;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Data;

/// <summary>MNIST's format: a pair of idx files of unsigned bytes, plain or gzipped.</summary>
/// <remarks>
/// Images have rank 3 [n, h, w] or 4 with 1 or 3 channels ([n, c, h, w], else [n, h, w, c]); labels rank 1. Names: <c>train</c> or <c>t10k</c>, <c>-images-idx3-ubyte</c>
/// (<c>idx4</c>; a dot for the second dash), <c>.gz</c> or not; a plain file is taken before a gzipped one. Without a label file the images are unlabelled.
/// </remarks>
static class IdxFiles
{
    const byte UnsignedByte = 0x08;

    public static PackedImages Open(SourceRecipe recipe)
    {
        string prefix = recipe.Split == "test" ? "t10k" : "train";
        string where = $"idx source '{recipe.Path}', split {recipe.Split}";
        string imagePath = Find(recipe.Path, prefix, ["images-idx3-ubyte", "images-idx4-ubyte", "images.idx3-ubyte", "images.idx4-ubyte"])
            ?? throw new InputException($"{where}: expected {prefix}-images-idx3-ubyte or {prefix}-images-idx3-ubyte.gz, got {(Directory.Exists(recipe.Path) ? "neither" : "no such folder")}");
        (PackedFile images, PackedRecord record) = Images(imagePath);
        string? labelPath = Find(recipe.Path, prefix, ["labels-idx1-ubyte", "labels.idx1-ubyte"]);
        if (labelPath is null)
            return new(where, [images], record, null, null);
        byte[] labels = Labels(labelPath, imagePath, images.Records);
        return new(where, [images], record, labels, Names(labelPath, labels, recipe.Labels));
    }

    static string? Find(string folder, string prefix, IEnumerable<string> names) => names
        .SelectMany(name => new[] { $"{prefix}-{name}", $"{prefix}-{name}.gz" })
        .Select(name => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);

    static (PackedFile, PackedRecord) Images(string path)
    {
        (byte[] bytes, int[] shape) = Read(path, [3, 4]);
        (int channels, int height, int width, bool interleaved) = shape switch
        {
            [_, int h, int w] => (1, h, w, false),
            [_, 1 or 3, int h, int w] => (shape[1], h, w, false),
            [_, int h, int w, 1 or 3] => (shape[3], h, w, true),
            _ => throw new InputException($"'{path}': expected 1 or 3 channels on the second or last axis, got dimensions {string.Join('x', shape)}"),
        };
        if (height is < 1 or > Picture.MaxSide || width is < 1 or > Picture.MaxSide || shape[0] < 1)
            throw new InputException($"'{path}': expected at least one image of 1 to {Picture.MaxSide} pixels a side, got {shape[0]} of {height}x{width}");
        int offset = HeaderBytes(shape.Length);
        return (new(path, bytes, offset, shape[0]), new(channels * height * width, 0, channels, height, width, interleaved));
    }

    static byte[] Labels(string path, string imagePath, int images)
    {
        (byte[] bytes, int[] shape) = Read(path, [1]);
        if (shape[0] != images)
            throw new InputException($"'{path}': expected {images} labels, one for each image of '{imagePath}', got {shape[0]}; fetch both files again");
        return bytes[HeaderBytes(1)..];
    }

    static IReadOnlyList<string> Names(string path, byte[] labels, IReadOnlyList<string>? given)
    {
        int classes = labels.Max() + 1;
        if (given is null)
            return [.. Enumerable.Range(0, classes).Select(ClassNames.OfIndex)];
        if (classes > given.Count)
            throw new InputException($"'{path}', record {Array.FindIndex(labels, l => l >= given.Count)}: expected a label below {given.Count} (the recipe names {given.Count} labels), got {labels.First(l => l >= given.Count)}");
        return given;
    }

    static int HeaderBytes(int rank) => 4 + 4 * rank;

    static (byte[] Bytes, int[] Shape) Read(string path, int[] ranks)
    {
        using PackedStream stream = PackedStream.Open(path);
        byte[] magic = stream.ReadExactly(4, "an idx header");
        if (magic[0] != 0 || magic[1] != 0)
            throw new InputException($"'{path}': expected an idx file (00 00 08 ..), got first bytes {Convert.ToHexString(magic)}; fetch the file again");
        if (magic[2] != UnsignedByte || !ranks.Contains(magic[3]))
            throw new InputException($"'{path}': expected unsigned bytes (type 08) of rank {string.Join(" or ", ranks)}, got type {magic[2]:X2} of rank {magic[3]}");
        int rank = magic[3];
        byte[] sizes = stream.ReadExactly(4 * rank, "an idx header");
        int[] shape = new int[rank];
        long samples = 1;
        for (int axis = 0; axis < rank; axis++)
        {
            uint size = BinaryPrimitives.ReadUInt32BigEndian(sizes.AsSpan(4 * axis));
            samples = size > int.MaxValue || samples * size > Array.MaxLength ? long.MaxValue : samples * size;
            if (samples == long.MaxValue)
                throw new InputException($"'{path}': expected at most {Array.MaxLength} bytes, got a header that declares more (dimension {axis + 1} of {rank} is {size}); fetch the file again");
            shape[axis] = (int)size;
        }
        string what = rank == 1 ? $"{shape[0]} labels" : $"{shape[0]} images of {string.Join('x', shape[1..])}";
        return (stream.ReadRest([.. magic, .. sizes], HeaderBytes(rank) + samples, what), shape);
    }
}

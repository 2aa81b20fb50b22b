namespace OnnxAmalgam.Training.Data;

/// <summary>Image files, decoded when read.</summary>
/// <param name="where">Names the source.</param>
/// <param name="root">Folder that <paramref name="paths"/> are relative to.</param>
/// <param name="paths">One a record, in file order.</param>
/// <param name="labels">Class index of each record or -1, or null.</param>
/// <param name="classes">Class names, or null.</param>
sealed class ImageFiles(string where, string root, IReadOnlyList<string> paths, int[]? labels, IReadOnlyList<string>? classes) : ImageSource
{
    public override string Where => where;
    public override int Count => paths.Count;
    public override IReadOnlyList<string>? Classes => classes;
    public override int ClassOf(int record) => labels is null ? -1 : labels[record];
    public override string NameOf(int record) => Path.Combine(root, paths[record]);
    public override bool MayFail => true;
    public override string? Read(int record, Canvas canvas, Span<byte> pixels) => Picture.Read(NameOf(record), canvas, pixels);
}

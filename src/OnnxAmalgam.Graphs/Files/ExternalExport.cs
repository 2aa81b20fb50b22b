using Onnx;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>Writes the external data of a model that is saved. Data goes to fresh files beside the model; a file that somebody may
/// still read, an older version of this model included, is never written to.</summary>
sealed class ExternalExport
{
    // Padding that mapping a file asks for (Windows: 64 KiB); a longer stretch that no tensor uses is left out.
    const long MaxPaddingBytes = 1 << 16;
    const int PageBytes = 4096, SmallAlignment = 64;

    // A model's text must not be able to place a Makefile or a .bashrc in the user's folder.
    static readonly string[] DataEndings = [".data", ".bin", ".dat", ".onnx_data", ".weights", ".weight"];

    /// <summary>One tensor's data.</summary>
    /// <param name="Tensor">The tensor, in the copy that will be saved.</param>
    /// <param name="Reference">Where its entries say that the data lies.</param>
    /// <param name="Bytes">Its size.</param>
    /// <param name="Stored">Where the data lies in a file; null when it was replaced and travels in <c>raw_data</c>.</param>
    sealed record Entry(TensorProto Tensor, ExternalReference Reference, long Bytes, StoredBytes? Stored)
    {
        public long End => Reference.Offset + Bytes;
    }

    readonly OnnxModel model;
    readonly string target;
    readonly List<string> written = [];

    ExternalExport(OnnxModel model, string target)
    {
        this.model = model;
        this.target = target;
    }

    /// <summary>The data files made; to be removed if the model that names them cannot be written.</summary>
    public IReadOnlyList<string> Written => written;

    /// <summary>The fields to save with the model.</summary>
    public required ModelProto Proto { get; init; }

    /// <summary>Writes the data files of a model that will be saved as <paramref name="target"/> (a full path).</summary>
    /// <exception cref="InputException">A file cannot be read or written; nothing is left behind.</exception>
    public static ExternalExport Write(OnnxModel model, string target)
    {
        var export = new ExternalExport(model, target) { Proto = model.Proto.Clone() };
        try
        {
            var entries = Tensors.Of(export.Proto).Where(Tensors.IsExternal).Select(export.EntryOf).ToList();
            foreach (var file in entries.GroupBy(e => e.Reference.Location)) export.WriteFile(file.Key, [.. file.OrderBy(e => e.Reference.Offset)]);
            return export;
        }
        catch
        {
            export.RemoveWritten();
            throw;
        }
    }

    /// <summary>Takes back the data files.</summary>
    public void RemoveWritten()
    {
        foreach (var file in written) File.Delete(file);
        written.Clear();
    }

    Entry EntryOf(TensorProto tensor)
    {
        var reference = ExternalReference.Of(tensor, model.Describe(tensor));
        return new Entry(tensor, reference, ElementTypes.RawBytes(tensor), tensor.HasRawData ? null : model.Stored(tensor));
    }

    void WriteFile(string location, IReadOnlyList<Entry> entries)
    {
        var isUntouched = entries.All(e => e.Stored is not null);
        if (isUntouched && target == model.Path) return;

        var name = FreshName(location);
        var path = Path.Combine(Path.GetDirectoryName(target)!, name);
        var source = entries.Select(e => e.Stored?.File).FirstOrDefault(f => f is not null);
        if (KeepsLayout(entries, source)) AtomicFile.Create(path, stream => Overlay(stream, entries, source));
        else AtomicFile.Create(path, stream => Pack(stream, entries));
        written.Add(path);

        foreach (var entry in entries)
        {
            entry.Tensor.ClearRawData();
            if (!isUntouched) ExternalReference.RemoveChecksum(entry.Tensor);
            var reference = ExternalReference.Of(entry.Tensor, name);
            if (reference.Location != name) (reference with { Location = name }).WriteTo(entry.Tensor);
        }
    }

    /// <summary>The location's own name where that is free; else one made from the model's.</summary>
    string FreshName(string location)
    {
        var folder = Path.GetDirectoryName(target)!;
        var isDataName = Path.GetFileName(location) == location && !location.StartsWith('.')
            && DataEndings.Any(ending => location.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
        if (isDataName && IsFree(Path.Combine(folder, location))) return location;

        var stem = Path.GetFileName(target);
        var name = $"{stem}.data";
        for (var i = 1; !IsFree(Path.Combine(folder, name)); i++) name = $"{stem}.{i}.data";
        return name;
    }

    /// <summary>Nothing has the name, and the model itself will not.</summary>
    bool IsFree(string path) => !path.Equals(target, StringComparison.OrdinalIgnoreCase) && !Path.Exists(path) && new FileInfo(path).LinkTarget is null;

    /// <summary>Whether every tensor can stay at its offset: replaced data overlaps nothing, and little else is in the file.</summary>
    static bool KeepsLayout(IReadOnlyList<Entry> entries, PositionedFile? source)
    {
        var end = 0L;
        var isReplaced = false;
        foreach (var entry in entries)
        {
            var overlaps = entry.Reference.Offset < end;
            if (overlaps && (isReplaced || entry.Stored is null)) return false;
            if (entry.Reference.Offset - end > MaxPaddingBytes) return false;
            if (entry.End < end) continue;
            end = entry.End;
            isReplaced = entry.Stored is null;
        }
        return source is null || source.Length - end <= MaxPaddingBytes;
    }

    /// <summary>The source file with replaced data laid over it.</summary>
    void Overlay(Stream output, IReadOnlyList<Entry> entries, PositionedFile? source)
    {
        var position = 0L;
        foreach (var entry in entries.Where(e => e.Stored is null))
        {
            CopyUpTo(entry.Reference.Offset);
            model.CopyRaw(entry.Tensor, output);
            position = entry.End;
        }
        CopyUpTo(source?.Length ?? position);

        void CopyUpTo(long end)
        {
            if (source is null) Pad(output, end - position);
            else if (end > position) source.CopyTo(output, position, end - position);
            position = Math.Max(position, end);
        }
    }

    /// <summary>The tensors' data one after the other, each at a fresh offset; tensors that share a stretch go on sharing it.</summary>
    void Pack(Stream output, IReadOnlyList<Entry> entries)
    {
        var shared = new Dictionary<(long, long), long>();
        var position = 0L;
        foreach (var entry in entries)
        {
            var stretch = (entry.Reference.Offset, entry.Bytes);
            if (entry.Stored is null || !shared.TryGetValue(stretch, out var offset))
            {
                var alignment = entry.Bytes >= PageBytes ? PageBytes : SmallAlignment;
                offset = (position + alignment - 1) / alignment * alignment;
                Pad(output, offset - position);
                model.CopyRaw(entry.Tensor, output);
                position = offset + entry.Bytes;
                if (entry.Stored is not null) shared.Add(stretch, offset);
            }
            (entry.Reference with { Offset = offset, Length = entry.Bytes }).WriteTo(entry.Tensor);
        }
    }

    static void Pad(Stream output, long count)
    {
        for (; count > 0; count--) output.WriteByte(0);
    }
}

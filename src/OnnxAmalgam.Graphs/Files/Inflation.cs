namespace OnnxAmalgam.Graphs.Files;

/// <summary>Writes a serialised model with its placeholders replaced by what they stand for, straight from the files that hold it.
/// The lengths of the messages around a placeholder are counted anew first.</summary>
sealed class Inflation
{
    /// <summary>One step of the output: bytes of the skeleton, or a length, or stored bytes.</summary>
    readonly record struct Piece(int Start, int Count, ulong? Length, StoredBytes? Stored);

    readonly ReadOnlyMemory<byte> skeleton;
    readonly IReadOnlyList<WeightStore> stores;
    readonly List<Piece> pieces = [];

    /// <summary>Plans the output.</summary>
    /// <param name="skeleton">A model as the protobuf library serialises it.</param>
    /// <param name="stores">What its placeholders stand for.</param>
    public Inflation(ReadOnlyMemory<byte> skeleton, IReadOnlyList<WeightStore> stores)
    {
        this.skeleton = skeleton;
        this.stores = stores;
        Size = Plan(WireMessage.Model, 0, skeleton.Length);
    }

    /// <summary>Bytes that <see cref="WriteTo"/> writes.</summary>
    public long Size { get; }

    /// <summary>Writes the model with all its data.</summary>
    public void WriteTo(Stream output)
    {
        foreach (var piece in pieces)
        {
            if (piece.Stored is { } stored) stored.File.CopyTo(output, stored.Offset, stored.Length);
            else if (piece.Length is { } length) Varint.Write(output, length);
            else output.Write(skeleton.Span.Slice(piece.Start, piece.Count));
        }
    }

    /// <summary>Adds the pieces of skeleton[start..end], a message's body, and returns their total size.</summary>
    long Plan(WireMessage message, int start, int end)
    {
        var reader = new WireReader(skeleton.Span, start, end);
        var size = 0L;
        var copied = start;
        while (reader.Next())
        {
            if (reader.WireType != 2) continue;
            var isElements = WireSchema.IsElements(message, reader.Field);
            var child = WireSchema.Child(message, reader.Field);
            if (!isElements && child == WireMessage.Other) continue;

            var stored = isElements ? Find(skeleton.Span[reader.BodyStart..reader.BodyEnd]) : null;
            if (isElements && stored is null) continue;

            var mark = pieces.Count;
            AddCopy(copied, reader.TagEnd);
            var lengthAt = pieces.Count;
            pieces.Add(default);
            long body;
            if (stored is { } bytes)
            {
                body = bytes.Length;
                pieces.Add(new Piece { Stored = stored });
            }
            else
            {
                body = Plan(child, reader.BodyStart, reader.BodyEnd);
                if (body == reader.BodyEnd - reader.BodyStart)
                {
                    pieces.RemoveRange(mark, pieces.Count - mark);
                    continue;
                }
            }
            pieces[lengthAt] = new Piece { Length = (ulong)body };
            size += reader.TagEnd - copied + Varint.Size((ulong)body) + body;
            copied = reader.BodyEnd;
        }
        AddCopy(copied, end);
        return size + (end - copied);
    }

    StoredBytes? Find(ReadOnlySpan<byte> elements)
    {
        foreach (var store in stores)
            if (store.Find(elements) is { } stored) return stored;
        return null;
    }

    void AddCopy(int start, int end)
    {
        if (end > start) pieces.Add(new Piece { Start = start, Count = end - start });
    }
}

namespace OnnxAmalgam.Graphs.Files;

/// <summary>What is left of a model file when the elements of its large tensors stay where they are.</summary>
/// <param name="Bytes">A serialised model with placeholders for them.</param>
/// <param name="Weights">What the placeholders stand for.</param>
/// <param name="HasLongLengths">Whether a length that had to be written anew took more bytes in the file than it needs.</param>
sealed record Skeleton(byte[] Bytes, WeightStore Weights, bool HasLongLengths);

/// <summary>Walks a model file and leaves the elements of large tensors out. Only messages on the way to a tensor are looked into; the rest is copied.</summary>
sealed class Deflation
{
    /// <summary>Elements from this size on stay in the file.</summary>
    public const int LargeBytes = 4096;

    // as deep as the parser will follow
    const int MaxDepth = 100;
    const int MostMessages = 10_000_000;

    readonly PositionedFile file;
    readonly WireWindow window;
    readonly WeightStore weights;
    readonly bool leavesLists;
    bool hasLongLengths;
    int messages;

    // Legal, although nobody is known to write it: a list that comes in several pieces, which one placeholder cannot stand for.
    bool hasListsInPieces;

    Deflation(PositionedFile file, bool leavesLists)
    {
        this.file = file;
        this.leavesLists = leavesLists;
        window = new WireWindow(file);
        weights = new WeightStore(file);
    }

    /// <summary>Reads a file's skeleton.</summary>
    /// <exception cref="WireFormatException">The file ends too early, or is no protobuf message.</exception>
    public static Skeleton Read(PositionedFile file)
    {
        var whole = new Deflation(file, leavesLists: true);
        var skeleton = whole.Read();
        return whole.hasListsInPieces ? new Deflation(file, leavesLists: false).Read() : skeleton;
    }

    Skeleton Read()
    {
        var output = new MemoryStream();
        CopyMessage(WireMessage.Model, file.Length, output, depth: 0);
        return new Skeleton(output.ToArray(), weights, hasLongLengths);
    }

    void CopyMessage(WireMessage message, long end, MemoryStream output, int depth)
    {
        if (depth > MaxDepth) throw new WireFormatException($"messages nested deeper than {MaxDepth}");
        var (left, lists) = (weights.Count, 0);
        while (window.Position < end)
        {
            var tag = window.ReadVarint(out var encoded);
            output.Write(encoded);
            if (WireSchema.IsList(message, (int)(tag >> 3))) lists++;
            switch ((int)tag & 7)
            {
                case 0:
                    window.ReadVarint(out encoded);
                    output.Write(encoded);
                    break;
                case 1:
                    window.CopyTo(output, 8);
                    break;
                case 2:
                    CopyLengthDelimited(message, (int)(tag >> 3), end, output, depth);
                    break;
                // The fields of a group (nothing in ONNX uses one) follow its opening tag like any others.
                case 3 or 4:
                    break;
                case 5:
                    window.CopyTo(output, 4);
                    break;
                default:
                    throw new WireFormatException($"a field of no known wire type at byte {window.Position}");
            }
            if (window.Position > end) throw new WireFormatException($"a field that reaches past its message at byte {end}");
        }
        hasListsInPieces |= lists > 1 && weights.Count > left;
    }

    void CopyLengthDelimited(WireMessage message, int field, long end, MemoryStream output, int depth)
    {
        var declared = window.ReadVarint(out var encoded);
        if (declared > (ulong)Math.Max(0, end - window.Position)) throw TooLong(declared, end);
        var length = (long)declared;
        var child = WireSchema.Child(message, field);
        if (child != WireMessage.Other) Count();
        if (length < LargeBytes || (child == WireMessage.Other && !StaysInFile(message, field)))
        {
            output.Write(encoded);
            window.CopyTo(output, length);
            if (child != WireMessage.Other) CountWithin(child, output.GetBuffer().AsSpan((int)(output.Length - length), (int)length), depth + 1);
            return;
        }

        hasLongLengths |= encoded.Length != Varint.Size(declared);
        if (StaysInFile(message, field))
        {
            if (length % WireSchema.ElementBytes(field) != 0) throw new WireFormatException($"a list of numbers that ends within one at byte {window.Position + length}");
            var placeholder = weights.Add(window.Position, length);
            window.Skip(length);
            WriteBlock(output, placeholder);
        }
        else
        {
            using var body = new MemoryStream();
            CopyMessage(child, window.Position + length, body, depth + 1);
            WriteBlock(output, body.GetBuffer().AsSpan(0, (int)body.Length));
        }
    }

    /// <summary>Each becomes an object, of a hundred bytes and more, however few the file has for it.</summary>
    void Count()
    {
        if (++messages > MostMessages) throw new WireFormatException($"more than {MostMessages} messages");
    }

    /// <summary>Counts what a small message holds. What is no message is left to the parser.</summary>
    void CountWithin(WireMessage message, ReadOnlySpan<byte> body, int depth)
    {
        while (depth <= MaxDepth && Varint.TryRead(ref body, out var tag))
        {
            var length = (tag & 7) switch { 0 => Varint.TryRead(ref body, out _) ? 0UL : ulong.MaxValue, 1 => 8UL, 5 => 4UL, 2 => Varint.TryRead(ref body, out var stated) ? stated : ulong.MaxValue, _ => 0UL };
            if (length > (ulong)body.Length) return;
            if ((tag & 7) == 2 && WireSchema.Child(message, (int)(tag >> 3)) is var child and not WireMessage.Other)
            {
                Count();
                CountWithin(child, body[..(int)length], depth + 1);
            }

            body = body[(int)length..];
        }
    }

    WireFormatException TooLong(ulong declared, long end) => end == file.Length
        ? new WireFormatException("a file that ends too early", (long)Math.Min(declared, long.MaxValue) - (end - window.Position))
        : new WireFormatException($"a field that reaches past its message at byte {window.Position}");

    bool StaysInFile(WireMessage message, int field) => WireSchema.IsElements(message, field) && (leavesLists || !WireSchema.IsList(message, field));

    static void WriteBlock(Stream output, ReadOnlySpan<byte> body)
    {
        Varint.Write(output, (ulong)body.Length);
        output.Write(body);
    }
}

namespace OnnxAmalgam.Graphs.Files;

/// <summary>Steps over the fields of one message in memory.</summary>
ref struct WireReader
{
    readonly ReadOnlySpan<byte> bytes;
    readonly int end;
    int position;

    /// <summary>Reads bytes[start..end], a message's body.</summary>
    public WireReader(ReadOnlySpan<byte> bytes, int start, int end)
    {
        this.bytes = bytes;
        this.end = end;
        position = start;
    }

    /// <summary>Field number.</summary>
    public int Field { get; private set; }

    /// <summary>0 varint, 1 eight bytes, 2 length-delimited, 3 and 4 group, 5 four bytes.</summary>
    public int WireType { get; private set; }

    /// <summary>Where the tag starts.</summary>
    public int TagStart { get; private set; }

    /// <summary>Where the tag ends.</summary>
    public int TagEnd { get; private set; }

    /// <summary>Where the value starts; of a length-delimited field, after the length.</summary>
    public int BodyStart { get; private set; }

    /// <summary>Where the value ends.</summary>
    public int BodyEnd { get; private set; }

    /// <summary>The value of a varint field.</summary>
    public ulong Value { get; private set; }

    /// <summary>Steps to the next field; false at the end.</summary>
    /// <exception cref="WireFormatException">The bytes are no message.</exception>
    public bool Next()
    {
        if (position >= end) return false;
        TagStart = position;
        var tag = ReadVarint();
        (Field, WireType, TagEnd, BodyStart) = ((int)(tag >> 3), (int)tag & 7, position, position);
        switch (WireType)
        {
            case 0:
                Value = ReadVarint();
                break;
            case 1:
                Advance(8);
                break;
            case 2:
                var length = ReadVarint();
                BodyStart = position;
                Advance(length);
                break;
            case 3 or 4:
                break;
            case 5:
                Advance(4);
                break;
            default:
                throw new WireFormatException($"a field of no known wire type at byte {TagStart}");
        }
        BodyEnd = position;
        return true;
    }

    ulong ReadVarint()
    {
        var value = 0UL;
        for (var i = 0; i < Varint.MaxBytes; i++)
        {
            if (position >= end) throw new WireFormatException("a message that ends in the middle of a field");
            var b = bytes[position++];
            value |= (ulong)(b & 0x7f) << (7 * i);
            if (b < 0x80) return value;
        }
        throw new WireFormatException($"an integer without an end at byte {position}");
    }

    void Advance(ulong length)
    {
        if (length > (ulong)(end - position)) throw new WireFormatException("a message that ends in the middle of a field");
        position += (int)length;
    }
}

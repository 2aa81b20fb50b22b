namespace OnnxAmalgam.Graphs.Files;

/// <summary>Reads a file's wire form from front to back through a small buffer; stretches that are skipped are never read.</summary>
sealed class WireWindow(PositionedFile file)
{
    readonly byte[] buffer = new byte[1 << 14];
    readonly byte[] varint = new byte[Varint.MaxBytes];
    long start;
    int count;
    int next;

    /// <summary>The next byte's position in the file.</summary>
    public long Position => start + next;

    /// <summary>Reads a varint; <paramref name="encoded"/> (valid until the next call) is how the file wrote it.</summary>
    public ulong ReadVarint(out ReadOnlySpan<byte> encoded)
    {
        var value = 0UL;
        for (var i = 0; i < Varint.MaxBytes; i++)
        {
            varint[i] = ReadByte();
            value |= (ulong)(varint[i] & 0x7f) << (7 * i);
            if (varint[i] >= 0x80) continue;
            encoded = varint.AsSpan(0, i + 1);
            return value;
        }
        throw new WireFormatException($"an integer without an end at byte {Position}");
    }

    /// <summary>Copies the next bytes to a stream.</summary>
    public void CopyTo(Stream output, long length)
    {
        while (length > 0)
        {
            if (next == count) Fill();
            var piece = (int)Math.Min(length, count - next);
            output.Write(buffer, next, piece);
            next += piece;
            length -= piece;
        }
    }

    /// <summary>Passes over the next bytes.</summary>
    public void Skip(long length)
    {
        if (length <= count - next)
        {
            next += (int)length;
            return;
        }
        start = Position + length;
        count = next = 0;
    }

    byte ReadByte()
    {
        if (next == count) Fill();
        return buffer[next++];
    }

    void Fill()
    {
        start = Position;
        next = 0;
        count = (int)Math.Min(buffer.Length, file.Length - start);
        if (count <= 0)
        {
            count = 0;
            throw new WireFormatException("a file that ends in the middle of a field", missingBytes: 1);
        }
        file.Read(start, buffer.AsSpan(0, count));
    }
}

namespace OnnxAmalgam.Graphs.Files;

/// <summary>Protobuf's integers of variable length, written in the fewest bytes.</summary>
static class Varint
{
    /// <summary>The most bytes one may take.</summary>
    public const int MaxBytes = 10;

    /// <summary>Bytes that the value takes.</summary>
    public static int Size(ulong value)
    {
        var size = 1;
        while ((value >>= 7) != 0) size++;
        return size;
    }

    /// <summary>Takes one from the front; false where there is none.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < Math.Min(bytes.Length, MaxBytes); i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] >= 0x80) continue;
            bytes = bytes[(i + 1)..];
            return true;
        }

        return false;
    }

    /// <summary>Writes the value.</summary>
    public static void Write(Stream output, ulong value)
    {
        for (; value >= 0x80; value >>= 7) output.WriteByte((byte)(value | 0x80));
        output.WriteByte((byte)value);
    }
}

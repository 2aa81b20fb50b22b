using System.Buffers.Binary;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>A stretch of an open file.</summary>
readonly record struct StoredBytes(PositionedFile File, long Offset, long Length);

/// <summary>The elements that loading one file left there. In the parsed model a placeholder stands for each stretch: a random word,
/// drawn for this load, so that no file can contain it by chance or on purpose, and the stretch's index. In a list of numbers it is six
/// float32 or three float64.</summary>
sealed class WeightStore(PositionedFile file)
{
    const int WordBytes = 16;

    /// <summary>Size of a placeholder.</summary>
    public const int PlaceholderBytes = WordBytes + sizeof(long);

    // As hard to guess as RandomNumberGenerator's bytes, which on Linux would load OpenSSL and fail where it is absent.
    readonly byte[] word = Finite(Guid.NewGuid().ToByteArray());
    readonly List<(long Offset, long Length)> stretches = [];

    /// <summary>Stretches noted so far.</summary>
    public int Count => stretches.Count;

    /// <summary>Notes a stretch and returns what stands for it.</summary>
    public byte[] Add(long offset, long length)
    {
        var placeholder = new byte[PlaceholderBytes];
        word.CopyTo(placeholder, 0);
        BinaryPrimitives.WriteInt64LittleEndian(placeholder.AsSpan(WordBytes), stretches.Count);
        stretches.Add((offset, length));
        return placeholder;
    }

    /// <summary>The stretch that these bytes stand for, or null when they are data.</summary>
    public StoredBytes? Find(ReadOnlySpan<byte> elements)
    {
        if (elements.Length != PlaceholderBytes || !elements.StartsWith(word)) return null;
        var (offset, length) = stretches[(int)BinaryPrimitives.ReadInt64LittleEndian(elements[WordBytes..])];
        return new StoredBytes(file, offset, length);
    }

    /// <summary>Cleared of one exponent bit of every number: processors may change the bits of a NaN.</summary>
    static byte[] Finite(byte[] word)
    {
        for (var i = sizeof(float) - 1; i < word.Length; i += sizeof(float)) word[i] &= 0xbf;
        return word;
    }
}

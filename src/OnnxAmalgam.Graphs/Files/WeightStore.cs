using System.Buffers.Binary;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>A stretch of an open file.</summary>
readonly record struct StoredBytes(PositionedFile File, long Offset, long Length);

/// <summary>The raw data that loading one file left there. In the parsed model a placeholder stands for each stretch: a random word,
/// drawn for this load, so that no file can contain it by chance or on purpose, and the stretch's index.</summary>
sealed class WeightStore(PositionedFile file)
{
    const int WordBytes = 16;

    /// <summary>Size of a placeholder.</summary>
    public const int PlaceholderBytes = WordBytes + sizeof(long);

    // As hard to guess as RandomNumberGenerator's bytes, which on Linux would load OpenSSL and fail where it is absent.
    readonly byte[] word = Guid.NewGuid().ToByteArray();
    readonly List<(long Offset, long Length)> stretches = [];

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
    public StoredBytes? Find(ReadOnlySpan<byte> rawData)
    {
        if (rawData.Length != PlaceholderBytes || !rawData.StartsWith(word)) return null;
        var (offset, length) = stretches[(int)BinaryPrimitives.ReadInt64LittleEndian(rawData[WordBytes..])];
        return new StoredBytes(file, offset, length);
    }
}

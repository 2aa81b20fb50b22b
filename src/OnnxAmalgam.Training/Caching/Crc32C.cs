using System.Numerics;
using System.Runtime.InteropServices;

namespace OnnxAmalgam.Training.Caching;

/// <summary>The checksum of a stored row: CRC-32C, which processors compute.</summary>
static class Crc32C
{
    /// <summary>Of these bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (byte rest in bytes[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, rest);
        }

        return ~crc;
    }
}

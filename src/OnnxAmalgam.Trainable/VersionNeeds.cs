using System.Buffers.Binary;
using System.Text;

namespace OnnxAmalgam.Trainable;

/// <summary>
/// The symbol versions that a 64-bit little-endian ELF library asks of others (.gnu.version_r), and whether it can do without
/// each (VER_FLG_WEAK). Layout: System V gABI; Linux Standard Base, symbol versioning.
/// </summary>
internal static class VersionNeeds
{
    const uint VersionNeedSection = 0x6ffffffe;

    /// <summary>Version name -> weak. Empty where the file is no such library.</summary>
    internal static IReadOnlyDictionary<string, bool> Read(ReadOnlySpan<byte> file)
    {
        Dictionary<string, bool> found = [];
        if (file.Length < 64 || !file.StartsWith("\u007fELF\u0002\u0001"u8))
        {
            return found;
        }

        long sections = I64(file, 0x28);
        int size = U16(file, 0x3a), count = U16(file, 0x3c);
        for (int i = 0; i < count; i++)
        {
            long header = sections + (i * size);
            if (U32(file, header + 4) == VersionNeedSection)
            {
                long strings = I64(file, sections + (U32(file, header + 0x28) * size) + 0x18);
                Collect(file, I64(file, header + 0x18), strings, found);
            }
        }

        return found;
    }

    static void Collect(ReadOnlySpan<byte> file, long need, long strings, Dictionary<string, bool> found)
    {
        uint next;
        do
        {
            long entry = need + U32(file, need + 8);
            for (int i = U16(file, need + 2); i > 0; i--)
            {
                found[Name(file, strings + U32(file, entry + 8))] = (U16(file, entry + 4) & 0x2) != 0;
                entry += U32(file, entry + 12);
            }

            next = U32(file, need + 12);
            need += next;
        }
        while (next != 0);
    }

    static string Name(ReadOnlySpan<byte> file, long at)
    {
        ReadOnlySpan<byte> rest = file[checked((int)at)..];
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }

    static ushort U16(ReadOnlySpan<byte> file, long at) => BinaryPrimitives.ReadUInt16LittleEndian(file[checked((int)at)..]);

    static uint U32(ReadOnlySpan<byte> file, long at) => BinaryPrimitives.ReadUInt32LittleEndian(file[checked((int)at)..]);

    static long I64(ReadOnlySpan<byte> file, long at) => BinaryPrimitives.ReadInt64LittleEndian(file[checked((int)at)..]);
}

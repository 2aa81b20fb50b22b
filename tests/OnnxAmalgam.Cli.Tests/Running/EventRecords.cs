using System.Buffers.Binary;
using Google.Protobuf;

namespace OnnxAmalgam.Cli.Tests.Running;

/// <summary>A TensorBoard event file, read as TensorBoard does: checksums verified.</summary>
internal static class EventRecords
{
    /// <summary>Step and tag of each scalar, with its value.</summary>
    public static Dictionary<(long Step, string Tag), float> Read(string path)
    {
        Dictionary<(long, string), float> scalars = [];
        byte[] file = File.ReadAllBytes(path);
        for (int at = 0; at < file.Length;)
        {
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));
            Assert.Equal(Masked(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            Assert.Equal(Masked(file.AsSpan(at + 12, length)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            Event(file[(at + 12)..(at + 12 + length)], scalars);
            at += 16 + length;
        }

        return scalars;
    }

    static void Event(byte[] bytes, Dictionary<(long, string), float> scalars)
    {
        CodedInputStream input = new(bytes);
        long step = 0;
        while (input.ReadTag() is > 0 and uint tag)
        {
            switch (tag >> 3)
            {
                case 2:
                    step = input.ReadInt64();
                    break;
                case 5:
                    CodedInputStream summary = input.ReadBytes().CreateCodedInput();
                    while (summary.ReadTag() > 0)
                    {
                        CodedInputStream value = summary.ReadBytes().CreateCodedInput();
                        Assert.Equal(10u, value.ReadTag());
                        string name = value.ReadString();
                        Assert.Equal(21u, value.ReadTag());
                        scalars.Add((step, name), value.ReadFloat());
                    }

                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
    }

    /// <summary>CRC-32C bit by bit, rotated and shifted as TensorFlow does.</summary>
    static uint Masked(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int i = 0; i < 8; i++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0x82f63b78u);
            }
        }

        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
    }
}

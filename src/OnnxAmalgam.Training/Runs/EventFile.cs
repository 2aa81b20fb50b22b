using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using CsvHelper;
using Google.Protobuf;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Runs;

/// <summary>The rows of results.csv as TensorBoard reads them: a file of event records with the columns' names as tags, the epoch as
/// step and the seconds of training as wall time. Made from results.csv as a whole, so a resumed run's file is the uninterrupted run's.</summary>
/// <remarks>A record is its length (8 bytes), a checksum of these, the event, a checksum of that; checksums are CRC-32C, masked
/// (tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto).</remarks>
static class EventFile
{
    const uint MaskDelta = 0xa282ead8;
    const uint WallTime = (1 << 3) | 1, Step = 2 << 3, FileVersion = (3 << 3) | 2, Summary = (5 << 3) | 2;
    const uint SummaryValue = (1 << 3) | 2, ValueTag = (1 << 3) | 2, SimpleValue = (2 << 3) | 5;

    /// <summary>Writes the events of a results.csv atomically.</summary>
    public static void Write(string path, string results)
    {
        using var csv = CsvReader.FromText(results);
        string[] columns = [.. csv.Headers];
        int epoch = Array.IndexOf(columns, "epoch"), time = Array.IndexOf(columns, "time");
        using var file = new MemoryStream();
        Record(file, Event(0, version => { version.WriteTag(FileVersion); version.WriteString("brain.Event:2"); }));
        while (csv.Read())
        {
            string[] cells = [.. Enumerable.Range(0, columns.Length).Select(i => csv.GetString(i))];
            Record(file, Event(Number(cells[time]), row =>
            {
                row.WriteTag(Step);
                row.WriteInt64((long)Number(cells[epoch]));
                row.WriteTag(Summary);
                row.WriteBytes(ByteString.CopyFrom(Message(summary => Values(summary, columns, cells))));
            }));
        }

        byte[] bytes = file.ToArray();
        AtomicFile.Write(path, stream => stream.Write(bytes));
    }

    static void Values(CodedOutputStream summary, string[] columns, string[] cells)
    {
        for (int i = 0; i < columns.Length; i++)
        {
            if (columns[i] is "epoch" or "time" || cells[i].Length == 0)
            {
                continue;
            }

            string tag = columns[i];
            float value = (float)Number(cells[i]);
            summary.WriteTag(SummaryValue);
            summary.WriteBytes(ByteString.CopyFrom(Message(one =>
            {
                one.WriteTag(ValueTag);
                one.WriteString(tag);
                one.WriteTag(SimpleValue);
                one.WriteFloat(value);
            })));
        }
    }

    static byte[] Event(double wallTime, Action<CodedOutputStream> rest) => Message(e =>
    {
        e.WriteTag(WallTime);
        e.WriteDouble(wallTime);
        rest(e);
    });

    static byte[] Message(Action<CodedOutputStream> fill)
    {
        using var bytes = new MemoryStream();
        using (var stream = new CodedOutputStream(bytes, leaveOpen: true))
        {
            fill(stream);
        }

        return bytes.ToArray();
    }

    static void Record(MemoryStream file, byte[] data)
    {
        Span<byte> length = stackalloc byte[8], sum = stackalloc byte[4];
        BinaryPrimitives.WriteInt64LittleEndian(length, data.Length);
        file.Write(length);
        BinaryPrimitives.WriteUInt32LittleEndian(sum, Masked(length));
        file.Write(sum);
        file.Write(data);
        BinaryPrimitives.WriteUInt32LittleEndian(sum, Masked(data));
        file.Write(sum);
    }

    static uint Masked(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return BitOperations.RotateRight(~crc, 15) + MaskDelta;
    }

    static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}

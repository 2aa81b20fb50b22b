using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;
using Tensorboard;

namespace OnnxAmalgam.Training.Runs;

/// <summary>TensorBoard events of one stretch of a run: a scalar for each column of results.csv, step = epoch. A resumed run gets a file of
/// its own, which tells TensorBoard to forget what earlier files say of the epochs that are done again.</summary>
/// <remarks>Framed as TFRecords: length, its masked CRC-32C, the event, its masked CRC-32C. TorchSharp's own writer counts time in ticks where
/// TensorBoard reads seconds, and cannot purge. Events are a convenience: where they cannot be written, that is said once and the run goes on.</remarks>
sealed class EventFile : IDisposable
{
    const string Prefix = "events.out.tfevents.";
    readonly string folder;
    readonly int firstEpoch;
    readonly Action<string> warn;
    FileStream? stream;
    bool failed;

    /// <summary>Prepares a file; it appears with the first epoch.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="firstEpoch">The first epoch it will hold.</param>
    /// <param name="warn">Told why there are no events.</param>
    public EventFile(string folder, int firstEpoch, Action<string> warn) => (this.folder, this.firstEpoch, this.warn) = (folder, firstEpoch, warn);

    /// <summary>Adds an epoch's figures; those without a value are left out.</summary>
    public void Append(int epoch, IEnumerable<(string Column, double? Value)> row)
    {
        if (failed)
        {
            return;
        }

        var summary = new Summary();
        summary.Value.Add(row.Where(r => r.Column != "epoch" && r.Value is not null).Select(r => new Summary.Types.Value { Tag = r.Column, SimpleValue = (float)r.Value!.Value }));
        try
        {
            stream ??= Open();
            stream.Write(Record(new Event { WallTime = Now, Step = epoch, Summary = summary }));
            stream.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            failed = true;
            warn($"'{folder}': no more TensorBoard events, they cannot be written: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => stream?.Dispose();

    static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    FileStream Open()
    {
        int earlier = Directory.GetFiles(folder, Prefix + "*").Length;
        string name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{DateTimeOffset.UtcNow.ToUnixTimeSeconds():d10}.{earlier:d4}.onnx-amalgam");
        var file = new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite);
        file.Write(Record(new Event { WallTime = Now, FileVersion = "brain.Event:2" }));
        if (earlier > 0)
        {
            file.Write(Record(new Event { WallTime = Now, Step = firstEpoch, SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start } }));
        }

        return file;
    }

    static byte[] Record(Event what)
    {
        byte[] data = what.ToByteArray();
        byte[] record = new byte[8 + 4 + data.Length + 4];
        BinaryPrimitives.WriteInt64LittleEndian(record, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), MaskedCrc(record.AsSpan(0, 8)));
        data.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + data.Length), MaskedCrc(data));
        return record;
    }

    static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in data)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }
}

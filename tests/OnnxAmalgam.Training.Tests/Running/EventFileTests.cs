using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Runs;
using Tensorboard;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>TensorBoard shows what results.csv holds, across interruptions.</summary>
public sealed class EventFileTests
{
    [Fact]
    public void Events_hold_what_results_csv_holds_and_a_resumed_run_replaces_what_it_does_again()
    {
        using TempFolder temporary = new();
        string path = Path.Combine(temporary.Path, "run");
        double begun = Now();
        using (var stop = new CancellationTokenSource())
        {
            using AmalgamationSetup first = ShortRun.Open("train.epochs=3");
            using RunFolder run = RunFolder.Create(path, "run");
            using var trainer = new Trainer(first, run, new Witness(stopAfter: 12, stop));
            Assert.False(trainer.Run(resume: false, acceptOlder: false, stop.Token));
        }

        using (var ahead = new EventFile(path, 2, Assert.Fail))
        {
            ahead.Append(2, [("epoch", 2), ("train/loss", 1e6)]);
        }

        using AmalgamationSetup setup = ShortRun.Open("train.epochs=3");
        using RunFolder folder = RunFolder.Open(path);
        using var resumed = new Trainer(setup, folder, new Witness());
        Assert.True(resumed.Run(resume: true, acceptOlder: false, CancellationToken.None));

        string[] files = [.. Directory.GetFiles(path, "events.out.tfevents.*").Order(StringComparer.Ordinal)];
        Assert.Equal(3, files.Length);
        Event[] events = [.. files.SelectMany(Read)];
        Assert.Equal(3, events.Count(e => e.FileVersion == "brain.Event:2"));
        Assert.All(events, e => Assert.InRange(e.WallTime, begun - 1, Now() + 1));
        string[][] rows = [.. File.ReadAllLines(folder.Results).Select(l => l.Split(','))];
        var shown = Shown(events);
        Assert.Equal(4, rows.Length);
        Assert.Equal(rows[1..].Sum(r => r.Skip(1).Count(cell => cell.Length > 0)), shown.Count);
        foreach (string[] row in rows[1..])
        {
            foreach (var (column, value) in rows[0].Zip(row).Skip(1).Where(cell => cell.Second.Length > 0))
            {
                Assert.Equal(float.Parse(value, CultureInfo.InvariantCulture), shown[(long.Parse(row[0], CultureInfo.InvariantCulture), column)], 1e-5f * Math.Abs(float.Parse(value, CultureInfo.InvariantCulture)));
            }
        }
    }

    [Fact]
    public void Events_that_cannot_be_written_are_said_once_and_stop_nothing()
    {
        using TempFolder temporary = new();
        List<string> warnings = [];
        using var events = new EventFile(Path.Combine(temporary.Path, "gone"), 1, warnings.Add);
        events.Append(1, [("epoch", 1), ("train/loss", 2)]);
        events.Append(2, [("epoch", 2), ("train/loss", 1)]);
        Assert.Contains("TensorBoard", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_figure_that_is_not_known_has_no_event()
    {
        using TempFolder temporary = new();
        using (var events = new EventFile(temporary.Path, 1, Assert.Fail))
        {
            events.Append(1, [("epoch", 1), ("val/loss", null), ("train/loss", 0.25)]);
        }

        Event last = Read(Assert.Single(Directory.GetFiles(temporary.Path))).Last();
        Assert.Equal(1, last.Step);
        Assert.Equal(("train/loss", 0.25f), (Assert.Single(last.Summary.Value).Tag, last.Summary.Value[0].SimpleValue));
    }

    /// <summary>What TensorBoard shows: a session that starts at a step takes back everything from that step on.</summary>
    static Dictionary<(long Step, string Tag), float> Shown(IEnumerable<Event> events)
    {
        Dictionary<(long Step, string Tag), float> shown = [];
        foreach (Event e in events)
        {
            if (e.SessionLog?.Status == SessionLog.Types.SessionStatus.Start)
            {
                foreach (var key in shown.Keys.Where(k => k.Step >= e.Step).ToArray())
                {
                    shown.Remove(key);
                }
            }

            foreach (var value in e.Summary?.Value ?? [])
            {
                shown.Add((e.Step, value.Tag), value.SimpleValue);
            }
        }

        return shown;
    }

    /// <summary>TFRecords: length, masked CRC of it, data, masked CRC of it.</summary>
    static List<Event> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        List<Event> events = [];
        for (int at = 0; at < file.Length;)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at)));
            Assert.Equal(Masked(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            Assert.Equal(Masked(file.AsSpan(at + 12, length)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            events.Add(Event.Parser.ParseFrom(new CodedInputStream(file, at + 12, length)));
            at += length + 16;
        }

        return events;
    }

    /// <summary>CRC-32C bit by bit (polynomial 0x82F63B78, reflected), rotated right by 15 bits, plus a constant.</summary>
    static uint Masked(ReadOnlySpan<byte> data)
    {
        uint crc = 0xFFFFFFFF;
        foreach (byte b in data)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78);
            }
        }

        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
    }

    static double Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
}

using CsCheck;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Caching;

namespace OnnxAmalgam.Training.Tests.Caching;

/// <summary>A file of rows gives back what was written, or says that it does not.</summary>
public sealed class ShardTests : IDisposable
{
    static readonly Gen<(int RowBytes, CanvasKey[] Keys, byte[] Rows)> Contents =
        from width in Gen.Int[1, 40]
        from keys in Gen.Select(Gen.ULong, Gen.ULong, (a, b) => new CanvasKey(a, b)).Array[1, 9]
        from rows in Gen.Byte.Array[keys.Length * width * 2]
        select (width * 2, keys, rows);

    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Rows_are_read_by_position_as_they_were_written() => Contents.Sample(
        content =>
        {
            string path = Write(content);
            using Shard shard = Shard.Open(path);
            Assert.Equal(content.Keys, shard.Keys);
            Assert.Equal((content.RowBytes, content.Keys.Length, "net.onnx", "abc"), (shard.Header.RowBytes, shard.Header.Rows, shard.Header.Model, shard.Header.Key["file"]));
            byte[] row = new byte[content.RowBytes];
            for (int i = content.Keys.Length - 1; i >= 0; i--)
            {
                Assert.Null(shard.Read(i, row));
                Assert.Equal(content.Rows[(i * row.Length)..((i + 1) * row.Length)], row);
            }

            Assert.Equal(new FileInfo(path).Length, Shard.BytesFor(shard.Header, content.Keys.Length) - 10 + content.Keys.Length.ToString(System.Globalization.CultureInfo.InvariantCulture).Length);
        },
        iter: 100, threads: 1);

    [Fact]
    public void A_changed_bit_anywhere_is_noticed()
    {
        byte[] rows = [.. Enumerable.Range(0, 3 * 8).Select(i => (byte)(i * 37))];
        string path = Write((8, [new(1, 2), new(3, 4), new(5, 6)], rows));
        byte[] whole = File.ReadAllBytes(path);
        for (int at = 0; at < whole.Length; at++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                byte[] damaged = [.. whole];
                damaged[at] ^= (byte)(1 << bit);
                Assert.True(IsNoticed(damaged), $"byte {at}, bit {bit}");
            }
        }

        Assert.False(IsNoticed(whole));
    }

    [Fact]
    public void A_file_cut_anywhere_is_noticed()
    {
        byte[] whole = File.ReadAllBytes(Write((8, [new(1, 2), new(3, 4)], new byte[16])));
        Assert.All(Enumerable.Range(0, whole.Length), length => Assert.True(IsNoticed(whole[..length]), $"{length} bytes"));
        Assert.True(IsNoticed([.. whole, 0]));
    }

    bool IsNoticed(byte[] bytes)
    {
        string path = folder.Write("damaged.rows", bytes);
        try
        {
            using Shard shard = Shard.Open(path);
            byte[] row = new byte[shard.Header.RowBytes];
            return !Enumerable.Range(0, shard.Header.Rows).All(i => shard.Read(i, row) is null);
        }
        catch (InvalidDataException)
        {
            return true;
        }
    }

    string Write((int RowBytes, CanvasKey[] Keys, byte[] Rows) content)
    {
        string path = Path.Combine(folder.Path, "whole.rows");
        var header = new ShardHeader(new Dictionary<string, string> { ["file"] = "abc" }, "net.onnx", new RowLayout([new RowPart("logits", [content.RowBytes / 2])]), content.RowBytes, content.Keys.Length);
        Shard.Write(path, header, content.Keys, content.Rows);
        return path;
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Caching;

/// <summary>What a shard says of itself.</summary>
/// <param name="Key">Facts of the store it belongs to.</param>
/// <param name="Model">The model's file name, for messages.</param>
/// <param name="Outputs">What a row holds.</param>
/// <param name="RowBytes">Bytes of a row.</param>
/// <param name="Rows">Number of rows.</param>
sealed record ShardHeader(IReadOnlyDictionary<string, string> Key, string Model, RowLayout Outputs, int RowBytes, int Rows);

/// <summary>One immutable file of stored rows, read by position. Owns the open file; safe to read from several threads.</summary>
/// <remarks>
/// Little endian: 8 bytes of magic; the length of the header; the header (JSON); for each row its <see cref="CanvasKey"/> and its CRC-32C;
/// the SHA-256 of all that; the rows. What comes before the rows is verified when the file is opened, a row whenever it is read.
/// </remarks>
sealed class Shard : IDisposable
{
    /// <summary>How shards' names end.</summary>
    public const string Extension = ".rows";

    /// <summary>Bytes that a row takes beside its own.</summary>
    public const int EntryBytes = CanvasKey.Bytes + sizeof(uint);

    const int MaxHeaderBytes = 1 << 20, Prefix = 12;
    readonly SafeFileHandle file;
    readonly uint[] checksums;
    readonly long start;

    Shard(string path, SafeFileHandle file, ShardHeader header, CanvasKey[] keys, uint[] checksums, long start)
    {
        (Path, this.file, Header, Keys, this.checksums, this.start) = (path, file, header, keys, checksums, start);
    }

    static ReadOnlySpan<byte> Magic => "OXArows1"u8;

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>What it says of itself.</summary>
    public ShardHeader Header { get; }

    /// <summary>Whose rows these are, in order.</summary>
    public IReadOnlyList<CanvasKey> Keys { get; }

    /// <summary>Opens and verifies a file, up to its rows.</summary>
    /// <exception cref="InvalidDataException">It is not what was written; the message says what it is.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Shard Open(string path)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
        try
        {
            return Read(path, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Only what a file says of itself; null where it is no shard.</summary>
    public static ShardHeader? Peek(string path)
    {
        try
        {
            using Shard shard = Open(path);
            return shard.Header;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes a file under its final name, or not at all.</summary>
    /// <exception cref="InputException">The disk is full or the folder cannot be written.</exception>
    public static void Write(string path, ShardHeader header, IReadOnlyList<CanvasKey> keys, ReadOnlyMemory<byte> rows)
    {
        byte[] head = Head(header, keys, rows.Span);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(head);
            stream.Write(SHA256.HashData(head));
            stream.Write(rows.Span);
        });
    }

    /// <summary>Bytes of a file of so many rows, at most.</summary>
    public static long BytesFor(ShardHeader header, long rows) =>
        Prefix + JsonSerializer.SerializeToUtf8Bytes(header with { Rows = int.MaxValue }).Length + SHA256.HashSizeInBytes + (rows * (EntryBytes + header.RowBytes));

    /// <summary>Reads a row.</summary>
    /// <returns>Null; or what is wrong, and whether the file is at fault: a folder that cannot be reached for a while is not.</returns>
    public (string Problem, bool IsDamaged)? Read(int row, Span<byte> bytes)
    {
        try
        {
            return RandomAccess.Read(file, bytes, start + ((long)row * Header.RowBytes)) == bytes.Length && Crc32C.Of(bytes) == checksums[row] ? null : ("other bytes", true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            return (e.Message.TrimEnd('.'), false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    static byte[] Head(ShardHeader header, IReadOnlyList<CanvasKey> keys, ReadOnlySpan<byte> rows)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        byte[] head = new byte[Prefix + json.Length + (keys.Count * EntryBytes)];
        Magic.CopyTo(head);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(8), json.Length);
        json.CopyTo(head, Prefix);
        for (int i = 0; i < keys.Count; i++)
        {
            Span<byte> entry = head.AsSpan(Prefix + json.Length + (i * EntryBytes), EntryBytes);
            keys[i].Write(entry);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[CanvasKey.Bytes..], Crc32C.Of(rows.Slice(i * header.RowBytes, header.RowBytes)));
        }

        return head;
    }

    static Shard Read(string path, SafeFileHandle file)
    {
        long length = RandomAccess.GetLength(file);
        byte[] prefix = Bytes(file, 0, Prefix, length);
        int jsonBytes = BinaryPrimitives.ReadInt32LittleEndian(prefix.AsSpan(8));
        Require(prefix.AsSpan(0, 8).SequenceEqual(Magic) && jsonBytes is > 0 and <= MaxHeaderBytes, "no header");
        ShardHeader header = Parse(Bytes(file, Prefix, jsonBytes, length));
        long start = Prefix + jsonBytes + ((long)header.Rows * EntryBytes) + SHA256.HashSizeInBytes;
        Require(header is { Rows: >= 0, RowBytes: > 0 } && start <= Array.MaxLength && length == start + ((long)header.Rows * header.RowBytes), $"{length} bytes");
        byte[] head = Bytes(file, 0, checked((int)start), length);
        Require(SHA256.HashData(head.AsSpan(0, head.Length - SHA256.HashSizeInBytes)).AsSpan().SequenceEqual(head.AsSpan(head.Length - SHA256.HashSizeInBytes)), "a header or an index of other bytes");

        var (keys, checksums) = (new CanvasKey[header.Rows], new uint[header.Rows]);
        for (int i = 0; i < header.Rows; i++)
        {
            ReadOnlySpan<byte> entry = head.AsSpan(Prefix + jsonBytes + (i * EntryBytes), EntryBytes);
            (keys[i], checksums[i]) = (CanvasKey.Read(entry), BinaryPrimitives.ReadUInt32LittleEndian(entry[CanvasKey.Bytes..]));
        }

        return new Shard(path, file, header, keys, checksums, start);
    }

    static ShardHeader Parse(byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize<ShardHeader>(json) is { Key: not null, Model: not null, Outputs.Parts: not null } header && header.RowBytes / header.Outputs.Width is 2 or 4
                ? header
                : throw new InvalidDataException("an empty header");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or NullReferenceException or ArgumentException or ArithmeticException)
        {
            throw new InvalidDataException("a header that cannot be read", e);
        }
    }

    static byte[] Bytes(SafeFileHandle file, long at, int count, long length)
    {
        Require(at + count <= length, $"{length} bytes");
        byte[] bytes = new byte[count];
        Require(RandomAccess.Read(file, bytes, at) == count, $"fewer than {at + count} bytes");
        return bytes;
    }

    static void Require(bool holds, string got)
    {
        if (!holds)
        {
            throw new InvalidDataException(got);
        }
    }
}

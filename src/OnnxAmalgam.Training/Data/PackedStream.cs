using System.Buffers.Binary;
using System.IO.Compression;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Data;

/// <summary>A file of known length, plain or gzipped (by its first bytes), read without trusting what it declares: no more memory is taken than its bytes can fill.</summary>
sealed class PackedStream : IDisposable
{
    // Deflate's best case is 1032 to 1.
    const long MaxExpansion = 1040;

    readonly string path;
    readonly FileStream file;
    readonly Stream content;
    readonly bool compressed;

    PackedStream(string path, FileStream file)
    {
        this.path = path;
        this.file = file;
        compressed = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
        file.Position = 0;
        content = compressed ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    /// <exception cref="InputException">The file cannot be opened.</exception>
    public static PackedStream Open(string path)
    {
        try
        {
            return new(path, new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"'{path}': {e.Message}", e);
        }
    }

    /// <summary>The whole content of a file of fixed-size records; <paramref name="recordBytes"/> divides its length.</summary>
    public static byte[] ReadRecords(string path, int recordBytes)
    {
        using PackedStream stream = Open(path);
        long length = stream.file.Length;
        if (length == 0 || length % recordBytes != 0 || length > Array.MaxLength)
            throw new InputException($"'{path}': expected a multiple of {recordBytes} bytes (one image each), got {length} bytes; fetch the file again");
        return stream.ReadExactly((int)length, "records");
    }

    /// <summary>The next bytes.</summary>
    public byte[] ReadExactly(int count, string what)
    {
        byte[] bytes = new byte[count];
        int got = Fill(bytes);
        return got == count ? bytes : throw new InputException($"'{path}': expected {what} of {count} bytes, got {got} bytes; fetch the file again");
    }

    /// <summary>Everything to the end, which must be exactly where it was declared.</summary>
    /// <param name="head">What has been read; the result starts with it.</param>
    /// <param name="total">Declared length of the content, <paramref name="head"/> included.</param>
    /// <param name="what">What the declared bytes are, for the message.</param>
    public byte[] ReadRest(byte[] head, long total, string what)
    {
        long most = compressed ? file.Length * MaxExpansion : file.Length;
        if (total > most || total > Array.MaxLength)
            throw Wrong(compressed ? $"a gzip file of {file.Length} bytes, which cannot hold them" : $"{file.Length}");
        if (!compressed && file.Length > total)
            throw Wrong($"{file.Length}");
        byte[] bytes = new byte[total];
        head.CopyTo(bytes, 0);
        int got = head.Length + Fill(bytes.AsSpan(head.Length));
        if (got < total)
            throw Wrong($"{got}");
        if (Fill(new byte[1]) != 0)
            throw Wrong("more");
        if (compressed && DeclaredByTrailer() != (uint)total)
            throw Wrong("a gzip file whose end is missing");
        return bytes;

        InputException Wrong(string got) => new($"'{path}': expected {what} = {total} bytes, got {got}; fetch the file again");
    }

    /// <summary>The last four bytes: the length of the content. Decompression itself does not miss them.</summary>
    uint DeclaredByTrailer()
    {
        byte[] trailer = new byte[4];
        file.Position = file.Length - trailer.Length;
        file.ReadExactly(trailer);
        return BinaryPrimitives.ReadUInt32LittleEndian(trailer);
    }

    int Fill(Span<byte> bytes)
    {
        try
        {
            return content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new InputException($"'{path}': expected {(compressed ? "an intact gzip file" : "a readable file")}, got {e.Message}; fetch the file again", e);
        }
    }

    public void Dispose()
    {
        content.Dispose();
        file.Dispose();
    }
}

using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>A regular file that stays open and is read by position, by any number of threads. What it reads stays the same when the name
/// is given to another file; a change of the file itself is noticed. The handle closes when nobody refers to it any more.</summary>
sealed class PositionedFile
{
    const int CopyBytes = 1 << 20;

    readonly SafeFileHandle handle;
    readonly string name;
    readonly DateTime written;

    PositionedFile(SafeFileHandle handle, string name, long length)
    {
        this.handle = handle;
        this.name = name;
        Length = length;
        written = File.GetLastWriteTimeUtc(handle);
    }

    /// <summary>Size in bytes when it was opened.</summary>
    public long Length { get; }

    /// <summary>Opens a regular file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="InputException">It does not exist, may not be read, or is a folder, pipe or device.</exception>
    public static PositionedFile Open(string path, string name)
    {
        try
        {
            if (Directory.Exists(path)) throw new InputException($"{name}: expected a file, got a folder");
            var handle = UnixFile.IsSupported
                ? UnixFile.OpenWithoutWaiting(path)
                : File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return new PositionedFile(handle, name, RandomAccess.GetLength(handle));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{name}: expected a file, got none of that name", e);
        }
        catch (NotSupportedException e)
        {
            throw new InputException($"{name}: expected a regular file, got a pipe or a device", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{name}: expected a file that can be read, got: {e.Message}", e);
        }
    }

    /// <summary>Where the open file really lies, links resolved; null where the system does not tell.</summary>
    public string? RealPath => UnixFile.RealPath(handle);

    /// <summary>SHA-1 of all bytes, in hexadecimal digits: what ONNX's <c>checksum</c> is, against mix-ups, not against attackers.</summary>
    /// <exception cref="InputException">As <see cref="Read"/>.</exception>
    public string Sha1()
    {
#pragma warning disable CA5350 // the format knows no other
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        var buffer = new byte[Math.Min(CopyBytes, Length)];
        for (var at = 0L; at < Length; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, Length - at));
            Read(at, part);
            hash.AppendData(part);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Fills the span from this position.</summary>
    /// <exception cref="InputException">The file ended early, changed since it was opened, or cannot be read.</exception>
    public void Read(long offset, Span<byte> bytes)
    {
        try
        {
            while (bytes.Length > 0)
            {
                var count = RandomAccess.Read(handle, bytes, offset);
                if (count == 0) throw Changed();
                offset += count;
                bytes = bytes[count..];
            }
            if (RandomAccess.GetLength(handle) != Length || File.GetLastWriteTimeUtc(handle) != written) throw Changed();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{name}: expected to read on at byte {offset}, got: {e.Message}", e);
        }
    }

    /// <summary>Copies a stretch of the file in pieces.</summary>
    /// <exception cref="InputException">As for <see cref="Read"/>.</exception>
    public void CopyTo(Stream output, long offset, long length)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, CopyBytes));
        while (length > 0)
        {
            var piece = buffer.AsSpan(0, (int)Math.Min(length, buffer.Length));
            Read(offset, piece);
            output.Write(piece);
            offset += piece.Length;
            length -= piece.Length;
        }
        ArrayPool<byte>.Shared.Return(buffer);
    }

    InputException Changed() => new($"{name}: expected the file as it was opened, got one that somebody changed in place; load it again");
}

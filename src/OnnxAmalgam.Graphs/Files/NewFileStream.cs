using Microsoft.Win32.SafeHandles;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>Writes a file that did not exist before, from front to back. Nothing is written on disposal: a file that was not
/// flushed was given up.</summary>
sealed class NewFileStream(string path) : Stream
{
    const int BufferBytes = 1 << 18, EFBIG = 27;

    readonly SafeFileHandle handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
    readonly byte[] buffer = new byte[BufferBytes];
    int buffered;
    long written;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => written + buffered;

    public override long Position { get => Length; set => throw new NotSupportedException(); }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void WriteByte(byte value) => Write([value]);

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > BufferBytes - buffered) Flush();
        if (bytes.Length >= BufferBytes)
        {
            WriteThrough(bytes);
            return;
        }
        bytes.CopyTo(buffer.AsSpan(buffered));
        buffered += bytes.Length;
    }

    public override void Flush()
    {
        WriteThrough(buffer.AsSpan(0, buffered));
        buffered = 0;
    }

    /// <summary>Writes what is buffered and waits until the disk has everything.</summary>
    public void FlushToDisk()
    {
        Flush();
        RandomAccess.FlushToDisk(handle);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) handle.Dispose();
        base.Dispose(disposing);
    }

    void WriteThrough(ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(handle, bytes, written);
            written += bytes.Length;
        }
        catch (ArgumentOutOfRangeException)
        {
            // What .NET makes of EFBIG, the answer to a file-size limit.
            throw new IOException($"File too large : '{path}'", EFBIG);
        }
    }
}

namespace OnnxAmalgam.Graphs.Files;

/// <summary>Compares what is written to it with bytes in memory and keeps nothing.</summary>
sealed class ComparingStream(ReadOnlyMemory<byte> expected) : Stream
{
    long position;
    bool differs;

    /// <summary>Whether just the expected bytes were written, all of them.</summary>
    public bool IsSame => !differs && position == expected.Length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => position;

    public override long Position { get => position; set => throw new NotSupportedException(); }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        differs |= position + buffer.Length > expected.Length || !expected.Span.Slice((int)position, buffer.Length).SequenceEqual(buffer);
        position += buffer.Length;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

namespace OnnxAmalgam.Training.Data;

/// <summary>Images of one size whose raw samples lie in memory: what idx and CIFAR files hold.</summary>
/// <param name="where">Names the source.</param>
/// <param name="files">The files, in order.</param>
/// <param name="record">Where a record's parts are.</param>
/// <param name="labels">Class index of each record, or null.</param>
/// <param name="classes">Class names, or null.</param>
sealed class PackedImages(string where, IReadOnlyList<PackedFile> files, PackedRecord record, byte[]? labels, IReadOnlyList<string>? classes) : ImageSource
{
    public override string Where => where;
    public override int Count { get; } = files.Sum(f => f.Records);
    public override IReadOnlyList<string>? Classes => classes;
    public override int ClassOf(int record) => labels is null ? -1 : labels[record];
    public override bool MayFail => false;

    public override string NameOf(int record)
    {
        (PackedFile file, int number) = Find(record);
        return $"{file.Path}#{number}";
    }

    public override string? Read(int index, Canvas canvas, Span<byte> pixels)
    {
        (PackedFile file, int number) = Find(index);
        int samples = record.Channels * record.Height * record.Width;
        ReadOnlySpan<byte> bytes = file.Content.AsSpan(file.Offset + number * record.Stride + record.Offset, samples);
        PixelView image = record.Interleaved
            ? PixelView.Interleaved(bytes, record.Channels, record.Height, record.Width, pixelStride: record.Channels)
            : PixelView.Planar(bytes, record.Channels, record.Height, record.Width);
        CanvasWriter.Write(image, default, canvas, pixels);
        return null;
    }

    public override void Release()
    {
        foreach (PackedFile file in files)
            file.Content = [];
    }

    (PackedFile File, int Number) Find(int index)
    {
        foreach (PackedFile file in files)
        {
            if (index < file.Records)
                return (file, index);
            index -= file.Records;
        }
        throw new ArgumentOutOfRangeException(nameof(index));
    }
}

/// <summary>One file of records.</summary>
/// <param name="path">Its path.</param>
/// <param name="content">Its bytes.</param>
/// <param name="offset">Where records begin.</param>
/// <param name="records">How many there are.</param>
sealed class PackedFile(string path, byte[] content, int offset, int records)
{
    public string Path => path;
    public byte[] Content { get; set; } = content;
    public int Offset => offset;
    public int Records => records;
}

/// <summary>The layout of a record.</summary>
/// <param name="Stride">Bytes from record to record.</param>
/// <param name="Offset">Where its samples begin.</param>
/// <param name="Channels">1 or 3.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Interleaved">Whether samples lie as [h, w, c] instead of [c, h, w].</param>
readonly record struct PackedRecord(int Stride, int Offset, int Channels, int Height, int Width, bool Interleaved = false);

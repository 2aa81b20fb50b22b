using System.Buffers.Binary;
using System.Security.Cryptography;
using OnnxAmalgam.Training.Data;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Caching;

/// <summary>Names the pixels that a network is shown: half of their SHA-256, and their shape. What follows from equal pixels is stored once,
/// whichever image, view and augmentation they come from.</summary>
readonly record struct CanvasKey(ulong High, ulong Low)
{
    /// <summary>Bytes of a key in a file.</summary>
    public const int Bytes = 16;

    /// <summary>The key of one canvas [c, h, w].</summary>
    public static CanvasKey Of(ReadOnlySpan<byte> canvas, int channels, int height, int width)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(canvas, hash);
        ulong shape = ((ulong)channels << 48) ^ ((ulong)height << 24) ^ (ulong)width;
        return new(BinaryPrimitives.ReadUInt64LittleEndian(hash), BinaryPrimitives.ReadUInt64LittleEndian(hash[8..]) ^ shape);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static CanvasKey Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));

    /// <summary>The keys of all canvases of a batch.</summary>
    public static CanvasKey[] Of(ImageBatch batch, ImageSet images)
    {
        var keys = new CanvasKey[batch.Count];
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = Of(batch.Pixels.AsSpan(i * images.CanvasBytes, images.CanvasBytes), images.Channels, images.Height, images.Width);
        }

        return keys;
    }

    /// <summary>The same of bytes X[n, c, h, w], wherever they lie.</summary>
    public static CanvasKey[] Of(Tensor canvas)
    {
        using Tensor local = canvas.cpu();
        int bytes = checked((int)(canvas.numel() / canvas.shape[0]));
        var (channels, height, width) = ((int)canvas.shape[1], (int)canvas.shape[2], (int)canvas.shape[3]);
        byte[] pixels = local.contiguous().bytes.ToArray();
        var keys = new CanvasKey[canvas.shape[0]];
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = Of(pixels.AsSpan(i * bytes, bytes), channels, height, width);
        }

        return keys;
    }

    /// <summary>Writes the key's 16 bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, High);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], Low);
    }
}

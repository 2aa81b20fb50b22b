using OnnxAmalgam.Training.Data;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>A batch's bytes as a torch tensor.</summary>
static class BatchTensors
{
    /// <summary>Copies the batch into X[n, c, h, w] of bytes on the CPU (owned by the caller's scope).</summary>
    public static Tensor Canvas(ImageBatch batch, ImageSet images) => Canvas(batch.Pixels, batch, images);

    /// <summary>The same on a device.</summary>
    public static Tensor Canvas(ImageBatch batch, ImageSet images, Device device) => Canvas(batch.Pixels, batch, images, device);

    /// <summary>The same of what the student sees; null where it sees what the teachers see.</summary>
    public static Tensor? StudentCanvas(ImageBatch batch, ImageSet images, Device device) =>
        batch.StudentPixels is { } pixels ? Canvas(pixels, batch, images, device) : null;

    /// <summary>The same on a device, and the indices of the batch's images I[n] as int64.</summary>
    public static (Tensor Canvas, Tensor Indices) Of(ImageBatch batch, ImageSet images, Device device)
    {
        using Tensor indices = tensor(batch.Indices.AsSpan(0, batch.Count).ToArray(), ScalarType.Int64);
        return (Canvas(batch, images, device), Upload.To(indices, device));
    }

    static Tensor Canvas(byte[] pixels, ImageBatch batch, ImageSet images, Device device)
    {
        using Tensor canvas = Canvas(pixels, batch, images);
        return Upload.To(canvas, device);
    }

    static Tensor Canvas(byte[] pixels, ImageBatch batch, ImageSet images)
    {
        Tensor canvas = empty([batch.Count, images.Channels, images.Height, images.Width], ScalarType.Byte);
        canvas.bytes = pixels.AsSpan(0, batch.Count * images.CanvasBytes);
        return canvas;
    }
}

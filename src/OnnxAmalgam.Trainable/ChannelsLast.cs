using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable;

/// <summary>Images with their channels innermost in memory ("channels last" in torch, which TorchSharp has no word for).</summary>
public static class ChannelsLast
{
    /// <summary>X[n, c, h, w] -> the same numbers and shape, with strides [h w c, 1, w c, c]; any other rank, or one that has them, as it is.</summary>
    public static Tensor Of(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.dim() != 4) return images;
        var (channels, height, width) = (images.shape[1], images.shape[2], images.shape[3]);
        long[] strides = [height * width * channels, 1, width * channels, channels];
        if (images.stride().AsSpan().SequenceEqual(strides)) return images;
        // Of one channel both orders are the same memory, and only the strides tell torch which is meant.
        using var inner = images.permute(0, 2, 3, 1).contiguous();
        return inner.as_strided(images.shape, strides, inner.storage_offset());
    }
}

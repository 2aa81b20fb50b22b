namespace OnnxAmalgam.Training.Data;

/// <summary>The common size that every image is brought to.</summary>
readonly record struct Canvas(int Channels, int Height, int Width)
{
    /// <summary>Bytes of one plane.</summary>
    public int PlaneBytes => Height * Width;

    /// <summary>Bytes of one image [c, h, w].</summary>
    public int Bytes => Channels * PlaneBytes;
}

/// <summary>How an image covers a target: resized to (<paramref name="Width"/>, <paramref name="Height"/>), then the window at
/// (<paramref name="Left"/>, <paramref name="Top"/>) is taken.</summary>
readonly record struct Cover(int Width, int Height, int Left, int Top)
{
    /// <summary>The smallest size with the image's aspect that covers the target, and the centred window, rounded as torchvision's
    /// <c>Resize</c> and <c>CenterCrop</c> round: the longer side down, half a pixel of offset to even.</summary>
    public static Cover Of(int width, int height, int targetWidth, int targetHeight)
    {
        bool widthBinds = (long)targetWidth * height >= (long)targetHeight * width;
        int resizedWidth = widthBinds ? targetWidth : (int)((long)width * targetHeight / height);
        int resizedHeight = widthBinds ? (int)((long)height * targetWidth / width) : targetHeight;
        return new(resizedWidth, resizedHeight, Centre(resizedWidth - targetWidth), Centre(resizedHeight - targetHeight));
    }

    static int Centre(int excess) => (int)Math.Round(excess / 2.0, MidpointRounding.ToEven);
}

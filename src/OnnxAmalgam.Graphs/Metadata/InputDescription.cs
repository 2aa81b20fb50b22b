namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>Order of an image tensor's axes.</summary>
public enum ImageLayout
{
    /// <summary>[n, c, h, w]</summary>
    Nchw,
    /// <summary>[n, h, w, c]</summary>
    Nhwc,
}

/// <summary>Element type a model wants its image in.</summary>
public enum ImageDtype
{
    /// <summary>32-bit float</summary>
    Float32,
    /// <summary>16-bit float</summary>
    Float16,
    /// <summary>0..255 bytes</summary>
    UInt8,
}

/// <summary>Order of the colour channels.</summary>
public enum ColorOrder
{
    /// <summary>red, green, blue</summary>
    Rgb,
    /// <summary>blue, green, red</summary>
    Bgr,
}

/// <summary>How the canvas reaches the model's size.</summary>
public enum ResizeMode
{
    /// <summary>Both sides to the size, aspect ratio given up.</summary>
    Stretch,
    /// <summary>Shorter side to the size, then centre crop.</summary>
    ShorterSide,
}

/// <summary>Resampling filter.</summary>
public enum Interpolation
{
    /// <summary>nearest pixel</summary>
    Nearest,
    /// <summary>triangle filter</summary>
    Bilinear,
    /// <summary>cubic filter</summary>
    Bicubic,
}

/// <summary>What a model wants to be fed: <c>y = (x * scale - mean) / std</c> with x = 0..255 per channel.</summary>
public sealed record InputDescription
{
    /// <summary>Axis order.</summary>
    public ImageLayout Layout { get; init; } = ImageLayout.Nchw;
    /// <summary>Element type.</summary>
    public ImageDtype Dtype { get; init; } = ImageDtype.Float32;
    /// <summary>1 (grey) or 3 (colour).</summary>
    public required int Channels { get; init; }
    /// <summary>Height in pixels.</summary>
    public required int Height { get; init; }
    /// <summary>Width in pixels.</summary>
    public required int Width { get; init; }
    /// <summary>Colour order, for 3 channels.</summary>
    public ColorOrder Order { get; init; } = ColorOrder.Rgb;
    /// <summary>Factor applied first.</summary>
    public double Scale { get; init; } = 1.0 / 255;
    /// <summary>Subtracted after scaling; one value a channel, or one for all.</summary>
    public IReadOnlyList<double> Mean { get; init; } = [0.0];
    /// <summary>Divisor; one value a channel, or one for all.</summary>
    public IReadOnlyList<double> Std { get; init; } = [1.0];
    /// <summary>How the canvas reaches the size.</summary>
    public ResizeMode Resize { get; init; } = ResizeMode.ShorterSide;
    /// <summary>Resampling filter.</summary>
    public Interpolation Interpolation { get; init; } = Interpolation.Bilinear;
    /// <summary>Whether the filter widens when shrinking (as Pillow does; OpenCV does not).</summary>
    public bool Antialias { get; init; } = true;

    /// <summary>The input tensor's shape for so many images.</summary>
    public long[] ShapeOf(long batch) => Layout == ImageLayout.Nchw
        ? [batch, Channels, Height, Width]
        : [batch, Height, Width, Channels];
}

using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Data;

/// <summary>The random changes of a training image. What is drawn depends on (seed, step, epoch, image) only.</summary>
sealed class Augmentation
{
    readonly (AugmentStep Step, ulong Stream)[] steps;
    readonly long seed;
    readonly int channels;
    readonly int height;
    readonly int width;

    /// <param name="steps">In order; each has a stream of its own.</param>
    /// <param name="seed">Seeds all of them.</param>
    /// <param name="images">Whose canvases are changed.</param>
    public Augmentation(IReadOnlyList<AugmentStep> steps, long seed, ImageSet images)
    {
        this.steps = [.. steps.Select((step, number) => (step, Randomness.StreamOf($"augment/{number}")))];
        this.seed = seed;
        (channels, height, width) = (images.Channels, images.Height, images.Width);
    }

    /// <summary>Changes X[c, h, w] in place.</summary>
    /// <param name="canvas">The image.</param>
    /// <param name="scratch">Room for a second one.</param>
    /// <param name="epoch">Epoch, from 1.</param>
    /// <param name="index">Index of the image in its set.</param>
    public void Apply(Span<byte> canvas, Span<byte> scratch, int epoch, int index)
    {
        foreach ((AugmentStep step, ulong stream) in steps)
        {
            ulong draw = Randomness.Draw(seed, stream, epoch, index);
            switch (step)
            {
                case FlipStep:
                    if (Randomness.ToInt(draw, 2) == 1)
                        Mirror(canvas, width);
                    break;
                case CropStep crop:
                    int offsets = 2 * crop.Padding + 1;
                    int offset = Randomness.ToInt(draw, checked(offsets * offsets));
                    Shift(canvas, scratch, offset / offsets - crop.Padding, offset % offsets - crop.Padding);
                    break;
                default:
                    throw new NotSupportedException($"augmentation step {step.GetType().Name}");
            }
        }
    }

    static void Mirror(Span<byte> canvas, int width)
    {
        for (int row = 0; row < canvas.Length; row += width)
            canvas.Slice(row, width).Reverse();
    }

    /// <summary>The window that starts (down, right) pixels from the canvas' corner, zeros outside.</summary>
    void Shift(Span<byte> canvas, Span<byte> scratch, int down, int right)
    {
        if (down == 0 && right == 0)
            return;
        canvas.CopyTo(scratch);
        canvas.Clear();
        int columns = width - Math.Abs(right);
        int rows = height - Math.Abs(down);
        if (columns <= 0 || rows <= 0)
            return;
        for (int channel = 0; channel < channels; channel++)
        {
            int from = (channel * height + Math.Max(down, 0)) * width + Math.Max(right, 0);
            int to = (channel * height + Math.Max(-down, 0)) * width + Math.Max(-right, 0);
            for (int row = 0; row < rows; row++, from += width, to += width)
                scratch.Slice(from, columns).CopyTo(canvas[to..]);
        }
    }
}

using OnnxAmalgam.Training.Exemplars;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Data;

/// <summary>The random changes of a training image. What is drawn depends on (seed, step, epoch, image) only.</summary>
sealed class Augmentation
{
    static readonly ulong Squares = Randomness.StreamOf("augment/squares");
    readonly (AugmentStep Step, ulong Stream)[] steps;
    readonly long seed;
    readonly int channels;
    readonly int height;
    readonly int width;
    readonly ColourComponents? colours;

    /// <param name="steps">In order; each has a stream of its own.</param>
    /// <param name="seed">Seeds all of them.</param>
    /// <param name="images">Whose canvases are changed.</param>
    /// <param name="population">Whose colours <c>exemplar</c> goes by; null: these images'.</param>
    public Augmentation(IReadOnlyList<AugmentStep> steps, long seed, ImageSet images, ImageSet? population = null)
    {
        this.steps = [.. steps.Select((step, number) => (step, Randomness.StreamOf($"augment/{number}")))];
        this.seed = seed;
        (channels, height, width) = (images.Channels, images.Height, images.Width);
        colours = steps.OfType<ExemplarStep>().Any() ? ColourComponents.Of(population ?? images) : null;
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
                case RandomMaskStep mask:
                    // Both epochs of a pair draw alike, and hide from opposite ends of the unit interval.
                    Hide(canvas, mask, Randomness.Draw(seed, stream, (epoch + 1) / 2, index), fromTop: epoch % 2 == 0);
                    break;
                case ExemplarStep exemplar:
                    canvas.CopyTo(scratch);
                    PublishedFamily.Draw((long)draw, 0, 0, exemplar.Strength).Apply(scratch, canvas, new Canvas(channels, height, width), colours!);
                    break;
                default:
                    throw new NotSupportedException($"augmentation step {step.GetType().Name}");
            }
        }
    }

    /// <summary>Squares whose number in the unit interval lies within the share of its lower, or upper, end take each channel's mean.</summary>
    /// <remarks>RandomMask (Wen and Li, ICML 2021, arXiv 2105.15134) multiplies a centred image by 2 diag(Bernoulli 1/2): its zero is the mean
    /// here, and nothing is doubled, since pixels have a range.</remarks>
    void Hide(Span<byte> canvas, RandomMaskStep mask, ulong draw, bool fromTop)
    {
        int plane = height * width;
        Span<byte> means = stackalloc byte[channels];
        for (int channel = 0; channel < channels; channel++)
        {
            long sum = 0;
            foreach (byte value in canvas.Slice(channel * plane, plane))
                sum += value;
            means[channel] = (byte)((sum + plane / 2) / plane);
        }

        for (int top = 0, square = 0; top < height; top += mask.Patch)
        {
            int rows = Math.Min(mask.Patch, height - top);
            for (int left = 0; left < width; left += mask.Patch, square++)
            {
                double place = Randomness.ToUnit(Randomness.Draw((long)draw, Squares, 0, square));
                if (fromTop ? place < 1 - mask.Share : place >= mask.Share)
                    continue;
                int columns = Math.Min(mask.Patch, width - left);
                for (int channel = 0; channel < channels; channel++)
                {
                    for (int row = top; row < top + rows; row++)
                        canvas.Slice(channel * plane + row * width + left, columns).Fill(means[channel]);
                }
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

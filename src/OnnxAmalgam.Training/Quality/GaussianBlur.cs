using OnnxAmalgam.Training.Data;

namespace OnnxAmalgam.Training.Quality;

/// <summary>A Gaussian filter over rows, then columns, cut at three deviations and normalised; mirrored at the border without repeating it.</summary>
internal static class GaussianBlur
{
    /// <summary>Blurs X[c, h, w] in place, in double, rounded once.</summary>
    /// <param name="canvas">The picture.</param>
    /// <param name="size">Its size.</param>
    /// <param name="deviation">In pixels; 0: nothing changes.</param>
    public static void Apply(Span<byte> canvas, Canvas size, double deviation)
    {
        int radius = (int)Math.Ceiling(3 * deviation);
        if (radius == 0)
        {
            return;
        }

        double[] kernel = [.. Enumerable.Range(-radius, (2 * radius) + 1).Select(d => Math.Exp(-d * d / (2 * deviation * deviation)))];
        double sum = kernel.Sum();
        var (first, second) = (new double[size.PlaneBytes], new double[size.PlaneBytes]);
        for (int channel = 0; channel < size.Channels; channel++)
        {
            Span<byte> plane = canvas.Slice(channel * size.PlaneBytes, size.PlaneBytes);
            for (int i = 0; i < plane.Length; i++)
            {
                first[i] = plane[i] / (sum * sum);
            }

            Along(first, second, kernel, lines: size.Height, length: size.Width, line: size.Width, step: 1);
            Along(second, first, kernel, lines: size.Width, length: size.Height, line: 1, step: size.Width);
            for (int i = 0; i < plane.Length; i++)
            {
                plane[i] = (byte)Math.Clamp(Math.Round(first[i]), 0, 255);
            }
        }
    }

    static void Along(double[] source, double[] target, double[] kernel, int lines, int length, int line, int step)
    {
        int radius = kernel.Length / 2;
        for (int number = 0; number < lines; number++)
        {
            for (int at = 0; at < length; at++)
            {
                double value = 0;
                for (int k = 0; k < kernel.Length; k++)
                {
                    value += kernel[k] * source[(number * line) + (Mirror.Index(at + k - radius, length) * step)];
                }

                target[(number * line) + (at * step)] = value;
            }
        }
    }
}

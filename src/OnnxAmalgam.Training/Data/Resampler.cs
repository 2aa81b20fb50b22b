using System.Buffers;

namespace OnnxAmalgam.Training.Data;

/// <summary>Antialiased bilinear resizing of bytes: separable triangle filter whose support grows with the shrinking factor, 22-bit fixed point, columns first, bytes between
/// the two passes. Agrees with Pillow's BILINEAR, and is the same on every processor.</summary>
static class Resampler
{
    const int Precision = 22;
    const int Half = 1 << (Precision - 1);

    /// <summary>Resizes and takes a window: X[c, h, w] -> Y[c, windowHeight, windowWidth], each channel's pixels put where <paramref name="placement"/> says.</summary>
    /// <param name="source">The image.</param>
    /// <param name="cover">Full size after resizing, and the window's corner in it.</param>
    /// <param name="windowWidth">Columns taken.</param>
    /// <param name="windowHeight">Rows taken.</param>
    /// <param name="placement">Addresses within a plane of <paramref name="target"/>.</param>
    /// <param name="target">Room for all channels.</param>
    public static void Resize(PixelView source, Cover cover, int windowWidth, int windowHeight, Placement placement, Span<byte> target)
    {
        Filter columns = Filter.Of(source.Width, cover.Width, cover.Left, windowWidth);
        Filter rows = Filter.Of(source.Height, cover.Height, cover.Top, windowHeight);
        int firstRow = rows.Starts[0];
        int neededRows = rows.Starts[^1] + rows.Taps - firstRow;
        byte[] narrowed = ArrayPool<byte>.Shared.Rent(neededRows * windowWidth);
        int[] sums = ArrayPool<int>.Shared.Rent(windowWidth);
        try
        {
            for (int channel = 0; channel < source.Channels; channel++)
            {
                for (int row = 0; row < neededRows; row++)
                {
                    int at = (firstRow + row) * source.Width * source.PixelStride + channel * source.ChannelStride;
                    Narrow(source.Bytes[at..], source.PixelStride, columns, narrowed.AsSpan(row * windowWidth, windowWidth));
                }
                Span<byte> plane = target.Slice(channel * windowWidth * windowHeight, windowWidth * windowHeight);
                Flatten(narrowed, firstRow, rows, sums.AsSpan(0, windowWidth), placement, plane);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(narrowed);
            ArrayPool<int>.Shared.Return(sums);
        }
    }

    static void Narrow(ReadOnlySpan<byte> row, int stride, Filter columns, Span<byte> target)
    {
        int taps = columns.Taps;
        for (int x = 0; x < target.Length; x++)
        {
            ReadOnlySpan<int> weights = columns.Weights.AsSpan(x * taps, taps);
            int at = columns.Starts[x] * stride;
            int sum = Half;
            foreach (int weight in weights)
            {
                sum += weight * row[at];
                at += stride;
            }
            target[x] = (byte)Math.Min(sum >> Precision, byte.MaxValue);
        }
    }

    static void Flatten(ReadOnlySpan<byte> narrowed, int firstRow, Filter rows, Span<int> sums, Placement placement, Span<byte> plane)
    {
        int width = sums.Length;
        for (int y = 0; y < rows.Starts.Length; y++)
        {
            sums.Fill(Half);
            for (int tap = 0; tap < rows.Taps; tap++)
                AddScaled(sums, narrowed.Slice((rows.Starts[y] - firstRow + tap) * width, width), rows.Weights[y * rows.Taps + tap]);
            int at = placement.Start + y * placement.StepY;
            for (int x = 0; x < width; x++, at += placement.StepX)
                plane[at] = (byte)Math.Min(sums[x] >> Precision, byte.MaxValue);
        }
    }

    static void AddScaled(Span<int> sums, ReadOnlySpan<byte> samples, int weight)
    {
        for (int x = 0; x < sums.Length; x++)
            sums[x] += weight * samples[x];
    }

    /// <summary>One axis: output i is the weighted sum of <see cref="Taps"/> inputs from <c>Starts[i]</c>; starts rise, weights sum to about 2^22.</summary>
    readonly record struct Filter(int[] Starts, int Taps, int[] Weights)
    {
        public static Filter Of(int inputSize, int outputSize, int first, int count)
        {
            double scale = (double)inputSize / outputSize;
            double support = Math.Max(scale, 1);
            int taps = inputSize == outputSize ? 1 : Math.Min(inputSize, (int)Math.Ceiling(support) * 2 + 1);
            int[] starts = new int[count];
            int[] weights = new int[count * taps];
            double[] row = new double[taps];
            for (int i = 0; i < count; i++)
            {
                double centre = (first + i + 0.5) * scale;
                int low = Math.Max(0, (int)(centre - support + 0.5));
                int high = Math.Min(inputSize, (int)(centre + support + 0.5));
                starts[i] = Math.Min(low, inputSize - taps);
                double total = 0;
                for (int tap = 0; tap < taps; tap++)
                {
                    int input = starts[i] + tap;
                    row[tap] = input < low || input >= high ? 0 : Math.Max(0, 1 - Math.Abs((input - centre + 0.5) / support));
                    total += row[tap];
                }
                for (int tap = 0; tap < taps; tap++)
                    weights[i * taps + tap] = (int)(row[tap] / total * (1 << Precision) + 0.5);
            }
            return new(starts, taps, weights);
        }
    }
}

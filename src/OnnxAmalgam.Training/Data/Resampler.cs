using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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
        int planeBytes = rows.InputCount * windowWidth;
        byte[] narrowed = ArrayPool<byte>.Shared.Rent(checked(source.Channels * planeBytes));
        int[] sums = ArrayPool<int>.Shared.Rent(windowWidth);
        try
        {
            Narrow(source, columns, rows, narrowed.AsSpan(0, source.Channels * planeBytes));
            for (int channel = 0; channel < source.Channels; channel++)
                Flatten(narrowed.AsSpan(channel * planeBytes, planeBytes), rows, sums.AsSpan(0, windowWidth), placement, target.Slice(channel * windowWidth * windowHeight, windowWidth * windowHeight));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(narrowed);
            ArrayPool<int>.Shared.Return(sums);
        }
    }

    /// <summary>X[h, w] of any stride -> Y[c, needed rows, window width].</summary>
    static void Narrow(PixelView source, Filter columns, Filter rows, Span<byte> narrowed)
    {
        int width = columns.Starts.Length;
        int planeBytes = rows.InputCount * width;
        for (int row = 0; row < rows.InputCount; row++)
        {
            ReadOnlySpan<byte> line = source.Bytes[((rows.Starts[0] + row) * source.Width * source.PixelStride)..];
            if (source is { Channels: 3, PixelStride: 4, ChannelStride: 1 })
            {
                NarrowFour(line, columns, narrowed[(row * width)..], planeBytes);
                continue;
            }
            for (int channel = 0; channel < source.Channels; channel++)
                NarrowOne(line[(channel * source.ChannelStride)..], source.PixelStride, columns, narrowed.Slice(channel * planeBytes + row * width, width));
        }
    }

    static void NarrowOne(ReadOnlySpan<byte> line, int stride, Filter columns, Span<byte> target)
    {
        for (int x = 0; x < target.Length; x++)
        {
            int at = columns.Starts[x] * stride;
            int sum = Half;
            foreach (int weight in columns.WeightsOf(x))
            {
                sum += weight * line[at];
                at += stride;
            }
            target[x] = ToByte(sum);
        }
    }

    /// <summary>The same for pixels of four bytes, three of them kept, all at once.</summary>
    static void NarrowFour(ReadOnlySpan<byte> line, Filter columns, Span<byte> target, int planeBytes)
    {
        ReadOnlySpan<uint> pixels = MemoryMarshal.Cast<byte, uint>(line);
        for (int x = 0; x < columns.Starts.Length; x++)
        {
            ReadOnlySpan<int> weights = columns.WeightsOf(x);
            ReadOnlySpan<uint> taken = pixels.Slice(columns.Starts[x], weights.Length);
            Vector128<int> sum = Vector128.Create(Half);
            for (int tap = 0; tap < weights.Length; tap++)
                sum += Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(taken[tap]).AsByte())).AsInt32() * weights[tap];
            target[x] = ToByte(sum[0]);
            target[planeBytes + x] = ToByte(sum[1]);
            target[2 * planeBytes + x] = ToByte(sum[2]);
        }
    }

    static void Flatten(ReadOnlySpan<byte> narrowed, Filter rows, Span<int> sums, Placement placement, Span<byte> plane)
    {
        int width = sums.Length;
        for (int y = 0; y < rows.Starts.Length; y++)
        {
            sums.Fill(Half);
            int line = rows.Starts[y] - rows.Starts[0];
            foreach (int weight in rows.WeightsOf(y))
                AddScaled(sums, narrowed.Slice(line++ * width, width), weight);
            int at = placement.Start + y * placement.StepY;
            for (int x = 0; x < width; x++, at += placement.StepX)
                plane[at] = ToByte(sums[x]);
        }
    }

    static void AddScaled(Span<int> sums, ReadOnlySpan<byte> samples, int weight)
    {
        int x = 0;
        for (int step = Vector256<int>.Count; x + Vector256<byte>.Count <= sums.Length; x += Vector256<byte>.Count)
        {
            (Vector256<ushort> low, Vector256<ushort> high) = Vector256.Widen(Vector256.Create(samples[x..]));
            (Vector256<uint> first, Vector256<uint> second) = Vector256.Widen(low);
            (Vector256<uint> third, Vector256<uint> fourth) = Vector256.Widen(high);
            Add(sums[x..], first, weight);
            Add(sums[(x + step)..], second, weight);
            Add(sums[(x + 2 * step)..], third, weight);
            Add(sums[(x + 3 * step)..], fourth, weight);
        }
        for (; x < sums.Length; x++)
            sums[x] += weight * samples[x];

        static void Add(Span<int> sums, Vector256<uint> samples, int weight) =>
            (Vector256.Create<int>(sums) + samples.AsInt32() * weight).CopyTo(sums);
    }

    // Rounded weights may sum to a little more than one.
    static byte ToByte(int sum) => (byte)Math.Min(sum >> Precision, byte.MaxValue);

    /// <summary>One axis: output i is the weighted sum of <see cref="Taps"/> inputs from <c>Starts[i]</c>; starts never fall, weights sum to about 2^22.</summary>
    readonly record struct Filter(int[] Starts, int Taps, int[] Weights)
    {
        /// <summary>Inputs from the first start to the last that is needed.</summary>
        public int InputCount => Starts[^1] + Taps - Starts[0];

        public ReadOnlySpan<int> WeightsOf(int output) => Weights.AsSpan(output * Taps, Taps);

        public static Filter Of(int inputSize, int outputSize, int first, int count)
        {
            double scale = (double)inputSize / outputSize;
            double support = Math.Max(scale, 1);
            int taps = inputSize == outputSize ? 1 : Math.Min(inputSize, (int)Math.Ceiling(support) * 2 + 1);
            int[] starts = new int[count];
            int[] weights = new int[count * taps];
            double[] shares = new double[taps];
            for (int i = 0; i < count; i++)
            {
                double centre = (first + i + 0.5) * scale;
                int low = Math.Max(0, (int)(centre - support + 0.5));
                int high = Math.Min(inputSize, (int)(centre + support + 0.5));
                starts[i] = Math.Min(low, inputSize - taps);
                for (int tap = 0; tap < taps; tap++)
                {
                    int input = starts[i] + tap;
                    shares[tap] = input < low || input >= high ? 0 : Math.Max(0, 1 - Math.Abs((input - centre + 0.5) / support));
                }
                double total = shares.Sum();
                for (int tap = 0; tap < taps; tap++)
                    weights[i * taps + tap] = (int)(shares[tap] / total * (1 << Precision) + 0.5);
            }
            return new(starts, taps, weights);
        }
    }
}

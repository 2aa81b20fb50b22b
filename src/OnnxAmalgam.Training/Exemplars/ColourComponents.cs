using OnnxAmalgam.Training.Data;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Exemplars;

/// <summary>The principal components of the colours of a set of images.</summary>
internal sealed class ColourComponents
{
    const int MostImages = 2000;
    readonly double[] mean;
    readonly double[][] axes;

    ColourComponents(double[] mean, double[][] axes) => (this.mean, this.axes, Grey) = (mean, axes, mean.Length == 1 ? this : new([mean.Average()], [[1]]));

    /// <summary>Those of grey patches among these: one axis, through the mean of the means.</summary>
    public ColourComponents Grey { get; }

    /// <summary>Mean and components of all pixels of at most 2,000 images, evenly spread over the set.</summary>
    public static ColourComponents Of(ImageSet images)
    {
        int channels = images.Channels, plane = images.Height * images.Width;
        int[] some = ImageSet.SpreadOver(images.Count, MostImages);
        var (sums, products) = (new double[channels], new double[channels * channels]);
        var canvas = new byte[images.CanvasBytes];
        foreach (int image in some)
        {
            images.Read(image, canvas);
            for (var p = 0; p < plane; p++)
                for (var a = 0; a < channels; a++)
                {
                    double value = canvas[(a * plane) + p];
                    sums[a] += value;
                    for (var b = 0; b < channels; b++) products[(a * channels) + b] += value * canvas[(b * plane) + p];
                }
        }
        var pixels = (double)some.Length * plane;
        double[] mean = [.. sums.Select(s => s / pixels)];
        return new(mean, Axes([.. products.Select((p, i) => (p / pixels) - (mean[i / channels] * mean[i % channels]))], channels));
    }

    /// <summary>The pixel's part along each component, from the mean, times a factor.</summary>
    public void Stretch(Span<double> pixel, (double First, double Second, double Third) factors)
    {
        ReadOnlySpan<double> by = [factors.First, factors.Second, factors.Third];
        Span<double> stretched = stackalloc double[3];
        for (var k = 0; k < pixel.Length; k++)
        {
            double along = 0;
            for (var c = 0; c < pixel.Length; c++) along += axes[k][c] * (pixel[c] - mean[c]);
            for (var c = 0; c < pixel.Length; c++) stretched[c] += by[k] * along * axes[k][c];
        }
        for (var c = 0; c < pixel.Length; c++) pixel[c] = mean[c] + stretched[c];
    }

    /// <summary>Unit vectors, the strongest first.</summary>
    static double[][] Axes(double[] covariance, int channels)
    {
        using var scope = NewDisposeScope();
        var (_, vectors) = linalg.eigh(tensor(covariance, channels, channels));
        var columns = vectors.t().contiguous().data<double>().ToArray();
        return [.. Enumerable.Range(0, channels).Reverse().Select(k => columns[(k * channels)..((k + 1) * channels)])];
    }
}

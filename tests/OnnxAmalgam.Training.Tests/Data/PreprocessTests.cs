using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Training.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Data;

public sealed class PreprocessTests
{
    static readonly double[] Mean = [0.485, 0.456, 0.406], Std = [0.229, 0.224, 0.225];

    [Theory]
    [InlineData(ImageLayout.Nchw, ColorOrder.Rgb)]
    [InlineData(ImageLayout.Nchw, ColorOrder.Bgr)]
    [InlineData(ImageLayout.Nhwc, ColorOrder.Rgb)]
    [InlineData(ImageLayout.Nhwc, ColorOrder.Bgr)]
    public void Every_byte_meets_its_channels_mean_and_std_in_the_wanted_layout(ImageLayout layout, ColorOrder order)
    {
        byte[] bytes = Samples.Pattern(2 * 3 * 4 * 5);
        InputDescription input = new() { Channels = 3, Height = 4, Width = 5, Layout = layout, Order = order, Scale = 1.0 / 255, Mean = Mean, Std = Std };
        (float[] values, long[] shape) = Floats(input, bytes, 2, 3, 4, 5);
        Assert.Equal(layout == ImageLayout.Nchw ? [2, 3, 4, 5] : [2, 4, 5, 3], shape);
        for (int i = 0; i < values.Length; i++)
        {
            (int n, int c, int y, int x) = layout == ImageLayout.Nchw ? (i / 60, i / 20 % 3, i / 5 % 4, i % 5) : (i / 60, i % 3, i / 15 % 4, i / 3 % 5);
            int source = order == ColorOrder.Rgb ? c : 2 - c;
            Assert.Equal((bytes[n * 60 + source * 20 + y * 5 + x] / 255.0 - Mean[c]) / Std[c], values[i], 1e-6);
        }
    }

    [Fact]
    public void One_mean_and_std_stand_for_all_channels()
    {
        InputDescription input = new() { Channels = 3, Height = 1, Width = 1, Scale = 2, Mean = [10], Std = [4] };
        Assert.Equal([0f, 22.5f, 125f], Floats(input, [5, 50, 255], 1, 3, 1, 1).Values);
    }

    [Fact]
    public void Colour_becomes_grey_and_grey_colour()
    {
        InputDescription grey = new() { Channels = 1, Height = 1, Width = 2, Scale = 1 };
        Assert.Equal([124f, 2f], Floats(grey, [200, 1, 100, 2, 50, 3], 1, 3, 1, 2).Values);
        InputDescription colour = new() { Channels = 3, Height = 1, Width = 2, Scale = 1, Mean = [0, 1, 2] };
        Assert.Equal([7f, 8f, 6f, 7f, 5f, 6f], Floats(colour, [7, 8], 1, 1, 1, 2).Values);
    }

    [Fact]
    public void A_byte_model_gets_the_very_bytes_in_memory_of_its_own()
    {
        byte[] bytes = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        InputDescription input = new() { Channels = 1, Height = 16, Width = 16, Scale = 1, Dtype = ImageDtype.UInt8 };
        using Tensor canvas = tensor(bytes).reshape(1, 1, 16, 16);
        using Tensor result = new Preprocess(input).Apply(canvas);
        Assert.Equal(ScalarType.Byte, result.dtype);
        Assert.Equal(bytes, result.data<byte>().ToArray());
        canvas.zero_();
        Assert.Equal(bytes, result.data<byte>().ToArray());
    }

    [Fact]
    public void A_byte_model_with_scale_and_mean_gets_rounded_and_clamped_bytes()
    {
        InputDescription input = new() { Channels = 1, Height = 1, Width = 4, Scale = 2, Mean = [1], Std = [2], Dtype = ImageDtype.UInt8, Layout = ImageLayout.Nhwc };
        using Tensor canvas = tensor(new byte[] { 0, 1, 2, 255 }).reshape(1, 1, 1, 4);
        using Tensor result = new Preprocess(input).Apply(canvas);
        Assert.Equal<byte>([0, 0, 2, 254], result.data<byte>().ToArray()); // -0.5, 0.5, 1.5, 254.5 to even
    }

    [Fact]
    public void Half_floats_are_rounded_once()
    {
        InputDescription input = new() { Channels = 1, Height = 1, Width = 2, Mean = [0.5], Std = [0.25], Dtype = ImageDtype.Float16 };
        using Tensor canvas = tensor(new byte[] { 0, 200 }).reshape(1, 1, 1, 2);
        using Tensor result = new Preprocess(input).Apply(canvas);
        Assert.Equal(ScalarType.Float16, result.dtype);
        using Tensor single = result.to(ScalarType.Float32);
        Assert.Equal([-2f, (float)(Half)((200 / 255f - 0.5f) / 0.25f)], single.data<float>().ToArray());
    }

    [Fact]
    public void Antialiased_bilinear_is_Pillows_to_one_level()
    {
        AssertNear(ResamplerTests.Shrunk, Resized(4, 6, Interpolation.Bilinear, antialias: true));
        AssertNear(ResamplerTests.Grown, Resized(10, 15, Interpolation.Bilinear, antialias: true));
    }

    /// <summary>Pillow 9.4: <c>resize((6, 4), BICUBIC)</c> and <c>resize((6, 4), NEAREST)</c> of the same image.</summary>
    [Fact]
    public void Antialiased_bicubic_and_nearest_are_Pillows()
    {
        AssertNear(
            [65, 135, 128, 150, 104, 82, 148, 149, 151, 127, 154, 110, 112, 134, 140, 129, 127, 154, 103, 111, 173, 127, 152, 133],
            Resized(4, 6, Interpolation.Bicubic, antialias: true));
        Assert.Equal(
            [0f, 74, 148, 222, 40, 114, 182, 52, 178, 48, 174, 44, 108, 30, 208, 130, 52, 230, 34, 8, 238, 212, 186, 160],
            Resized(4, 6, Interpolation.Nearest, antialias: true));
    }

    [Fact]
    public void Bicubic_overshoot_is_clamped()
    {
        byte[] edge = [.. Enumerable.Range(0, 16).Select(i => (byte)(i % 4 < 2 ? 0 : 255))];
        InputDescription input = new() { Channels = 1, Height = 8, Width = 8, Scale = 1, Interpolation = Interpolation.Bicubic };
        Assert.All(Floats(input, edge, 1, 1, 4, 4).Values, v => Assert.InRange(v, 0, 255));
    }

    [Fact]
    public void Without_antialiasing_a_shrunk_pixel_is_a_mean_of_four()
    {
        // OpenCV's INTER_LINEAR from 8 to 2 columns: the mean of columns 1, 2 and 5, 6.
        byte[] row = [0, 10, 30, 0, 0, 100, 200, 0];
        InputDescription input = new() { Channels = 1, Height = 1, Width = 2, Scale = 1, Resize = ResizeMode.Stretch, Antialias = false };
        Assert.Equal([20f, 150f], Floats(input, row, 1, 1, 1, 8).Values);
    }

    [Fact]
    public void Shorter_side_cuts_and_stretch_does_not()
    {
        byte[] row = [1, 2, 3, 4, 5, 6];
        InputDescription input = new() { Channels = 1, Height = 1, Width = 2, Scale = 1 };
        Assert.Equal([3f, 4f], Floats(input, row, 1, 1, 1, 6).Values);
        Assert.Equal([2f, 5f], Floats(input with { Resize = ResizeMode.Stretch }, row, 1, 1, 1, 6).Values);
    }

    [Fact]
    public void What_makes_no_sense_is_said()
    {
        InputDescription input = new() { Channels = 3, Height = 2, Width = 2 };
        Assert.Contains("mean: expected 1 value or 3", Message(input with { Mean = [1, 2] }), StringComparison.Ordinal);
        Assert.Contains("std: expected 1 value or 3", Message(input with { Std = [] }), StringComparison.Ordinal);
        Assert.Contains("a std that is not zero", Message(input with { Std = [1, 0, 1] }), StringComparison.Ordinal);
        Assert.Contains("channels: expected 1 or 3, got 4", Message(input with { Channels = 4 }), StringComparison.Ordinal);
        Assert.Contains("size: expected positive", Message(input with { Height = 0 }), StringComparison.Ordinal);

        static string Message(InputDescription wrong) => Assert.Throws<InputException>(() => new Preprocess(wrong)).Message;
    }

    [Fact]
    public void Nothing_but_the_result_stays_alive()
    {
        foreach (ImageDtype dtype in Enum.GetValues<ImageDtype>())
        {
            foreach (ImageLayout layout in Enum.GetValues<ImageLayout>())
            {
                foreach (int channels in new[] { 1, 3 })
                {
                    InputDescription input = new() { Channels = channels, Height = 3, Width = 3, Dtype = dtype, Layout = layout, Order = ColorOrder.Bgr, Std = [0.5] };
                    using Tensor canvas = zeros(2, 3, 4, 5, dtype: ScalarType.Byte);
                    long before = Alive();
                    using (Tensor result = new Preprocess(input).Apply(canvas))
                        Assert.Equal(before + 1, Alive());
                    Assert.Equal(before, Alive());
                }
            }
        }

        static long Alive() => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
    }

    static float[] Resized(int height, int width, Interpolation interpolation, bool antialias)
    {
        InputDescription input = new() { Channels = 1, Height = height, Width = width, Scale = 1, Resize = ResizeMode.Stretch, Interpolation = interpolation, Antialias = antialias };
        return Floats(input, ResamplerTests.Source, 1, 1, 7, 11).Values;
    }

    static void AssertNear(byte[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), p => Assert.InRange(p.Second, p.First - 1, p.First + 1));
    }

    static (float[] Values, long[] Shape) Floats(InputDescription input, byte[] bytes, params long[] shape)
    {
        using Tensor canvas = tensor(bytes).reshape(shape);
        using Tensor result = new Preprocess(input).Apply(canvas);
        Assert.Equal(ScalarType.Float32, result.dtype);
        Assert.True(result.is_contiguous());
        return (result.data<float>().ToArray(), result.shape);
    }
}

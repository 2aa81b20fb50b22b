using OnnxAmalgam.Training.Data;

namespace OnnxAmalgam.Training.Tests.Data;

public sealed class CanvasTests
{
    [Theory]
    [InlineData(500, 375, 224, 224, 298, 224, 37, 0)] // torchvision: 224 * 500 / 375 = 298.67 rounded down; (298 - 224) / 2
    [InlineData(375, 500, 224, 224, 224, 298, 0, 37)]
    [InlineData(227, 224, 224, 224, 227, 224, 2, 0)] // 1.5 rounds to even
    [InlineData(225, 224, 224, 224, 225, 224, 0, 0)] // 0.5 rounds to even
    [InlineData(10, 10, 20, 30, 30, 30, 5, 0)]
    [InlineData(28, 28, 28, 28, 28, 28, 0, 0)]
    [InlineData(1, 1000, 4, 4, 4, 4000, 0, 1998)]
    public void The_shorter_side_meets_the_target_and_the_crop_is_centred(int width, int height, int targetWidth, int targetHeight, int resizedWidth, int resizedHeight, int left, int top) =>
        Assert.Equal(new Cover(resizedWidth, resizedHeight, left, top), Cover.Of(width, height, targetWidth, targetHeight));

    /// <summary>Pillow 9.4: <c>Image.new("RGB", (1, 1), (r, g, b)).convert("L")</c>.</summary>
    [Theory]
    [InlineData(255, 0, 0, 76)]
    [InlineData(0, 255, 0, 150)]
    [InlineData(0, 0, 255, 29)]
    [InlineData(10, 20, 30, 18)]
    [InlineData(200, 100, 50, 124)]
    [InlineData(1, 2, 3, 2)]
    [InlineData(254, 255, 253, 254)]
    public void Grey_is_Pillows_grey(byte red, byte green, byte blue, byte grey) => Assert.Equal(grey, Luma.Of(red, green, blue));

    [Fact]
    public void Grey_pixels_keep_their_value()
    {
        for (int v = 0; v < 256; v++)
            Assert.Equal(v, Luma.Of((byte)v, (byte)v, (byte)v));
    }
}

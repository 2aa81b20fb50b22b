using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using SkiaSharp;

namespace OnnxAmalgam.Training.Tests.Data;

public sealed class PictureTests
{
    static readonly SKColor Red = new(255, 0, 0), Green = new(0, 255, 0), Blue = new(0, 0, 255), White = new(255, 255, 255);

    [Fact]
    public void All_eight_orientations_show_the_same_picture()
    {
        // Displayed: red green / blue white, 48 wide and 24 high; stored the way each camera position would.
        SKColor[,] shown = { { Red, Green }, { Blue, White } };
        foreach (int orientation in Enumerable.Range(1, 8))
        {
            bool transposed = orientation >= 5;
            (int width, int height) = transposed ? (24, 48) : (48, 24);
            byte[] jpeg = Samples.WithOrientation(Samples.Encode(SKEncodedImageFormat.Jpeg, width, height, (x, y) => Shown(orientation, x, y, width, height)), orientation);

            byte[] pixels = Decode(jpeg, new Canvas(3, 6, 12));

            foreach ((int row, int column) in new[] { (0, 0), (0, 1), (1, 0), (1, 1) })
            {
                SKColor expected = shown[row, column];
                int at = (1 + 3 * row) * 12 + 2 + 6 * column;
                byte[] actual = [pixels[at], pixels[72 + at], pixels[144 + at]];
                Assert.All(new[] { expected.Red, expected.Green, expected.Blue }.Zip(actual), p => Assert.True(Math.Abs(p.First - p.Second) <= 6, $"orientation {orientation}, row {row}, column {column}: {expected}, got {string.Join(',', actual)}"));
            }
        }

        SKColor Shown(int orientation, int x, int y, int w, int h)
        {
            // Where a stored pixel is displayed, by the definition of EXIF tag 0x0112.
            (int column, int row, int columns, int rows) = orientation switch
            {
                1 => (x, y, w, h),
                2 => (w - 1 - x, y, w, h),
                3 => (w - 1 - x, h - 1 - y, w, h),
                4 => (x, h - 1 - y, w, h),
                5 => (y, x, h, w),
                6 => (h - 1 - y, x, h, w),
                7 => (h - 1 - y, w - 1 - x, h, w),
                _ => (y, w - 1 - x, h, w),
            };
            return shown[row * 2 / rows, column * 2 / columns];
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void An_orientation_moves_single_pixels_exactly(int number)
    {
        // 3 columns, 2 rows: 1 2 3 / 4 5 6
        byte[] expected = number switch
        {
            2 => [3, 2, 1, 6, 5, 4],
            3 => [6, 5, 4, 3, 2, 1],
            4 => [4, 5, 6, 1, 2, 3],
            5 => [1, 4, 2, 5, 3, 6],
            6 => [4, 1, 5, 2, 6, 3],
            7 => [6, 3, 5, 2, 4, 1],
            _ => [3, 6, 2, 5, 1, 4],
        };
        (int height, int width) = number >= 5 ? (3, 2) : (2, 3);
        byte[] pixels = new byte[6];
        CanvasWriter.Write(PixelView.Planar([1, 2, 3, 4, 5, 6], 1, 2, 3), Orientation.Of((SKEncodedOrigin)number), new Canvas(1, height, width), pixels);
        Assert.Equal(expected, pixels);
    }

    [Fact]
    public void The_crop_of_a_mirrored_image_is_centred_as_displayed()
    {
        // 5 columns to 2: 1.5 rounds to column 2 of the displayed row 5 4 3 2 1.
        byte[] pixels = new byte[2];
        CanvasWriter.Write(PixelView.Planar([1, 2, 3, 4, 5], 1, 1, 5), Orientation.Of(SKEncodedOrigin.TopRight), new Canvas(1, 1, 2), pixels);
        Assert.Equal([3, 2], pixels);
    }

    [Fact]
    public void Sixteen_bit_grey_png_keeps_the_high_byte() => Assert.Equal(
        [0, 10, 20, 30, 40, 50, 60, 255],
        Decode("iVBORw0KGgoAAAANSUhEUgAAAAQAAAACEAAAAAAKU/78AAAAGklEQVR4nGNkYODi4uLi4mLU0ODi4uI6fBgACHACPbNgPpIAAAAASUVORK5CYII=", new Canvas(1, 2, 4)));

    [Fact]
    public void Grey_with_alpha_is_composited_over_white() => Assert.Equal(
        [100, 255],
        Decode("iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAQAAABeK7cBAAAADUlEQVR4nGNM+c/ACAAEmAFm/lCPFgAAAABJRU5ErkJggg==", new Canvas(1, 1, 2)));

    [Fact]
    public void Colour_with_alpha_is_composited_over_white() => Assert.Equal(
        [200, 227, 255, 100, 177, 255, 0, 127, 255],
        Decode("iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAYAAAAb4BS0AAAAFUlEQVR4nGM8kcLwn4GBoZGBgaEBABnCAy73zfI3AAAAAElFTkSuQmCC", new Canvas(3, 1, 3)));

    [Fact]
    public void A_palette_is_looked_up() => Assert.Equal(
        [255, 0, 0, 0, 0, 255],
        Decode("iVBORw0KGgoAAAANSUhEUgAAAAIAAAABAQMAAADO7O3JAAAABlBMVEX/AAAAAP9sof2OAAAACklEQVR4nGNwAAAAQgBBKTf07wAAAABJRU5ErkJggg==", new Canvas(3, 1, 2)));

    [Theory]
    [InlineData("Qk1GAAAAAAAAADYAAAAoAAAAAgAAAAIAAAABABgAAAAAABAAAADEDgAAxA4AAAAAAAAAAAAA/wAAHhQKAAAAAP8A/wAAAA==")]
    [InlineData("UklGRjIAAABXRUJQVlA4TCYAAAAvAUAAAB8gECB48L9qQ0iQ0P2/V4EAwYj/S/Mf+OSo4AYMEf0PAQ==")]
    public void Bmp_and_lossless_webp_give_their_pixels(string file) =>
        Assert.Equal([255, 0, 0, 10, 0, 255, 0, 20, 0, 0, 255, 30], Decode(file, new Canvas(3, 2, 2)));

    [Fact]
    public void A_grey_jpeg_fills_all_channels() => Assert.All(
        Decode("/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/wAALCAAIAAgBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/APjOv//Z", new Canvas(3, 8, 8)),
        v => Assert.InRange(v, 76, 78));

    [Fact]
    public void A_cmyk_jpeg_is_converted()
    {
        byte[] pixels = Decode("/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwACAQEBAQECAQEBAgICAgIEAwICAgIFBAQDBAYFBgYGBQYGBgcJCAYHCQcGBggLCAkKCgoKCgYICwwLCgwJCgoK/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD9/K/n/r+f+v38r//Z", new Canvas(3, 8, 8));
        Assert.All(pixels[..64], v => Assert.InRange(v, 250, 255));
        Assert.All(pixels[64..], v => Assert.InRange(v, 0, 5));
    }

    [Fact]
    public void A_large_jpeg_looks_as_when_decoded_in_full()
    {
        static SKColor Waves(int x, int y) => new((byte)(128 + 100 * Math.Sin(x / 90.0)), (byte)(128 + 100 * Math.Cos(y / 70.0)), (byte)((x + y) / 4));
        byte[] fromJpeg = Decode(Samples.Encode(SKEncodedImageFormat.Jpeg, 500, 400, Waves), new Canvas(3, 20, 20));
        byte[] fromPng = Decode(Samples.Encode(SKEncodedImageFormat.Png, 500, 400, Waves), new Canvas(3, 20, 20));
        Assert.All(fromJpeg.Zip(fromPng), p => Assert.InRange(Math.Abs(p.First - p.Second), 0, 4));
    }

    [Fact]
    public void Too_many_pixels_are_refused_before_decoding()
    {
        // A valid header of 17,000 x 17,000 pixels without any data.
        byte[] png = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAQmgAAEJoCAIAAAA=");
        uint crc = Crc32(png.AsSpan(12, 17));
        byte[] file = [.. png.AsSpan(0, 29), (byte)(crc >> 24), (byte)(crc >> 16), (byte)(crc >> 8), (byte)crc, 0, 0, 0, 0, (byte)'I', (byte)'D', (byte)'A', (byte)'T', 0x35, 0xAF, 0x06, 0x1E];
        Assert.Contains("at most 64 Mpx", Picture.Decode(file, new Canvas(3, 4, 4), new byte[48]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_jpeg_of_a_thousand_scans_is_refused()
    {
        byte[] jpeg = Samples.Plain(Red, SKEncodedImageFormat.Jpeg);
        byte[] bomb = [.. jpeg, .. Enumerable.Repeat<byte[]>([0xFF, 0xDA, 0, 8, 1], 1000).SelectMany(b => b)];
        Assert.Contains("256 scans", Picture.Decode(bomb, new Canvas(3, 4, 4), new byte[48]), StringComparison.Ordinal);
        // a film behind the picture has such bytes by chance
        Assert.Null(Picture.Decode([.. jpeg, .. Enumerable.Repeat<byte[]>([0xFF, 0xDA, 0x17, 8, 1], 1000).SelectMany(b => b)], new Canvas(3, 4, 4), new byte[48]));
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Png)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void A_file_cut_anywhere_before_its_trailer_is_refused(SKEncodedImageFormat format)
    {
        byte[] file = Samples.Encode(format, 16, 16, (x, y) => new((byte)(x * 16), (byte)(y * 16), (byte)(x * y)));
        byte[] pixels = new byte[3 * 256];
        Assert.Null(Picture.Decode(file, new Canvas(3, 16, 16), pixels));
        for (int length = 0; length < file.Length - 24; length++)
            Assert.True(Picture.Decode(file.AsSpan(0, length), new Canvas(3, 16, 16), pixels) is not null, $"{length} of {file.Length} bytes were accepted");
    }

    [Fact]
    public void Other_formats_are_named_as_such()
    {
        Assert.Contains("expected JPEG, PNG, WebP or BMP", Picture.Decode("GIF89a......"u8, new Canvas(1, 1, 1), new byte[1]), StringComparison.Ordinal);
        using TempFolder folder = new();
        Assert.Contains("got 0 bytes", Picture.Read(folder.Write("empty.png", ""), new Canvas(1, 1, 1), new byte[1]), StringComparison.Ordinal);
        Assert.Contains("no such file", Picture.Read(Path.Combine(folder.Path, "absent.png"), new Canvas(1, 1, 1), new byte[1]), StringComparison.Ordinal);
    }

    static byte[] Decode(string base64, Canvas canvas) => Decode(Convert.FromBase64String(base64), canvas);

    static byte[] Decode(byte[] file, Canvas canvas)
    {
        byte[] pixels = new byte[canvas.Bytes];
        Assert.Null(Picture.Decode(file, canvas, pixels));
        return pixels;
    }

    static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        }
        return ~crc;
    }
}

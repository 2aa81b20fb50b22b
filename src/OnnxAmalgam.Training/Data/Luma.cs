namespace OnnxAmalgam.Training.Data;

/// <summary>Colour to grey by ITU-R 601: L = .299 R + .587 G + .114 B in 16-bit fixed point, rounded half up.</summary>
/// <remarks>The weights sum to 2^16, so a grey pixel keeps its value. Pillow's <c>convert("L")</c> gives the same bytes.</remarks>
static class Luma
{
    public const int Red = 19595;
    public const int Green = 38470;
    public const int Blue = 7471;
    public const int Half = 1 << 15;
    public const int Shift = 16;

    public static byte Of(byte red, byte green, byte blue) => (byte)((Red * red + Green * green + Blue * blue + Half) >> Shift);
}

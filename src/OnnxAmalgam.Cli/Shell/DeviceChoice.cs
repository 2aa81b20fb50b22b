using System.Globalization;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>What <c>--device</c> asks for: <c>auto</c>, the processor, or one CUDA device.</summary>
/// <param name="Cuda">The device's number; null: not CUDA.</param>
/// <param name="IsAuto">CUDA where it is built in and present, else the processor.</param>
internal sealed record DeviceChoice(int? Cuda, bool IsAuto)
{
    public static DeviceChoice Auto { get; } = new(null, IsAuto: true);

    public static DeviceChoice Cpu { get; } = new(null, IsAuto: false);

    /// <summary>Reads <c>auto</c>, <c>cpu</c>, <c>cuda</c>, <c>cuda:1</c> or a bare <c>1</c>; null: none of these.</summary>
    public static DeviceChoice? Parse(string text)
    {
        if (text is "auto" or "cpu")
            return text == "cpu" ? Cpu : Auto;
        var number = text == "cuda" ? "0" : text.StartsWith("cuda:", StringComparison.Ordinal) ? text[5..] : text;
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < 1024 ? new(index, IsAuto: false) : null;
    }

    public override string ToString() => IsAuto ? "auto" : Cuda is { } index ? string.Create(CultureInfo.InvariantCulture, $"cuda:{index}") : "cpu";
}

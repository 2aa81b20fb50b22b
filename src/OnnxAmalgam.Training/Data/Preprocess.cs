using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Data;

/// <summary>Canvas bytes to what one model wants: channels, size, colour order, scale, mean, std, dtype, layout, in this order.</summary>
/// <remarks>
/// <c>y = (x * scale - mean) / std</c> is folded to one multiply-add a channel, <c>y = x * a + b</c>, with a and b computed in double and applied in float32. A byte model gets y rounded
/// to the nearest even and clamped to 0..255; where a = 1 and b = 0 its bytes are never touched. After a resize pixels are whole numbers in 0..255 again, as image libraries give them.
/// </remarks>
public sealed class Preprocess
{
    /// <summary>Raised whenever the same description gives other pixels than before: stored outputs of teachers follow from them.</summary>
    internal const string Version = "1";

    readonly float[] factors;
    readonly float[] offsets;
    readonly bool isIdentity;

    /// <summary>Checks a description.</summary>
    /// <exception cref="InputException">Channels, size, mean or std make no sense.</exception>
    public Preprocess(InputDescription input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Input = input;
        if (input.Channels is not (1 or 3))
            throw new InputException($"input, channels: expected 1 or 3, got {input.Channels}");
        if (input.Height < 1 || input.Width < 1)
            throw new InputException($"input, size: expected positive numbers, got {input.Height}x{input.Width}");
        double[] mean = PerChannel("mean", input.Mean);
        double[] std = PerChannel("std", input.Std);
        if (!double.IsFinite(input.Scale) || mean.Any(m => !double.IsFinite(m)) || std.Any(s => !double.IsFinite(s) || s == 0))
            throw new InputException(FormattableString.Invariant($"input: expected finite scale and mean and a std that is not zero, got scale {input.Scale}, mean [{string.Join(", ", mean)}], std [{string.Join(", ", std)}]"));
        factors = [.. std.Select(s => (float)(input.Scale / s))];
        offsets = [.. mean.Zip(std, (m, s) => (float)(-m / s))];
        isIdentity = factors.All(a => a == 1) && offsets.All(b => b == 0);
    }

    /// <summary>The description followed.</summary>
    public InputDescription Input { get; }

    /// <summary>Byte canvas X[n, c, h, w] -> the model's input (new tensor, owned by the caller), on the same device.</summary>
    public Tensor Apply(Tensor canvas)
    {
        ArgumentNullException.ThrowIfNull(canvas);
        if (canvas.dtype != ScalarType.Byte || canvas.dim() != 4 || canvas.shape[1] is not (1 or 3))
            throw new ArgumentException($"expected bytes [n, 1 or 3, h, w], got {canvas.dtype} [{string.Join(", ", canvas.shape)}]", nameof(canvas));
        using DisposeScope scope = NewDisposeScope();
        Tensor image = CanvasResize.To(ToChannels(canvas, Input.Channels), Input);
        if (Input.Channels == 3 && Input.Order == ColorOrder.Bgr)
            image = image.flip(1);
        // Arithmetic before the change of layout: a channel's numbers then lie together.
        image = Normalise(image);
        if (Input.Layout == ImageLayout.Nhwc)
            image = image.permute(0, 2, 3, 1);
        return image.contiguous().MoveToOuterDisposeScope();
    }

    Tensor Normalise(Tensor image)
    {
        if (Input.Dtype == ImageDtype.UInt8)
            return isIdentity ? image.to(ScalarType.Byte).clone() : MultiplyAdd(image).round_().clamp_(0, 255).to(ScalarType.Byte);
        Tensor values = isIdentity ? image.to(ScalarType.Float32) : MultiplyAdd(image);
        return Input.Dtype == ImageDtype.Float16 ? values.to(ScalarType.Float16) : values;
    }

    /// <summary>In place on a float32 copy: broadcasting addcmul takes five times as long.</summary>
    Tensor MultiplyAdd(Tensor image)
    {
        Tensor values = image.to(ScalarType.Float32).contiguous();
        return values.mul_(PerChannel(factors, image.device)).add_(PerChannel(offsets, image.device));
    }

    Tensor PerChannel(float[] values, Device device) => Upload.To(tensor(values).reshape(1, Input.Channels, 1, 1), device);

    /// <summary>Grey is repeated; colour becomes grey as <see cref="Luma"/> says.</summary>
    static Tensor ToChannels(Tensor canvas, int channels)
    {
        if (canvas.shape[1] == channels)
            return canvas.alias();
        if (channels == 3)
            return canvas.expand(-1, 3, -1, -1);
        Tensor[] colours = canvas.to(ScalarType.Int32).split(1, 1);
        Tensor sum = colours[0] * Luma.Red + colours[1] * Luma.Green + colours[2] * Luma.Blue + Luma.Half;
        return sum.bitwise_right_shift(Upload.To(tensor(Luma.Shift), canvas.device)).to(ScalarType.Byte);
    }

    double[] PerChannel(string key, IReadOnlyList<double> values) => values.Count switch
    {
        int count when count == Input.Channels => [.. values],
        1 => [.. Enumerable.Repeat(values[0], Input.Channels)],
        _ => throw new InputException($"input, {key}: expected 1 value or {Input.Channels}, one a channel, got {values.Count}"),
    };
}

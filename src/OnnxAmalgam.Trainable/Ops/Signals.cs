using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Fourier transforms and what goes with them. A complex number is a last axis of two.</summary>
internal static class Signals
{
    public static readonly Operator[] Rows =
    [
        new("DFT", Since: 17, DftAlong) { Attributes = ["axis", "inverse", "onesided"], Host = [1], Precision = Precision.Full, Refuses = "`inverse` together with `onesided`" },
        new("DFT", Since: 20, n => Dft(n, c => c.OptionalInts(2)?[0] ?? -2)) { Attributes = ["inverse", "onesided"], Host = [1, 2], Precision = Precision.Full, Refuses = "`inverse` together with `onesided`" },
        new("STFT", Since: 17, Stft) { Attributes = ["onesided"], Host = [1, 3], Precision = Precision.Full },
        Window("HannWindow", 0.5, 0.5, 0), Window("HammingWindow", 25.0 / 46, 21.0 / 46, 0), Window("BlackmanWindow", 0.42, 0.5, 0.08),
        new("MelWeightMatrix", Since: 17, MelWeightMatrix) { Attributes = ["output_datatype"], Host = [0, 1, 2, 3, 4] },
    ];

    static Kernel DftAlong(OperatorNode n)
    {
        var axis = n.Int("axis", 1);
        return Dft(n, _ => axis);
    }

    /// <summary>X[*, 1] or [*, 2], Length? -> the discrete Fourier transform along an axis: [*, 2].</summary>
    static Kernel Dft(OperatorNode n, Func<NodeCall, long> axisOf)
    {
        var (inverse, oneSided) = (n.Flag("inverse"), n.Flag("onesided"));
        if (inverse && oneSided) throw OperatorNode.Refuse("onesided", "0 where inverse is 1", "1");
        return c =>
        {
            using var scope = NewDisposeScope();
            var axis = Axes.Normal(axisOf(c), (int)c[0].dim());
            var length = c.OptionalInts(1)?[0] ?? c[0].shape[axis];
            return [Pairs(Transformed(Complex(c[0]), length, axis, inverse, oneSided)).MoveToOuterDisposeScope()];
        };
    }

    /// <summary>Signal[n, length] or [n, length, 1 or 2], Step, Window[frame]?, FrameLength? -> [n, frames, frequencies, 2].</summary>
    static Kernel Stft(OperatorNode n)
    {
        var oneSided = n.Flag("onesided", true);
        return c =>
        {
            using var scope = NewDisposeScope();
            var (step, window) = (c.Ints(1)[0], c.Optional(2));
            var length = c.OptionalInts(3)?[0] ?? window!.shape[0];
            var signal = c[0].dim() == 2 ? c[0].unsqueeze(2) : c[0];
            var frames = Enumerable.Range(0, (int)((signal.shape[1] - length) / step) + 1).Select(i => signal.narrow(1, i * step, length));
            var stacked = stack(frames, 1);
            if (window is not null) stacked = stacked.mul(window.reshape(length, 1));
            return [Pairs(Transformed(Complex(stacked), length, 2, inverse: false, oneSided)).MoveToOuterDisposeScope()];
        };
    }

    static Tensor Complex(Tensor x) => x.shape[^1] == 1 ? complex(x.select(-1, 0), zeros_like(x.select(-1, 0))) : complex(x.select(-1, 0), x.select(-1, 1));

    static Tensor Pairs(Tensor x) => stack([x.real, x.imag], -1);

    static Tensor Transformed(Tensor x, long length, long axis, bool inverse, bool oneSided)
    {
        if (inverse) return fft.ifft(x, length, axis);
        var all = fft.fft_(x, length, axis);
        return oneSided ? all.narrow(axis, 0, (length / 2) + 1) : all;
    }

    /// <summary>Length -> a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n), n the length, or one less where it is not <c>periodic</c>.</summary>
    static Operator Window(string type, double a0, double a1, double a2) => new(type, Since: 17, n =>
    {
        var (periodic, kind) = (n.Flag("periodic", true), n.Type("output_datatype", DataType.Float));
        return c =>
        {
            using var scope = NewDisposeScope();
            var length = c.Ints(0)[0];
            var turn = arange(length, dtype: ScalarType.Float64).mul(2 * Math.PI / (periodic ? length : length - 1));
            return [turn.mul(2).cos().mul(a2).sub(turn.cos().mul(a1)).add(a0).to_type(kind).MoveToOuterDisposeScope()];
        };
    }) { Attributes = ["output_datatype", "periodic"], Host = [0] };

    /// <summary>Bands, TransformLength, SampleRate, LowestHertz, HighestHertz -> [TransformLength / 2 + 1, Bands]: triangles over frequencies, evenly spaced in mel.</summary>
    static Kernel MelWeightMatrix(OperatorNode n)
    {
        var type = n.Type("output_datatype", DataType.Float);
        return c =>
        {
            var (bands, length, rate) = (c.Ints(0)[0], c.Ints(1)[0], c.Ints(2)[0]);
            var (low, high) = (Mel(c.Numbers(3)[0]), Mel(c.Numbers(4)[0]));
            var edges = new long[bands + 2];
            for (var i = 0; i < edges.Length; i++)
                edges[i] = (long)Math.Floor((length + 1) * Hertz(low + (i * (high - low) / edges.Length)) / rate);
            var matrix = new double[(length / 2) + 1, bands];
            for (var band = 0; band < bands; band++)
            {
                var (first, peak, last) = (edges[band], edges[band + 1], edges[band + 2]);
                if (peak == first) matrix[peak, band] = 1;
                for (var j = first; j <= peak && peak > first; j++) matrix[j, band] = (double)(j - first) / (peak - first);
                for (var j = peak; j < last; j++) matrix[j, band] = (double)(last - j) / (last - peak);
            }

            return [tensor(matrix, type)];
        };
    }

    static double Mel(double hertz) => 2595 * Math.Log10(1 + (hertz / 700));

    static double Hertz(double mel) => 700 * (Math.Pow(10, mel / 2595) - 1);
}

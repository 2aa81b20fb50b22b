using System.Numerics;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Optimisation;

/// <summary>Adam's step over float32 in the processor's memory: one pass over value, gradient and moments, where torch's operations
/// make ten and need two vectors more. Each element is computed alone, so threads do not change a bit.</summary>
/// <param name="L2">g += L2 p.</param>
/// <param name="Keep">p *= Keep, before the step.</param>
/// <param name="Beta1">m = Beta1 m + (1 - Beta1) g.</param>
/// <param name="Beta2">v = Beta2 v + (1 - Beta2) g^2.</param>
/// <param name="Scale">p -= StepSize m / (sqrt(v) / Scale + Epsilon).</param>
/// <param name="StepSize">The rate over 1 - Beta1^t.</param>
/// <param name="Epsilon">Keeps the divisor above 0.</param>
internal readonly record struct AdamPass(double L2, double Keep, double Beta1, double Beta2, double Scale, double StepSize, double Epsilon)
{
    const int Slice = 1 << 15;      // of four vectors of floats: half a MiB, what a core's own cache holds

    /// <summary>Whether these tensors are what the pass reads: float32, dense, in the processor's memory.</summary>
    public static bool Reads(Tensor value) => value.dtype == ScalarType.Float32 && value.device_type == TorchSharp.DeviceType.CPU && value.is_contiguous();

    /// <summary>Makes the step, in place on value and moments, with as many threads as torch has.</summary>
    /// <param name="value">Parameter.</param>
    /// <param name="gradient">In the parameter's shape, any strides; not changed.</param>
    /// <param name="mean">First moment, dense.</param>
    /// <param name="square">Second moment, dense.</param>
    public unsafe void Apply(Tensor value, Tensor gradient, Tensor mean, Tensor square)
    {
        using var dense = gradient.contiguous();
        var (count, pass) = ((int)value.numel(), this);
        var slices = (count + Slice - 1) / Slice;
        fixed (byte* valueStart = value.bytes, gradientStart = dense.bytes, meanStart = mean.bytes, squareStart = square.bytes)
        {
            byte* p = valueStart, g = gradientStart, m = meanStart, v = squareStart;
            void Run(int slice)
            {
                var length = Math.Min(Slice, count - slice * Slice);
                pass.Move(Floats(p, slice, length), Floats(g, slice, length), Floats(m, slice, length), Floats(v, slice, length));
            }
            if (slices == 1 || get_num_threads() == 1)
                for (var i = 0; i < slices; i++) Run(i);
            else
                Parallel.For(0, slices, new ParallelOptions { MaxDegreeOfParallelism = get_num_threads() }, Run);
        }
    }

    static unsafe Span<float> Floats(byte* start, int slice, int length) => new((float*)start + (long)slice * Slice, length);

    void Move(Span<float> values, ReadOnlySpan<float> gradients, Span<float> means, Span<float> squares)
    {
        var (l2, keep, beta1, beta2, scale, step, epsilon) = ((float)L2, (float)Keep, (float)Beta1, (float)Beta2, (float)Scale, (float)-StepSize, (float)Epsilon);
        var (rest1, rest2) = ((float)(1 - Beta1), (float)(1 - Beta2));
        var i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var p = new Vector<float>(values[i..]) * keep;
            var g = new Vector<float>(gradients[i..]) + p * l2;
            var m = new Vector<float>(means[i..]) * beta1 + g * rest1;
            var v = new Vector<float>(squares[i..]) * beta2 + g * g * rest2;
            m.CopyTo(means[i..]);
            v.CopyTo(squares[i..]);
            (p + m * step / (Vector.SquareRoot(v) / new Vector<float>(scale) + new Vector<float>(epsilon))).CopyTo(values[i..]);
        }
        for (; i < values.Length; i++)
        {
            var p = values[i] * keep;
            var g = gradients[i] + p * l2;
            means[i] = means[i] * beta1 + g * rest1;
            squares[i] = squares[i] * beta2 + g * g * rest2;
            values[i] = p + means[i] * step / (MathF.Sqrt(squares[i]) / scale + epsilon);
        }
    }
}

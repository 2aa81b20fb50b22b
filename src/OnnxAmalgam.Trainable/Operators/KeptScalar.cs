using TorchSharp;

namespace OnnxAmalgam.Trainable.Operators;

/// <summary>A number for libtorch that a kernel keeps from call to call.</summary>
/// <remarks>TorchSharp's conversion of a number makes an object whose finalizer may free it while libtorch still reads it: rarely, but
/// a training run makes millions. What kernels use in every step is therefore made once and kept.</remarks>
internal sealed class KeptScalar
{
    double _value = double.NaN;
    Scalar? _scalar;

    /// <summary>The number as libtorch takes it; a whole one for tensors of integers.</summary>
    public Scalar Of(double value, bool whole = false)
    {
        if (_scalar is null || !_value.Equals(value)) (_value, _scalar) = (value, whole ? ((long)value).ToScalar() : value.ToScalar());
        return _scalar;
    }
}

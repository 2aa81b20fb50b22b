using TorchSharp;

namespace OnnxAmalgam.Trainable.Operators;

/// <summary>A number for libtorch that a kernel makes once and keeps from call to call.</summary>
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

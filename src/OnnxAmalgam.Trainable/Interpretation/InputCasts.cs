using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>Brings a node's inputs to one device and to the type its row asks for: needed off the CPU and where activations are
/// narrower than weights. A value is cast once in a run, however many nodes read it.</summary>
/// <param name="wide">The type of weights.</param>
/// <param name="narrow">The type of activations, or null: as the weights.</param>
/// <param name="isActivation">Whether a slot carries activations or weights; other floats (sizes, scales) stay wide.</param>
/// <param name="device">Where the weights are.</param>
/// <param name="slots">Number of slots.</param>
internal sealed class InputCasts(ScalarType wide, ScalarType? narrow, Func<int, bool> isActivation, Device device, int slots)
{
    readonly Tensor?[] _narrow = new Tensor?[slots];
    readonly bool _remote = device.type != TorchSharp.DeviceType.CPU;

    /// <summary>Runs a node on inputs that fit.</summary>
    public Tensor[] Run(BoundNode node, Tensor?[] values, bool training)
    {
        var inputs = new Tensor?[node.Inputs.Length];
        var places = new int[node.Inputs.Length];
        var active = narrow is not null && node.Inputs.Where((_, i) => node.Reads(i)).Any(isActivation);
        var move = _remote && node.Inputs.Where((slot, i) => node.Reads(i)).Any(slot => values[slot]!.device_type == device.type);
        for (var i = 0; i < inputs.Length; i++)
        {
            places[i] = node.Inputs[i] < 0 ? -1 : i;
            if (places[i] < 0) continue;
            var value = values[node.Inputs[i]]!;
            if (node.Reads(i))
            {
                if (active && FloatTypes.IsFloat(value.dtype)) value = Cast(node, i, value);
                if (move && value.device_type != device.type) value = value.to(device);
            }

            inputs[i] = value;
        }

        var outputs = node.Kernel(new NodeCall(inputs, places, node, training && !node.IsFrozen));
        if (active && node.Row.Precision == Precision.Full) Narrow(outputs);
        return outputs;
    }

    /// <summary>Whether a node would run on other tensors than its inputs.</summary>
    public bool Changes(BoundNode node, Tensor?[] values)
    {
        var floats = node.Inputs.Where((slot, i) => node.Reads(i)).Select(slot => values[slot]!).Where(value => FloatTypes.IsFloat(value.dtype)).ToArray();
        return _remote || node.Row.Precision != Precision.Activations || Array.Exists(floats, value => value.dtype != (narrow ?? wide));
    }

    /// <summary>Drops what was kept for a slot.</summary>
    public void Forget(int slot)
    {
        _narrow[slot]?.Dispose();
        _narrow[slot] = null;
    }

    Tensor Cast(BoundNode node, int input, Tensor value)
    {
        var type = node.Row.Precision switch
        {
            Precision.Full => wide,
            Precision.Mixed when input > 0 => value.dtype,
            _ => narrow!.Value,
        };
        if (value.dtype == type) return value;
        if (type == wide) return value.to_type(wide);
        return _narrow[node.Inputs[input]] ??= value.to_type(type);
    }

    void Narrow(Tensor[] outputs)
    {
        for (var j = 0; j < outputs.Length; j++)
        {
            if (outputs[j].dtype != wide) continue;
            var full = outputs[j];
            outputs[j] = full.to_type(narrow!.Value);
            full.Dispose();
        }
    }
}

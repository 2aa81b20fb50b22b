using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>Runs plans over slots. Holds no state between runs.</summary>
internal static class Interpreter
{
    /// <summary>Runs a plan.</summary>
    /// <param name="plan">What to run.</param>
    /// <param name="values">A tensor in every given slot; the other slots are filled and emptied on the way.</param>
    /// <param name="training">Training mode.</param>
    /// <param name="casts">How inputs are brought to other types or devices, or null where nothing needs it.</param>
    /// <param name="halves">By slot, whether what lies there is rounded to float16 before it is read; null: nothing is.</param>
    /// <returns>The results, owned by the scope outside; a given value is returned as an alias.</returns>
    public static Tensor[] Run(Plan plan, Tensor?[] values, bool training, InputCasts? casts, bool[]? halves = null)
    {
        using var scope = NewDisposeScope();
        var nodes = plan.Nodes;
        for (var i = 0; i < nodes.Length; i++)
        {
            var node = nodes[i];
            try
            {
                if (halves is null && plan.Overwrites[i] is >= 0 and var over && Overwritten(node, over, values, training, casts) is { } result)
                {
                    values[node.Inputs[over]] = null;
                    values[node.Outputs[0]] = result;
                }
                else
                {
                    var outputs = casts is null
                        ? node.Kernel(new NodeCall(values, node.Inputs, node, training && !node.IsFrozen))
                        : casts.Run(node, values, training);
                    if (halves is not null) Round(outputs, node.Outputs, halves);
                    Store(outputs, node.Outputs, values);
                }
            }
            catch (Exception e) when (e is not InputException and not OutOfMemoryException)
            {
                throw Failed(node, values, e);
            }

            foreach (var slot in plan.Releases[i])
            {
                values[slot]?.Dispose();
                values[slot] = null;
                casts?.Forget(slot);
            }
        }

        return Results(plan, values);
    }

    /// <summary>The result in the memory of an input, or null: the usual kernel is to run.</summary>
    static Tensor? Overwritten(BoundNode node, int input, Tensor?[] values, bool training, InputCasts? casts) =>
        node.Outputs is [>= 0] && casts?.Changes(node, values) != true ? node.Row.Overwrite!(new NodeCall(values, node.Inputs, node, training), input) : null;

    static void Round(Tensor[] outputs, int[] slots, bool[] halves)
    {
        for (var j = 0; j < Math.Min(outputs.Length, slots.Length); j++)
        {
            if (slots[j] < 0 || !halves[slots[j]]) continue;
            using var full = outputs[j];
            using var half = full.to_type(ScalarType.Float16);
            outputs[j] = half.to_type(full.dtype);
        }
    }

    static void Store(Tensor[] outputs, int[] slots, Tensor?[] values)
    {
        for (var j = 0; j < outputs.Length; j++)
        {
            if (j < slots.Length && slots[j] >= 0) values[slots[j]] = outputs[j];
            else outputs[j].Dispose();
        }
    }

    static Tensor[] Results(Plan plan, Tensor?[] values)
    {
        var results = new Tensor[plan.Results.Length];
        for (var i = 0; i < results.Length; i++)
        {
            var value = values[plan.Results[i]]!;
            results[i] = (plan.Shared[i] ? value.alias() : value).MoveToOuterDisposeScope();
        }

        return results;
    }

    static InputException Failed(BoundNode node, Tensor?[] values, Exception cause)
    {
        var shapes = node.Inputs.Select(slot => slot < 0 || values[slot] is not { } tensor ? "-" : $"{tensor.dtype}[{string.Join(", ", tensor.shape)}]");
        var reason = cause.Message.Split('\n')[0];
        return new($"{node}: expected inputs that fit together, got {string.Join(", ", shapes)}: {reason}", cause);
    }
}

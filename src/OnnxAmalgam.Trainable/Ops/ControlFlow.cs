using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Interpretation;
using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Nodes that run a graph of their own. What a body takes from around it counts among the node's inputs, after the listed ones.</summary>
internal static class ControlFlow
{
    public static readonly Operator[] Rows =
    [
        new("If", Since: 1, If) { Attributes = ["then_branch", "else_branch"], Host = [0], MaxOutputs = int.MaxValue, DependsOnMode = true, Precision = Precision.Full },
        new("Loop", Since: 1, Loop) { Attributes = ["body"], Host = [0, 1], MaxOutputs = int.MaxValue, DependsOnMode = true, Precision = Precision.Full },
        new("Scan", Since: 8, ScanInBatches) { Attributes = ["body", "directions", "num_scan_inputs"], MaxOutputs = int.MaxValue, DependsOnMode = true, Precision = Precision.Full, Refuses = "sequence lengths (input 0)" },
        new("Scan", Since: 9, Scan)
        {
            Attributes = ["body", "num_scan_inputs", "scan_input_axes", "scan_input_directions", "scan_output_axes", "scan_output_directions"],
            MaxOutputs = int.MaxValue,
            DependsOnMode = true,
            Precision = Precision.Full,
        },
    ];

    /// <summary>Condition -> the outputs of the branch that it chooses; the other is not run.</summary>
    static Kernel If(OperatorNode n)
    {
        var (then, otherwise) = (n.Body("then_branch"), n.Body("else_branch"));
        return c => c.Numbers(0)[0] != 0 ? then.Run(c) : otherwise.Run(c);
    }

    /// <summary>Count?, Condition?, states -> states after the last round, then what each round gives, stacked along a new first axis.</summary>
    /// <remarks>Body: round, condition, states -> condition, states, what is stacked.</remarks>
    static Kernel Loop(OperatorNode n)
    {
        var body = n.Body("body");
        var (count, floats) = (n.InputCount - 2, n.Floats);
        return c =>
        {
            using var scope = NewDisposeScope();
            var most = c.Has(0) ? c.Ints(0)[0] : long.MaxValue;
            var goesOn = !c.Has(1) || c.Numbers(1)[0] != 0;
            Tensor[] states = [.. Enumerable.Range(2, count).Select(i => c[i].alias())];
            var rounds = new List<Tensor>[body.OutputCount - 1 - count];
            for (var i = 0; i < rounds.Length; i++) rounds[i] = [];
            for (var round = 0L; round < most && goesOn; round++)
            {
                var results = body.Run(c, [tensor(round), tensor(true), .. states]);
                goesOn = results[0].item<bool>();
                states = results[1..(1 + count)];
                for (var i = 0; i < rounds.Length; i++) rounds[i].Add(results[1 + count + i]);
            }

            Tensor[] outputs = [.. states, .. rounds.Select((values, i) => Stacked(values, 0, () => Nothing(body, 1 + count + i, floats, 0, c)))];
            foreach (var output in outputs) output.MoveToOuterDisposeScope();
            return outputs;
        };
    }

    static Tensor Stacked(IReadOnlyCollection<Tensor> values, long axis, Func<Tensor> nothing) => values.Count > 0 ? stack(values, axis) : nothing();

    /// <summary>What no round gives: an output of the body as it is declared, none of them. Sizes that are not declared are 0, as in ONNX Runtime.</summary>
    static Tensor Nothing(BoundBody body, int output, FloatTypes floats, long axis, NodeCall c)
    {
        var declared = body.Graph.View.Proto.Output[output].Type?.TensorType;
        var sizes = declared?.Shape?.Dim.Select(dim => dim.FixedSize() ?? 0).ToList() ?? [];
        sizes.Insert((int)Axes.Normal(axis, sizes.Count + 1), 0);
        var type = TensorProtos.ScalarTypeOf((TensorProto.Types.DataType)(declared?.ElemType ?? 0)) ?? ScalarType.Float32;
        var near = Enumerable.Range(0, c.Count).Select(c.Optional).LastOrDefault(value => value is not null);
        return zeros([.. sizes], floats.Of(type), near?.device ?? CPU);
    }

    /// <summary>States, then sequences -> states after the last element, then what each step gives, stacked along an axis.</summary>
    static Kernel Scan(OperatorNode n)
    {
        var body = n.Body("body");
        var sequences = (int)(n.Int("num_scan_inputs") ?? throw OperatorNode.Refuse("num_scan_inputs", "a number", "none"));
        var count = n.InputCount - sequences;
        var floats = n.Floats;
        var (inputAxes, inputTurned) = (n.Ints("scan_input_axes"), n.Ints("scan_input_directions"));
        var (outputAxes, outputTurned) = (n.Ints("scan_output_axes"), n.Ints("scan_output_directions"));
        return c =>
        {
            using var scope = NewDisposeScope();
            var parts = Enumerable.Range(0, sequences).Select(i => Turned(c[count + i].unbind((int)(inputAxes?[i] ?? 0)), inputTurned, i)).ToArray();
            var (states, steps) = Steps(c, body, [.. Enumerable.Range(0, count).Select(i => c[i].alias())], parts);
            Tensor[] outputs =
            [
                .. states,
                .. Enumerable.Range(0, body.OutputCount - count).Select(i => (Axis: outputAxes?[i] ?? 0, Index: i)).Select(given =>
                    Stacked(Turned([.. steps.Select(step => step[given.Index])], outputTurned, given.Index), given.Axis, () => Nothing(body, count + given.Index, floats, given.Axis, c))),
            ];
            foreach (var output in outputs) output.MoveToOuterDisposeScope();
            return outputs;
        };
    }

    /// <summary>Before opset 9: (no lengths), states[batch, *], sequences[batch, time, *] -> as above for each sample, batch and time first.</summary>
    static Kernel ScanInBatches(OperatorNode n)
    {
        var body = n.Body("body");
        var sequences = (int)(n.Int("num_scan_inputs") ?? throw OperatorNode.Refuse("num_scan_inputs", "a number", "none"));
        var (count, turned) = (n.InputCount - 1 - sequences, n.Ints("directions"));
        if (n.HasInput(0)) throw new UnsupportedAttributeException("expected no input 0 (sequence lengths), got one");
        return c =>
        {
            using var scope = NewDisposeScope();
            var samples = new Tensor[c[1].shape[0]][];
            for (var sample = 0; sample < samples.Length; sample++)
            {
                var parts = Enumerable.Range(0, sequences).Select(i => Turned(c[1 + count + i].select(0, sample).unbind(), turned, i)).ToArray();
                var (states, steps) = Steps(c, body, [.. Enumerable.Range(0, count).Select(i => c[1 + i].select(0, sample))], parts);
                samples[sample] = [.. states, .. Enumerable.Range(0, body.OutputCount - count).Select(i => stack(steps.Select(step => step[i]), 0))];
            }

            Tensor[] outputs = [.. Enumerable.Range(0, body.OutputCount).Select(i => stack(samples.Select(sample => sample[i]), 0))];
            foreach (var output in outputs) output.MoveToOuterDisposeScope();
            return outputs;
        };
    }

    /// <summary>The states after the last step, and what each step gives.</summary>
    static (Tensor[] States, Tensor[][] Given) Steps(NodeCall c, BoundBody body, Tensor[] states, Tensor[][] parts)
    {
        var given = new Tensor[parts[0].Length][];
        for (var step = 0; step < given.Length; step++)
        {
            var results = body.Run(c, [.. states, .. parts.Select(part => part[step])]);
            (states, given[step]) = (results[..states.Length], results[states.Length..]);
        }

        return (states, given);
    }

    static Tensor[] Turned(Tensor[] parts, long[]? directions, int i) => directions is not null && directions[i] == 1 ? [.. parts.Reverse()] : parts;
}

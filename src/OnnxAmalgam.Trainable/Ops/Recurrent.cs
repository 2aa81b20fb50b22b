using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>RNN, GRU and LSTM, step by step: ONNX lets activations, clipping, peepholes and sequence lengths vary, libtorch's own do not.</summary>
/// <remarks>X[time, batch, in], W[directions, gates hidden, in], R[directions, gates hidden, hidden], B[directions, 2 gates hidden]?, Lengths[batch]?,
/// H0[directions, batch, hidden]?, for LSTM C0 and P[directions, 3 hidden]? -> Y[time, directions, batch, hidden], H and, for LSTM, C of the last step.
/// With <c>layout=1</c> the batch comes first in X, H0, C0 and every output.</remarks>
internal static class Recurrent
{
    static readonly string[] Common = ["activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size"];

    public static readonly Operator[] Rows =
    [
        .. Versions("RNN", gates: 1, states: 1, null, ["Tanh"], (step, _, _) => Rnn(step)),
        .. Versions("GRU", gates: 3, states: 1, "linear_before_reset", ["Sigmoid", "Tanh"], (step, _, linear) => Gru(step, linear)),
        .. Versions("LSTM", gates: 4, states: 2, "input_forget", ["Sigmoid", "Tanh", "Tanh"], Lstm),
    ];

    /// <summary>What one step reads.</summary>
    /// <param name="X">The inputs' part of the gates, input bias in it: [batch, gates hidden].</param>
    /// <param name="Recurrence">R: [gates hidden, hidden].</param>
    /// <param name="Bias">Recurrent bias [gates hidden], or null.</param>
    /// <param name="H">The last output.</param>
    /// <param name="C">The last cell state (LSTM).</param>
    /// <param name="Activations">The activations, clipping before each.</param>
    readonly record struct Step(Tensor X, Tensor Recurrence, Tensor? Bias, Tensor H, Tensor? C, Func<Tensor, Tensor>[] Activations);

    /// <summary>A step, peepholes, the operator's own switch -> next output and cell state.</summary>
    delegate (Tensor H, Tensor? C) Cell(Step step, Tensor? peepholes, bool flag);

    static Operator[] Versions(string type, int gates, int states, string? flag, string[] activations, Cell cell)
    {
        Operator row = new(type, 7, n => Bind(n, gates, flag is not null && n.Flag(flag), activations, cell))
        {
            Weights = [1, 2, 3, 7],
            Host = [4],
            Attributes = flag is null ? Common : [.. Common, flag],
            MaxOutputs = 1 + states,
            Precision = Precision.Full,
        };
        return [row, row with { Since = 14, Attributes = [.. row.Attributes, "layout"] }];
    }

    static Kernel Bind(OperatorNode n, int gates, bool flag, string[] otherwise, Cell cell)
    {
        var direction = n.Choice("direction", "forward", "forward", "reverse", "bidirectional");
        var directions = direction == "bidirectional" ? 2 : 1;
        var batchFirst = n.Declares("layout") && n.Flag("layout");
        var hidden = n.Int("hidden_size");
        var activations = RecurrentActivations.Read(n, otherwise, directions);
        return c =>
        {
            using var scope = NewDisposeScope();
            if (hidden is { } size && c[2].shape[2] != size) throw new ArgumentException($"expected hidden_size {size}, got weights for {c[2].shape[2]}");
            var outputs = Enumerable.Range(0, directions).Select(d =>
                Run(c, d, reverse: direction == "reverse" || d == 1, batchFirst, gates, flag, cell, activations[d])).ToArray();
            var (ofSteps, ofLast) = batchFirst ? (2, 1) : (1, 0);
            var y = stack(outputs.Select(o => batchFirst ? o.Y.transpose(0, 1) : o.Y), ofSteps);
            Tensor[] results = [y, stack(outputs.Select(o => o.H), ofLast), .. outputs[0].C is null ? (Tensor[])[] : [stack(outputs.Select(o => o.C!), ofLast)]];
            foreach (var result in results) result.MoveToOuterDisposeScope();
            return results;
        };
    }

    static (Tensor Y, Tensor H, Tensor? C) Run(NodeCall c, int d, bool reverse, bool batchFirst, int gates, bool flag, Cell cell, Func<Tensor, Tensor>[] activations)
    {
        var (x, w, r) = (batchFirst ? c[0].transpose(0, 1) : c[0], c[1].select(0, d), c[2].select(0, d));
        var (time, batch, hidden) = (x.shape[0], x.shape[1], r.shape[1]);
        var biases = c.Optional(3)?.select(0, d).split(gates * hidden);
        var lengths = c.OptionalInts(4);
        if (reverse) x = Reversed(x, lengths);
        var gatesOfX = nn.functional.linear(x, w, biases?[0]);
        Tensor State(int input) => c.Optional(input)?.select(batchFirst ? 1 : 0, d) ?? zeros([batch, hidden], x.dtype, x.device);
        var (h, state) = (State(5), gates == 4 ? State(6) : null);
        var peepholes = gates == 4 ? c.Optional(7)?.select(0, d) : null;
        var outputs = new Tensor[time];
        for (var t = 0L; t < time; t++)
        {
            var (nextH, nextState) = cell(new(gatesOfX.select(0, t), r, biases?[1], h, state, activations), peepholes, flag);
            if (lengths is not null && Array.Exists(lengths, length => length <= t))
            {
                var alive = tensor(Array.ConvertAll(lengths, length => t < length), device: x.device).unsqueeze(1);
                outputs[t] = where(alive, nextH, zeros_like(nextH));
                nextH = where(alive, nextH, h);
                if (nextState is not null) nextState = where(alive, nextState, state!);
            }
            else
            {
                outputs[t] = nextH;
            }

            (h, state) = (nextH, nextState);
        }

        var y = stack(outputs, 0);
        return (reverse ? Reversed(y, lengths) : y, h, state);
    }

    static Tensor Reversed(Tensor x, long[]? lengths) => lengths is null ? x.flip([0]) : Indexing.Reversed(x, lengths, batch: 1, time: 0);

    /// <summary>H' = f(X + H R).</summary>
    static (Tensor H, Tensor? C) Rnn(Step s) => (s.Activations[0](s.X.add(nn.functional.linear(s.H, s.Recurrence, s.Bias))), null);

    /// <summary>Gates z, r, h: H' = (1 - z) h + z H; the reset gate acts before or after the recurrence of h.</summary>
    static (Tensor H, Tensor? C) Gru(Step s, bool linearBeforeReset)
    {
        var size = s.H.shape[1];
        var x = s.X.split(size, 1);
        var r = s.Recurrence.split(size);
        var b = s.Bias?.split(size);
        var z = s.Activations[0](x[0].add(nn.functional.linear(s.H, r[0], b?[0])));
        var reset = s.Activations[0](x[1].add(nn.functional.linear(s.H, r[1], b?[1])));
        var recurrent = linearBeforeReset
            ? nn.functional.linear(s.H, r[2], b?[2]).mul(reset)
            : nn.functional.linear(s.H.mul(reset), r[2], b?[2]);
        var candidate = s.Activations[1](x[2].add(recurrent));
        return (candidate.add(z.mul(s.H.sub(candidate))), null);
    }

    /// <summary>Gates i, o, f, c: C' = f C + i c, H' = o h(C'); peepholes add the cell state to i, f (the old one) and o (the new one).</summary>
    static (Tensor H, Tensor? C) Lstm(Step s, Tensor? peepholes, bool coupled)
    {
        var size = s.H.shape[1];
        var gates = s.X.add(nn.functional.linear(s.H, s.Recurrence, s.Bias)).split(size, 1);
        var p = peepholes?.split(size);
        Tensor Peep(Tensor gate, int place, Tensor state) => p is null ? gate : gate.add(p[place].mul(state));
        var i = s.Activations[0](Peep(gates[0], 0, s.C!));
        var f = coupled ? i.neg().add(1) : s.Activations[0](Peep(gates[2], 2, s.C!));
        var state = f.mul(s.C!).add(i.mul(s.Activations[1](gates[3])));
        var o = s.Activations[0](Peep(gates[1], 1, state));
        return (o.mul(s.Activations[2](state)), state);
    }
}

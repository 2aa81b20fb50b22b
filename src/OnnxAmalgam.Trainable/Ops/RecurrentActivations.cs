using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>The activations that RNN, GRU and LSTM name in attributes.</summary>
internal static class RecurrentActivations
{
    /// <summary>Which numbers an activation takes, with their defaults (NaN: it must be given), and the function.</summary>
    sealed record Kind(float? Alpha, float? Beta, Func<Tensor, double, double, Tensor> Apply);

    static readonly Dictionary<string, Kind> Kinds = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Tanh"] = new(null, null, (x, _, _) => x.tanh()),
        ["Sigmoid"] = new(null, null, (x, _, _) => x.sigmoid()),
        ["Relu"] = new(null, null, (x, _, _) => x.relu()),
        ["Softsign"] = new(null, null, (x, _, _) => x.div(x.abs().add(1))),
        ["Softplus"] = new(null, null, (x, _, _) => functional.softplus(x)),
        ["LeakyRelu"] = new(0.01f, null, (x, a, _) => functional.leaky_relu(x, a)),
        ["Elu"] = new(1f, null, (x, a, _) => functional.elu(x, a)),
        ["ThresholdedRelu"] = new(1f, null, (x, a, _) => functional.threshold(x, a, 0)),
        ["HardSigmoid"] = new(0.2f, 0.5f, (x, a, b) => x.mul(a).add(b).clamp(0, 1)),
        ["Affine"] = new(1f, 0f, (x, a, b) => x.mul(a).add(b)),
        ["ScaledTanh"] = new(1f, 1f, (x, a, b) => x.mul(b).tanh().mul(a)),
    };

    /// <summary>The functions of each direction, each with the node's clipping before it.</summary>
    /// <param name="n">The node.</param>
    /// <param name="otherwise">The names where the node has none.</param>
    /// <param name="directions">1 or 2.</param>
    public static Func<Tensor, Tensor>[][] Read(OperatorNode n, string[] otherwise, int directions)
    {
        var names = n.Texts("activations") ?? [.. Enumerable.Repeat(otherwise, directions).SelectMany(all => all)];
        var (alphas, betas) = (new Queue<float>(n.Floats32("activation_alpha") ?? []), new Queue<float>(n.Floats32("activation_beta") ?? []));
        var clip = n.Float("clip");
        if (names.Length != otherwise.Length * directions)
            throw OperatorNode.Refuse("activations", $"{otherwise.Length * directions} names", $"{names.Length}");
        var functions = names.Select(name =>
        {
            if (!Kinds.TryGetValue(name, out var kind)) throw OperatorNode.Refuse("activations", string.Join(" or ", Kinds.Keys), $"'{name}'");
            var alpha = kind.Alpha is { } a ? alphas.TryDequeue(out var givenAlpha) ? givenAlpha : a : 0;
            var beta = kind.Beta is { } b ? betas.TryDequeue(out var givenBeta) ? givenBeta : b : 0;
            return clip is { } limit
                ? (Func<Tensor, Tensor>)(x => kind.Apply(x.clamp(-limit, limit), alpha, beta))
                : x => kind.Apply(x, alpha, beta);
        }).ToArray();
        return [.. functions.Chunk(otherwise.Length)];
    }
}

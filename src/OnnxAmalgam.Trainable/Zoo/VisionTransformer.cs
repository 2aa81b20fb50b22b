namespace OnnxAmalgam.Trainable.Zoo;

/// <summary>Transformer over patches (Dosovitskiy et al. 2021) with normalisation before each part, learned positions and the mean of the
/// tokens in place of a class token (Beyer et al. 2022).</summary>
internal static class VisionTransformer
{
    const int MlpRatio = 4;
    const float PositionDeviation = 0.02f;

    /// <summary>Adds the network's nodes.</summary>
    public static void Build(GraphBuilder g, ZooExpression e, int channels, int height, int width, int classes)
    {
        e.Accept("dim", "depth", "heads", "patch");
        var (dim, depth, heads, patch) = (e.Int("dim", 64), e.Int("depth", 4), e.Int("heads", 4), e.Int("patch", 4));
        if (dim % heads != 0) throw e.Wrong($"expected heads to divide dim, got {heads} and {dim}");
        if (height % patch != 0 || width % patch != 0) throw e.Wrong($"expected patch to divide the image, got {patch} and {height}x{width}");
        var tokens = height / patch * (width / patch);
        var shared = new Shared(SharedScalars.In(g),
            g.Ints("split_heads", 0, tokens, heads, dim / heads), g.Ints("join_heads", 0, tokens, dim), g.Scalar("attention_scale", 1 / MathF.Sqrt(dim / heads)));

        var x = g.Patches("patch_embed", "images", channels, dim, patch);
        x = g.Node("patch_embed", "Reshape", [x, g.Ints("tokens", 0, dim, tokens)]);
        x = g.Node("patch_embed", "Transpose", [x], GraphBuilder.Ints("perm", [0, 2, 1]));
        x = g.Node("", "Add", [x, g.Normal("pos_embed", PositionDeviation, 1, tokens, dim)]);
        for (var i = 0; i < depth; i++) x = Block(g, $"blocks/blocks.{i}", x, dim, shared);
        x = g.LayerNorm("norm", x, dim);
        x = g.Node("", "ReduceMean", [x], GraphBuilder.Ints("axes", [1]), GraphBuilder.Int("keepdims", 0));
        g.Gemm("fc", x, dim, classes);
    }

    static string Block(GraphBuilder g, string module, string x, int dim, Shared shared)
    {
        var attended = Attention(g, $"{module}/attn", g.LayerNorm($"{module}/norm1", x, dim), dim, shared);
        x = g.Node(module, "Add", [x, attended]);
        var y = g.Linear($"{module}/mlp/fc1", g.LayerNorm($"{module}/norm2", x, dim), dim, dim * MlpRatio);
        y = g.Linear($"{module}/mlp/fc2", g.Gelu($"{module}/mlp/act", y, shared.Scalars), dim * MlpRatio, dim);
        return g.Node(module, "Add", [x, y]);
    }

    /// <summary>X[n, l, c] -> [n, l, c]: softmax(Q K^T / sqrt(c / heads)) V in each head, joined by a linear layer.</summary>
    static string Attention(GraphBuilder g, string module, string x, int dim, Shared shared)
    {
        var q = Heads(g, module, g.Linear($"{module}/q", x, dim, dim), shared, [0, 2, 1, 3]);
        var k = Heads(g, module, g.Linear($"{module}/k", x, dim, dim), shared, [0, 2, 3, 1]);
        var v = Heads(g, module, g.Linear($"{module}/v", x, dim, dim), shared, [0, 2, 1, 3]);
        var scores = g.Node(module, "MatMul", [g.Node(module, "Mul", [q, shared.Scale]), k]);
        var weights = g.Node(module, "Softmax", [scores], GraphBuilder.Int("axis", -1));
        var mixed = g.Node(module, "Transpose", [g.Node(module, "MatMul", [weights, v])], GraphBuilder.Ints("perm", [0, 2, 1, 3]));
        return g.Linear($"{module}/proj", g.Node(module, "Reshape", [mixed, shared.JoinHeads]), dim, dim);
    }

    static string Heads(GraphBuilder g, string module, string x, Shared shared, ReadOnlySpan<long> order) =>
        g.Node(module, "Transpose", [g.Node(module, "Reshape", [x, shared.SplitHeads])], GraphBuilder.Ints("perm", order));

    sealed record Shared(SharedScalars Scalars, string SplitHeads, string JoinHeads, string Scale);
}

namespace OnnxAmalgam.Trainable.Zoo;

/// <summary>Patches mixed by depthwise and 1x1 convolutions at one resolution (Trockman and Kolter 2022).</summary>
internal static class ConvMixer
{
    /// <summary>Adds the network's nodes.</summary>
    public static void Build(GraphBuilder g, ZooExpression e, int channels, int height, int width, int classes)
    {
        e.Accept("dim", "depth", "kernel", "patch");
        var (dim, depth, kernel, patch) = (e.Int("dim", 64), e.Int("depth", 6), e.Int("kernel", 3), e.Int("patch", 2));
        if (height < patch || width < patch) throw e.Wrong($"expected images of at least {patch}x{patch}, got {height}x{width}");
        var scalars = SharedScalars.In(g);
        var x = Activated(g, "stem", g.Patches("stem/conv", "images", channels, dim, patch), dim, scalars);
        for (var i = 0; i < depth; i++)
        {
            var module = $"blocks/blocks.{i}";
            var mixed = Activated(g, $"{module}/spatial", g.Conv($"{module}/spatial/conv", x, dim, dim, kernel, groups: dim, bias: true), dim, scalars);
            x = g.Node(module, "Add", [mixed, x]);
            x = Activated(g, $"{module}/channels", g.Conv($"{module}/channels/conv", x, dim, dim, 1, bias: true), dim, scalars);
        }

        g.PooledHead(x, dim, classes);
    }

    static string Activated(GraphBuilder g, string module, string x, int dim, SharedScalars scalars) =>
        g.BatchNorm($"{module}/bn", g.Gelu($"{module}/gelu", x, scalars), dim);
}

namespace OnnxAmalgam.Trainable.Zoo;

/// <summary>The layers that zoo students are made of; each adds its nodes and weights below a module path and returns its value.</summary>
internal static class Layers
{
    const float BatchNormEpsilon = 1e-5f, BatchNormMomentum = 0.9f, LayerNormEpsilon = 1e-6f;

    /// <summary>X[n, in, h, w] -> [n, out, h / stride, w / stride], padded so that a stride of 1 keeps the grid.</summary>
    public static string Conv(this GraphBuilder g, string module, string x, int channelsIn, int channelsOut, int kernel, int stride = 1, int groups = 1, bool bias = false) =>
        g.Conv(module, x, channelsIn, channelsOut, kernel, stride, groups, bias, padding: kernel - 1);

    /// <summary>X[n, in, h, w] -> [n, out, h / patch, w / patch]: one linear map of each patch.</summary>
    public static string Patches(this GraphBuilder g, string module, string x, int channelsIn, int channelsOut, int patch) =>
        g.Conv(module, x, channelsIn, channelsOut, patch, patch, groups: 1, bias: true, padding: 0);

    static string Conv(this GraphBuilder g, string module, string x, int channelsIn, int channelsOut, int kernel, int stride, int groups, bool bias, int padding)
    {
        var fanIn = channelsIn / groups * kernel * kernel;
        var (begin, end) = (padding / 2, padding - (padding / 2));
        List<string> inputs = [x, g.Uniform(Dotted(module, "weight"), fanIn, channelsOut, channelsIn / groups, kernel, kernel)];
        if (bias) inputs.Add(g.Uniform(Dotted(module, "bias"), fanIn, channelsOut));
        return g.Node(module, "Conv", [.. inputs],
            GraphBuilder.Ints("dilations", [1, 1]), GraphBuilder.Int("group", groups), GraphBuilder.Ints("kernel_shape", [kernel, kernel]),
            GraphBuilder.Ints("pads", [begin, begin, end, end]), GraphBuilder.Ints("strides", [stride, stride]));
    }

    /// <summary>X[n, c, h, w] over each channel's statistics.</summary>
    public static string BatchNorm(this GraphBuilder g, string module, string x, int channels) => g.Node(module, "BatchNormalization",
        [
            x, g.Filled(Dotted(module, "weight"), 1, channels), g.Filled(Dotted(module, "bias"), 0, channels),
            g.Filled(Dotted(module, "running_mean"), 0, channels), g.Filled(Dotted(module, "running_var"), 1, channels),
        ],
        GraphBuilder.Float("epsilon", BatchNormEpsilon), GraphBuilder.Float("momentum", BatchNormMomentum));

    /// <summary>X[n, *] -> max(0, X).</summary>
    public static string Relu(this GraphBuilder g, string module, string x) => g.Node(module, "Relu", [x]);

    /// <summary>X[n, c, h, w] -> [n, classes]: mean over the grid, then a linear layer.</summary>
    public static string PooledHead(this GraphBuilder g, string x, int channels, int classes)
    {
        var pooled = g.Node("pool", "GlobalAveragePool", [x]);
        return g.Gemm("fc", g.Node("", "Flatten", [pooled], GraphBuilder.Int("axis", 1)), channels, classes);
    }

    /// <summary>X[n, in] -> [n, out].</summary>
    public static string Gemm(this GraphBuilder g, string module, string x, int featuresIn, int featuresOut) => g.Node(module, "Gemm",
        [x, g.Uniform(Dotted(module, "weight"), featuresIn, featuresOut, featuresIn), g.Uniform(Dotted(module, "bias"), featuresIn, featuresOut)],
        GraphBuilder.Float("alpha", 1), GraphBuilder.Float("beta", 1), GraphBuilder.Int("transB", 1));

    /// <summary>X[n, l, in] -> [n, l, out].</summary>
    public static string Linear(this GraphBuilder g, string module, string x, int featuresIn, int featuresOut)
    {
        var product = g.Node(module, "MatMul", [x, g.Uniform(Dotted(module, "weight"), featuresIn, featuresIn, featuresOut)]);
        return g.Node(module, "Add", [product, g.Uniform(Dotted(module, "bias"), featuresIn, featuresOut)]);
    }

    /// <summary>X[n, l, c] over each token's own statistics.</summary>
    public static string LayerNorm(this GraphBuilder g, string module, string x, int features) => g.Node(module, "LayerNormalization",
        [x, g.Filled(Dotted(module, "weight"), 1, features), g.Filled(Dotted(module, "bias"), 0, features)],
        GraphBuilder.Int("axis", -1), GraphBuilder.Float("epsilon", LayerNormEpsilon));

    /// <summary>X Phi(X), written with Erf: opset 17 has no Gelu.</summary>
    public static string Gelu(this GraphBuilder g, string module, string x, SharedScalars scalars)
    {
        var scaled = g.Node(module, "Div", [x, scalars.RootOfTwo]);
        var distribution = g.Node(module, "Add", [g.Node(module, "Erf", [scaled]), scalars.One]);
        return g.Node(module, "Mul", [g.Node(module, "Mul", [x, distribution]), scalars.Half]);
    }

    /// <summary><c>layer3/layer3.0/conv1</c> -> <c>layer3.0.conv1.weight</c>: a sequence's name is part of its items' already.</summary>
    static string Dotted(string module, string weight)
    {
        var parts = module.Split('/');
        var own = parts.Where((part, i) => i + 1 == parts.Length || !parts[i + 1].StartsWith(part + ".", StringComparison.Ordinal));
        return $"{string.Join('.', own)}.{weight}";
    }
}

/// <summary>Numbers that several layers of one graph use.</summary>
internal sealed record SharedScalars(string Half, string One, string RootOfTwo)
{
    /// <summary>Adds them to a graph.</summary>
    public static SharedScalars In(GraphBuilder g) =>
        new(g.Scalar("half", 0.5f), g.Scalar("one", 1), g.Scalar("root_of_two", 1.41421356237309515f));
}

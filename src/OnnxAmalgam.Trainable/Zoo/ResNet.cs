namespace OnnxAmalgam.Trainable.Zoo;

/// <summary>Residual networks (He et al. 2016): a stem, stages of blocks at strides 1, 2, 2, ..., mean, linear. No convolution has a bias.</summary>
internal static class ResNet
{
    const int BottleneckExpansion = 4;

    /// <summary>Adds the network's nodes.</summary>
    public static void Build(GraphBuilder g, ZooExpression e, int channels, int classes)
    {
        e.Accept("widths", "blocks", "block", "stem");
        var (widths, blocks) = (e.Ints("widths", [16, 32, 64]), e.Ints("blocks", [1, 1, 1]));
        if (widths.Length != blocks.Length)
            throw e.Wrong($"expected as many widths as blocks, got {widths.Length} and {blocks.Length}");
        var bottleneck = e.Word("block", "basic", "bottleneck") == "bottleneck";
        var x = Stem(g, e.Word("stem", "small", "imagenet") == "imagenet", channels, widths[0]);
        var width = widths[0];
        for (var stage = 0; stage < widths.Length; stage++)
        {
            for (var block = 0; block < blocks[stage]; block++)
            {
                var module = $"layer{stage + 1}/layer{stage + 1}.{block}";
                var stride = stage > 0 && block == 0 ? 2 : 1;
                var widthOut = widths[stage] * (bottleneck ? BottleneckExpansion : 1);
                var branch = bottleneck ? Bottleneck(g, module, x, width, widths[stage], stride) : Basic(g, module, x, width, widths[stage], stride);
                var shortcut = stride == 1 && width == widthOut ? x : Projection(g, $"{module}/downsample", x, width, widthOut, stride);
                x = g.Relu($"{module}/relu", g.Node(module, "Add", [branch, shortcut]));
                width = widthOut;
            }
        }

        g.PooledHead(x, width, classes);
    }

    static string Stem(GraphBuilder g, bool imagenet, int channels, int width)
    {
        var x = g.Relu("relu", g.BatchNorm("bn1", g.Conv("conv1", "images", channels, width, imagenet ? 7 : 3, imagenet ? 2 : 1), width));
        return !imagenet ? x : g.Node("maxpool", "MaxPool", [x],
            GraphBuilder.Ints("kernel_shape", [3, 3]), GraphBuilder.Ints("pads", [1, 1, 1, 1]), GraphBuilder.Ints("strides", [2, 2]));
    }

    /// <summary>X[n, in, h, w] -> two 3x3 convolutions, the first with the stride.</summary>
    static string Basic(GraphBuilder g, string module, string x, int widthIn, int width, int stride)
    {
        x = g.Relu($"{module}/relu", g.BatchNorm($"{module}/bn1", g.Conv($"{module}/conv1", x, widthIn, width, 3, stride), width));
        return g.BatchNorm($"{module}/bn2", g.Conv($"{module}/conv2", x, width, width, 3), width);
    }

    /// <summary>X[n, in, h, w] -> 1x1, 3x3 with the stride, 1x1 to four times the width.</summary>
    static string Bottleneck(GraphBuilder g, string module, string x, int widthIn, int width, int stride)
    {
        x = g.Relu($"{module}/relu", g.BatchNorm($"{module}/bn1", g.Conv($"{module}/conv1", x, widthIn, width, 1), width));
        x = g.Relu($"{module}/relu", g.BatchNorm($"{module}/bn2", g.Conv($"{module}/conv2", x, width, width, 3, stride), width));
        return g.BatchNorm($"{module}/bn3", g.Conv($"{module}/conv3", x, width, width * BottleneckExpansion, 1), width * BottleneckExpansion);
    }

    static string Projection(GraphBuilder g, string module, string x, int widthIn, int widthOut, int stride)
    {
        var item = module[(module.LastIndexOf('/') + 1)..];
        return g.BatchNorm($"{module}/{item}.1", g.Conv($"{module}/{item}.0", x, widthIn, widthOut, 1, stride), widthOut);
    }
}

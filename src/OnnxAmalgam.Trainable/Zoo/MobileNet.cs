namespace OnnxAmalgam.Trainable.Zoo;

/// <summary>Inverted residuals with depthwise convolutions (Sandler et al. 2018, MobileNetV2): stages at strides 1, 2, 2, ..., then a
/// 1x1 convolution to four times the last width, mean, linear.</summary>
internal static class MobileNet
{
    const int HeadExpansion = 4;

    /// <summary>Adds the network's nodes.</summary>
    public static void Build(GraphBuilder g, ZooExpression e, int channels, int classes)
    {
        e.Accept("widths", "blocks", "expansion");
        var (widths, blocks) = (e.Ints("widths", [16, 24, 32, 64]), e.Ints("blocks", [1, 2, 2, 2]));
        var expansion = e.Int("expansion", 6);
        if (widths.Length != blocks.Length)
            throw e.Wrong($"expected as many widths as blocks, got {widths.Length} and {blocks.Length}");
        var limits = (g.Scalar("zero", 0), g.Scalar("six", 6));
        var width = widths[0];
        var x = ConvNormRelu6(g, "stem", "images", channels, width, 3, limits);
        for (var stage = 0; stage < widths.Length; stage++)
        {
            for (var block = 0; block < blocks[stage]; block++)
            {
                var stride = stage > 0 && block == 0 ? 2 : 1;
                x = InvertedResidual(g, $"layer{stage + 1}/layer{stage + 1}.{block}", x, width, widths[stage], stride, expansion, limits);
                width = widths[stage];
            }
        }

        x = ConvNormRelu6(g, "head", x, width, width * HeadExpansion, 1, limits);
        g.PooledHead(x, width * HeadExpansion, classes);
    }

    /// <summary>X[n, in, h, w] -> 1x1 to <c>expansion</c> times as many channels, 3x3 depthwise with the stride, 1x1 to the width; X added where shapes agree.</summary>
    static string InvertedResidual(GraphBuilder g, string module, string x, int widthIn, int width, int stride, int expansion, (string, string) limits)
    {
        var inner = widthIn * expansion;
        var y = expansion == 1 ? x : ConvNormRelu6(g, $"{module}/expand", x, widthIn, inner, 1, limits);
        y = ConvNormRelu6(g, $"{module}/depthwise", y, inner, inner, 3, limits, stride, groups: inner);
        y = g.BatchNorm($"{module}/project/bn", g.Conv($"{module}/project/conv", y, inner, width, 1), width);
        return stride == 1 && widthIn == width ? g.Node(module, "Add", [x, y]) : y;
    }

    static string ConvNormRelu6(GraphBuilder g, string module, string x, int channelsIn, int channelsOut, int kernel, (string Zero, string Six) limits, int stride = 1, int groups = 1)
    {
        var y = g.BatchNorm($"{module}/bn", g.Conv($"{module}/conv", x, channelsIn, channelsOut, kernel, stride, groups), channelsOut);
        return g.Node($"{module}/relu6", "Clip", [y, limits.Zero, limits.Six]);
    }
}

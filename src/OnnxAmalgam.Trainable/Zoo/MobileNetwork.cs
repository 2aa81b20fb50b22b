using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Trainable.Zoo;

/// <summary><c>mobilenet(widths, blocks, expansion=6)</c>: inverted residual blocks with linear bottlenecks (Sandler et al., CVPR 2018);
/// stage i has blocks[i] blocks of widths[i] channels, strides 1, 2, 2, ...; the last map is widened by the expansion.</summary>
static class MobileNetwork
{
    public static void Build(ZooExpression arguments, GraphBuilder graph)
    {
        arguments.Allow("widths", "blocks", "expansion");
        int[] widths = arguments.Numbers("widths", [16, 24, 32]), blocks = arguments.Numbers("blocks", [.. widths.Select(_ => 1)]);
        int expansion = arguments.Number("expansion", 6);
        if (widths.Length != blocks.Length)
        {
            throw new InputException($"student.model: expected as many blocks as widths, got {blocks.Length} and {widths.Length}");
        }

        int inputs = widths[0];
        string x = Activated(graph, GraphBuilder.Image, "stem", graph.Channels, inputs, 3, 1, 1);
        for (int stage = 0; stage < widths.Length; stage++)
        {
            for (int block = 0; block < blocks[stage]; block++)
            {
                x = Block(graph, x, $"layer{stage + 1}.{block}", inputs, widths[stage], expansion, stage > 0 && block == 0 ? 2 : 1);
                inputs = widths[stage];
            }
        }

        graph.Classify(Activated(graph, x, "last", inputs, inputs * expansion, 1, 1, 1), inputs * expansion);
    }

    static string Block(GraphBuilder graph, string x, string path, int inputs, int outputs, int expansion, int stride)
    {
        int wide = inputs * expansion;
        string y = Activated(graph, x, $"{path}.expand", inputs, wide, 1, 1, 1);
        y = Activated(graph, y, $"{path}.depthwise", wide, wide, 3, stride, wide);
        y = graph.BatchNorm(graph.Conv(y, $"{path}.project.conv", wide, outputs, 1), $"{path}.project.bn", outputs);
        return inputs == outputs && stride == 1 ? graph.Apply("Add", path, x, y) : y;
    }

    static string Activated(GraphBuilder graph, string x, string path, int inputs, int outputs, int kernel, int stride, int groups) =>
        graph.Relu6(graph.BatchNorm(graph.Conv(x, $"{path}.conv", inputs, outputs, kernel, stride, groups), $"{path}.bn", outputs), $"{path}.relu6");
}

using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Trainable.Zoo;

/// <summary><c>resnet(widths, blocks, block=basic|bottleneck, stem=small|imagenet)</c>: residual network (He et al., CVPR 2016). Stage i has
/// blocks[i] blocks of widths[i] channels (bottleneck: four times as many leave it), strides 1, 2, 2, ...; 1x1 projections where shapes change.</summary>
static class ResidualNetwork
{
    public static void Build(ZooExpression arguments, GraphBuilder graph)
    {
        arguments.Allow("widths", "blocks", "block", "stem");
        int[] widths = arguments.Numbers("widths", [16, 32, 64]), blocks = arguments.Numbers("blocks", [.. widths.Select(_ => 1)]);
        if (widths.Length != blocks.Length)
        {
            throw new InputException($"student.model: expected as many blocks as widths, got {blocks.Length} and {widths.Length}");
        }

        bool isBottleneck = arguments.Word("block", "basic", "bottleneck") == "bottleneck";
        string x = arguments.Word("stem", "small", "imagenet") == "small"
            ? Unit(graph, GraphBuilder.Image, "stem", graph.Channels, widths[0], 3, 1)
            : graph.MaxPool(Unit(graph, GraphBuilder.Image, "stem", graph.Channels, widths[0], 7, 2), "stem.maxpool");
        int inputs = widths[0];
        for (int stage = 0; stage < widths.Length; stage++)
        {
            for (int block = 0; block < blocks[stage]; block++)
            {
                int outputs = isBottleneck ? 4 * widths[stage] : widths[stage];
                x = Block(graph, x, $"layer{stage + 1}.{block}", inputs, widths[stage], outputs, stage > 0 && block == 0 ? 2 : 1, isBottleneck);
                inputs = outputs;
            }
        }

        graph.Classify(x, inputs);
    }

    static string Block(GraphBuilder graph, string x, string path, int inputs, int middle, int outputs, int stride, bool isBottleneck)
    {
        string y = isBottleneck
            ? Normed(graph, Unit(graph, Unit(graph, x, $"{path}.1", inputs, middle, 1, 1), $"{path}.2", middle, middle, 3, stride), $"{path}.3", middle, outputs, 1, 1)
            : Normed(graph, Unit(graph, x, $"{path}.1", inputs, outputs, 3, stride), $"{path}.2", outputs, outputs, 3, 1);
        string shortcut = inputs == outputs && stride == 1 ? x : Normed(graph, x, $"{path}.shortcut", inputs, outputs, 1, stride);
        return graph.Apply("Relu", path, graph.Apply("Add", path, y, shortcut));
    }

    static string Unit(GraphBuilder graph, string x, string path, int inputs, int outputs, int kernel, int stride) =>
        graph.Apply("Relu", path, Normed(graph, x, path, inputs, outputs, kernel, stride));

    static string Normed(GraphBuilder graph, string x, string path, int inputs, int outputs, int kernel, int stride) =>
        graph.BatchNorm(graph.Conv(x, $"{path}.conv", inputs, outputs, kernel, stride), $"{path}.bn", outputs);
}

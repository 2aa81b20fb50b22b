namespace OnnxAmalgam.Trainable.Zoo;

/// <summary><c>convmixer(dim, depth, kernel, patch)</c>: patches, then depth times a residual depthwise and a pointwise convolution
/// (Trockman and Kolter, arXiv 2201.09792).</summary>
static class ConvMixer
{
    public static void Build(ZooExpression arguments, GraphBuilder graph)
    {
        arguments.Allow("dim", "depth", "kernel", "patch");
        int dim = arguments.Number("dim", 64), depth = arguments.Number("depth", 4), kernel = arguments.Number("kernel", 5), patch = arguments.Number("patch", 2);
        string x = Activated(graph, graph.Conv(GraphBuilder.Image, "patches", graph.Channels, dim, patch, patch, bias: true, pad: false), "patches", dim);
        for (int i = 0; i < depth; i++)
        {
            string depthwise = Activated(graph, graph.Conv(x, $"mix.{i}.depthwise", dim, dim, kernel, groups: dim, bias: true), $"mix.{i}.depthwise", dim);
            x = graph.Apply("Add", $"mix.{i}.residual", depthwise, x);
            x = Activated(graph, graph.Conv(x, $"mix.{i}.pointwise", dim, dim, 1, bias: true), $"mix.{i}.pointwise", dim);
        }

        graph.Classify(x, dim);
    }

    static string Activated(GraphBuilder graph, string x, string path, int dim) => graph.BatchNorm(graph.Gelu(x, $"{path}.gelu"), $"{path}.bn", dim);
}

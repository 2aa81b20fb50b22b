using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Zoo;

namespace OnnxAmalgam.Trainable;

/// <summary>Small architectures built as ONNX graphs (opset 17) with freshly drawn weights.</summary>
public static class StudentZoo
{
    const string Architectures =
        "resnet(widths=[16,32,64], blocks=[1,1,1], block=basic|bottleneck, stem=small|imagenet), mobilenet(widths=[16,24,32,64], blocks=[1,2,2,2], expansion=6), "
        + "convmixer(dim=64, depth=6, kernel=3, patch=2), vit(dim=64, depth=4, heads=4, patch=4)";

    /// <summary>Builds <c>zoo:resnet(widths=[16,32,64], blocks=[1,1,1])</c> and the like: input <c>images</c> [batch, C, H, W], output <c>logits</c>.</summary>
    /// <param name="expression">With or without the <c>zoo:</c> prefix.</param>
    /// <param name="channels">Image channels C.</param>
    /// <param name="height">Image height H.</param>
    /// <param name="width">Image width W.</param>
    /// <param name="classes">Number of logits.</param>
    /// <param name="seed">Same seed, same bytes.</param>
    /// <exception cref="InputException">Unknown architecture or argument; the valid ones are listed.</exception>
    public static OnnxModel Build(string expression, int channels, int height, int width, int classes, long seed)
    {
        ArgumentNullException.ThrowIfNull(expression);
        var parsed = ZooExpression.Parse(expression);
        var builder = new GraphBuilder(seed);
        switch (parsed.Name)
        {
            case "resnet": ResNet.Build(builder, parsed, channels, classes); break;
            case "mobilenet": MobileNet.Build(builder, parsed, channels, classes); break;
            case "convmixer": ConvMixer.Build(builder, parsed, channels, height, width, classes); break;
            case "vit": VisionTransformer.Build(builder, parsed, channels, height, width, classes); break;
            default: throw parsed.Wrong($"expected one of {Architectures}; got '{parsed.Name}'");
        }

        return builder.Finish(expression, channels, height, width, classes);
    }
}

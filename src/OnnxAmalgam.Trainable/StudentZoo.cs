using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Zoo;

namespace OnnxAmalgam.Trainable;

/// <summary>Small architectures built as ONNX graphs (opset 17) with freshly drawn weights.</summary>
public static class StudentZoo
{
    static readonly Dictionary<string, Action<ZooExpression, GraphBuilder>> Architectures = new(StringComparer.Ordinal)
    {
        ["resnet"] = ResidualNetwork.Build,
        ["convmixer"] = ConvMixer.Build,
        ["mobilenet"] = MobileNetwork.Build,
    };

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
        ZooExpression parsed = ZooExpression.Parse(expression);
        if (!Architectures.TryGetValue(parsed.Name, out var build))
        {
            throw new InputException($"student.model '{expression}': expected one of {string.Join(", ", Architectures.Keys.Select(a => $"zoo:{a}(...)"))}, got '{parsed.Name}'");
        }

        var builder = new GraphBuilder(parsed.Name, channels, height, width, classes, seed);
        build(parsed, builder);
        return builder.Model(expression);
    }
}

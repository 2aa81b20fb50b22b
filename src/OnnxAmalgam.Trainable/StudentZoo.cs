using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Trainable;

/// <summary>Small architectures built as ONNX graphs (opset 17) with freshly drawn weights.</summary>
public static class StudentZoo
{
    /// <summary>Builds <c>zoo:resnet(widths=[16,32,64], blocks=[1,1,1])</c> and the like: input <c>images</c> [batch, C, H, W], output <c>logits</c>.</summary>
    /// <param name="expression">With or without the <c>zoo:</c> prefix.</param>
    /// <param name="channels">Image channels C.</param>
    /// <param name="height">Image height H.</param>
    /// <param name="width">Image width W.</param>
    /// <param name="classes">Number of logits.</param>
    /// <param name="seed">Same seed, same bytes.</param>
    /// <exception cref="InputException">Unknown architecture or argument; the valid ones are listed.</exception>
    public static OnnxModel Build(string expression, int channels, int height, int width, int classes, long seed) => throw new NotImplementedException();
}

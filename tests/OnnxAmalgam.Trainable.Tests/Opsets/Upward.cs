using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Validation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Opsets;

/// <summary>Models brought to a newer opset, and what ONNX Runtime makes of both.</summary>
internal static class Upward
{
    /// <summary>The model at the newer opset, once it keeps ONNX's rules and ONNX Runtime has computed the same from it and from the old one.</summary>
    public static OnnxModel Same(TinyModel model, int to, params (string Name, Tensor Value)[] feeds) => Same(model.Build(), to, feeds);

    /// <summary>The same of a model that is built already.</summary>
    public static OnnxModel Same(OnnxModel old, int to, params (string Name, Tensor Value)[] feeds)
    {
        using var scope = NewDisposeScope();
        var newer = GraphEdits.WithOpset(old, to);
        ModelRules.Check(newer);
        Assert.Equal(to, newer.Proto.OpsetImport.Single(import => import.Domain.Length == 0).Version);
        var inputs = feeds.ToDictionary(feed => feed.Name, feed => feed.Value, StringComparer.Ordinal);
        var (expected, actual) = (Ort.Run(old.ToBytes(), inputs), Ort.Run(newer.ToBytes(), inputs));
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++) Compare.Close(expected[i], actual[i], 1e-6, 1e-6, $"opset {to}, output {i}");
        return newer;
    }

    /// <summary>What is said of a model that cannot be brought to an opset.</summary>
    public static string Refused(TinyModel model, int to) => Assert.Throws<InputException>(() => GraphEdits.WithOpset(model.Build(), to)).Message;

    /// <summary>The operators of the main graph, in order.</summary>
    public static string[] Operators(OnnxModel model) => [.. model.Proto.Graph.Node.Select(node => node.OpType)];
}

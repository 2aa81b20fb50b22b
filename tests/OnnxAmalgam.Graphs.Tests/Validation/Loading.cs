using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs.Tests.Files;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Graphs.Tests.Validation;

/// <summary>Loads models that are made in memory.</summary>
static class Loading
{
    public static OnnxModel Load(ModelProto model)
    {
        using var folder = new TempFolder();
        return OnnxModel.Load(folder.Write("m.onnx", model.ToByteArray()));
    }

    public static OnnxModel Load(GraphProto graph) => Load(TinyModel.Of(graph));

    /// <summary>Asserts that the model is refused with these messages, and only these, each after the model's name.</summary>
    public static void Refused(ModelProto model, params string[] messages)
    {
        using var folder = new TempFolder();
        var path = folder.Write("m.onnx", model.ToByteArray());
        var e = Assert.Throws<InvalidModelException>(() => OnnxModel.Load(path));
        Assert.Equal(messages.Select(m => $"'{path}'{(m.StartsWith(':') ? "" : ", ")}{m}"), e.Message.Split('\n'));
    }

    public static void Refused(GraphProto graph, params string[] messages) => Refused(TinyModel.Of(graph), messages);
}

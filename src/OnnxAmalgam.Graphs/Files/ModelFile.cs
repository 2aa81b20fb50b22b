using Google.Protobuf;
using Onnx;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>A parsed model file.</summary>
/// <param name="Proto">Its fields, with placeholders for large raw data.</param>
/// <param name="Weights">What the placeholders stand for.</param>
/// <param name="RoundTripNote">Why serialising the fields would give other bytes, or null.</param>
sealed record ModelFile(ModelProto Proto, WeightStore Weights, string? RoundTripNote)
{
    /// <summary>Parses a file without reading its large weights.</summary>
    /// <param name="path">Full path.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="InvalidModelException">It is no ONNX file, or a damaged one.</exception>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static ModelFile Read(string path, string name)
    {
        var file = PositionedFile.Open(path, $"'{name}'");
        if (file.Length == 0) throw new InvalidModelException($"'{name}' is not an ONNX file: expected a model, got an empty file");
        try
        {
            var skeleton = Deflation.Read(file);
            var proto = ModelProto.Parser.ParseFrom(skeleton.Bytes);
            if (proto.Graph is null) throw new WireFormatException("a message without a graph");
            return new ModelFile(proto, skeleton.Weights, RoundTrip.Note(name, proto, skeleton));
        }
        catch (Exception e) when (e is WireFormatException or InvalidProtocolBufferException)
        {
            throw new InvalidModelException(Explain(file, name, e), e);
        }
    }

    static string Explain(PositionedFile file, string name, Exception e)
    {
        var head = new byte[Math.Min(512, file.Length)];
        file.Read(0, head);
        if (ForeignFormat.Of(head) is { } format) return $"'{name}' is not an ONNX file: expected a model, got {format}";
        if (!ForeignFormat.StartsLikeModel(head)) return $"'{name}' is not an ONNX file: expected a model, got something else";
        return e switch
        {
            WireFormatException { MissingBytes: > 0 } cut =>
                $"'{name}': expected a whole ONNX file, got one that ends after {file.Length} bytes, at least {cut.MissingBytes} too early; copy or export it again",
            WireFormatException => $"'{name}': expected an ONNX model, got {e.Message}; copy or export it again",
            _ => $"'{name}': expected an ONNX model, got a damaged one ({e.Message.TrimEnd('.')}); copy or export it again",
        };
    }
}

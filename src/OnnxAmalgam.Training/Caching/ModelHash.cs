using System.Security.Cryptography;
using Onnx;
using OnnxAmalgam.Graphs;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Training.Caching;

/// <summary>SHA-256 of a model's file and of the files that hold its external weights.</summary>
static class ModelHash
{
    /// <summary>The hash, in hexadecimal.</summary>
    /// <exception cref="InputException">A file cannot be read.</exception>
    public static string Of(OnnxModel model)
    {
        string path = model.Path!, folder = Path.GetDirectoryName(path)!;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string[] others = [.. Tensors(model.Proto).Where(t => t.DataLocation == DataLocation.External)
            .SelectMany(t => t.ExternalData.Where(e => e.Key == "location").Select(e => e.Value)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        foreach (string file in (string[])[path, .. others.Select(o => Path.Combine(folder, o))])
        {
            hash.AppendData(OfFile(file));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    static byte[] OfFile(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return SHA256.HashData(stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"'{path}': expected a file that can be read, got: {e.Message}", e);
        }
    }

    /// <summary>Every tensor of the file, wherever it is.</summary>
    static IEnumerable<TensorProto> Tensors(ModelProto model) =>
        Tensors(model.Graph).Concat(model.Functions.SelectMany(f => f.Node).SelectMany(Tensors));

    static IEnumerable<TensorProto> Tensors(GraphProto graph) => graph.Initializer.Concat(graph.Node.SelectMany(Tensors));

    static IEnumerable<TensorProto> Tensors(NodeProto node) => node.Attribute.SelectMany(a =>
        (a.T is null ? [] : new[] { a.T }).Concat(a.Tensors).Concat((a.G is null ? [] : new[] { a.G }).Concat(a.Graphs).SelectMany(Tensors)));
}

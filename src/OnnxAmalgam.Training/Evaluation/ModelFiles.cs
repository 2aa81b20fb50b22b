using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Files;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>A file of external data.</summary>
/// <param name="Location">Path as the model states it, relative to its folder.</param>
/// <param name="Bytes">Its size.</param>
public sealed record ExternalFile(string Location, long Bytes);

/// <summary>The files that a model consists of.</summary>
public static class ModelFiles
{
    /// <summary>External data files, each once, in ordinal order.</summary>
    public static IReadOnlyList<ExternalFile> External(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Path is not { } path)
            return [];
        var folder = Path.GetDirectoryName(path)!;
        return [.. Tensors(model.Proto).SelectMany(t => t.ExternalData).Where(e => e.Key == "location").Select(e => e.Value)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(location => new ExternalFile(location, new FileInfo(Path.Combine(folder, location)).Length))];
    }

    /// <summary>Paths of the file and of its external data; none of a model made in memory.</summary>
    public static IReadOnlyList<string> Paths(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Path is { } path ? [path, .. External(model).Select(f => Path.Combine(Path.GetDirectoryName(path)!, f.Location))] : [];
    }

    /// <summary>Refuses to write over a model that is read.</summary>
    /// <exception cref="InputException">The file to write is the model's own, or holds its weights.</exception>
    public static void RefuseAsOutput(OnnxModel model, string output)
    {
        string target = RealPath.Of(output);
        if (Paths(model).FirstOrDefault(file => RealPath.Of(file) == target) is { } own)
            throw new InputException($"-o '{output}': expected another file than the model itself and its data, got '{own}'; choose another name");
    }

    /// <summary>Bytes of the file and its external data; 0 for a model made in memory.</summary>
    public static long TotalBytes(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Path is { } path ? new FileInfo(path).Length + External(model).Sum(f => f.Bytes) : 0;
    }

    static IEnumerable<TensorProto> Tensors(ModelProto model)
    {
        var open = new Stack<GraphProto>([model.Graph]);
        while (open.TryPop(out var graph))
        {
            foreach (var tensor in graph.Initializer.Concat(graph.Node.SelectMany(n => n.Attribute).SelectMany(a => a.T is { } t ? a.Tensors.Prepend(t) : a.Tensors)))
                yield return tensor;
            foreach (var body in graph.Node.SelectMany(Captures.Bodies))
                open.Push(body);
        }
    }
}

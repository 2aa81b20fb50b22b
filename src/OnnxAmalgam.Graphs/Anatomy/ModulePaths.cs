using OnnxAmalgam.Graphs.Metadata;
using Onnx;

namespace OnnxAmalgam.Graphs.Classifiers;

/// <summary>The module tree that exporters leave behind: torch's dynamo exporter in <c>pkg.torch.onnx.name_scopes</c>, its
/// TorchScript exporter in names such as <c>/layer3/layer3.0/conv1/Conv_output_0</c>, others in names with slashes.</summary>
internal sealed class ModulePaths
{
    const string Scopes = "pkg.torch.onnx.name_scopes";

    readonly List<(NodeProto Node, IReadOnlyList<string> Paths)> nodes;

    public ModulePaths(GraphView view) =>
        nodes = [.. view.Nodes.Select(node => (node, PathsOf(node)))];

    /// <summary>Every module path, each once.</summary>
    public IEnumerable<string> All => nodes.SelectMany(pair => pair.Paths).Distinct(StringComparer.Ordinal);

    /// <summary>The innermost module that makes each value, where the file tells.</summary>
    public IReadOnlyDictionary<string, string> ByValue => nodes.Where(pair => pair.Paths.Count > 0)
        .SelectMany(pair => pair.Node.Output.Where(value => value.Length > 0).Select(value => (value, Path: Innermost(pair.Paths))))
        .ToDictionary(pair => pair.value, pair => pair.Path, StringComparer.Ordinal);

    /// <summary>The last value that fits, of those the module makes.</summary>
    public string? LastValue(string path, Func<string, bool> fits) =>
        nodes.Where(pair => pair.Paths.Contains(path)).SelectMany(pair => pair.Node.Output).LastOrDefault(fits);

    static string Innermost(IReadOnlyList<string> paths) => paths.LastOrDefault(path => !path.Contains('/', StringComparison.Ordinal)) ?? paths[^1];

    static List<string> PathsOf(NodeProto node)
    {
        if (node.MetadataProps.FirstOrDefault(entry => entry.Key == Scopes) is { } entry)
            return PythonLiteral.Parse(entry.Value) is PythonList list
                // the last entry is the operator's own name
                ? [.. list.Items.SkipLast(1).OfType<PythonString>().Select(item => item.Value).Where(item => item.Length > 0)]
                : [];
        return FromName(node.Name.Contains('/', StringComparison.Ordinal) ? node.Name : node.Output.FirstOrDefault() ?? "");
    }

    /// <summary><c>/layer3/layer3.0/conv1/Conv</c> -> layer3, layer3.0, layer3.0.conv1; the path with slashes counts too.</summary>
    static List<string> FromName(string name)
    {
        var segments = name.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var paths = new List<string>();
        var modules = new List<string>();
        for (var i = 0; i < segments.Length - 1; i++)
        {
            // a child of a Sequential repeats its parent's name
            if (modules.Count > 0 && segments[i].StartsWith(modules[^1] + ".", StringComparison.Ordinal))
                modules[^1] = segments[i];
            else
                modules.Add(segments[i]);
            paths.Add(string.Join('.', modules));
            paths.Add(string.Join('/', segments[..(i + 1)]));
        }
        return [.. paths.Distinct(StringComparer.Ordinal)];
    }
}

using Google.Protobuf.Collections;
using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>The opsets that several models can have in common.</summary>
internal static class MergedOpsets
{
    /// <summary>The models at one opset of ONNX's own domain, the newest among them. Other domains that no node names are left out.</summary>
    /// <param name="models">Not changed.</param>
    /// <param name="imports">Gets the common imports.</param>
    /// <exception cref="InputException">A model cannot be brought there, or models use different versions of another domain.</exception>
    public static IEnumerable<OnnxModel> Bring(IReadOnlyList<OnnxModel> models, RepeatedField<OperatorSetIdProto> imports)
    {
        var used = models.Select(model => UsedBy(model.Proto).ToArray()).ToArray();
        foreach (var domain in used.SelectMany(all => all.Select(one => one.Domain)).Distinct(StringComparer.Ordinal))
        {
            var versions = used.Select(all => all.FirstOrDefault(one => one.Domain == domain)?.Version).ToArray();
            if (domain.Length > 0 && versions.OfType<long>().Distinct().Count() > 1)
                throw new InputException($"domain '{domain}': expected one version in all models, got {string.Join(", ", models.Zip(versions).Where(pair => pair.Second is not null).Select(pair => $"{pair.Second} in '{pair.First.Name}'"))}; export them alike");
            imports.Add(new OperatorSetIdProto { Domain = domain, Version = versions.Max()!.Value });
        }

        var target = imports.FirstOrDefault(import => import.Domain.Length == 0)?.Version;
        return models.Select(model => IsAt(model.Proto, target) ? model : GraphEdits.WithOpset(model, checked((int)target!.Value)));
    }

    static IEnumerable<OperatorSetIdProto> UsedBy(ModelProto model)
    {
        var named = Nodes(model.Graph.Node.Concat(model.Functions.SelectMany(function => function.Node))).Select(node => Canonical(node.Domain)).ToHashSet(StringComparer.Ordinal);
        return model.OpsetImport.Where(import => Canonical(import.Domain) is var domain && (domain.Length == 0 || named.Contains(domain))).Select(import => new OperatorSetIdProto { Domain = Canonical(import.Domain), Version = import.Version });
    }

    static bool IsAt(ModelProto model, long? target) =>
        model.OpsetImport.Concat(model.Functions.SelectMany(function => function.OpsetImport)).All(import => Canonical(import.Domain).Length > 0 || import.Version == target);

    static IEnumerable<NodeProto> Nodes(IEnumerable<NodeProto> nodes) =>
        nodes.SelectMany(node => Captures.Bodies(node).SelectMany(body => Nodes(body.Node)).Prepend(node));

    static string Canonical(string domain) => domain == "ai.onnx" ? "" : domain;
}

using Onnx;

namespace OnnxAmalgam.Graphs.Validation;

/// <summary>ONNX's rules for a model, as far as they can be checked without reading weights or knowing operators. Stricter than onnx's own
/// checker where a float classifier depends on it: data must have exactly the length of its shape, and attributes one value of their type.</summary>
static class ModelRules
{
    const int MaxSubgraphDepth = 32;
    const long NewestIrVersion = (long)Onnx.Version.IrVersion;
    const long NewestOpset = 27;

    /// <summary>Checks a model. Nodes out of topological order are put in order.</summary>
    /// <exception cref="InvalidModelException">A rule is broken.</exception>
    public static Findings Check(OnnxModel model)
    {
        var findings = new Findings(model.Name);
        var proto = model.Proto;
        Nesting(proto, findings);
        findings.ThrowIfAny();

        Versions(proto, findings);
        OpsetImports(proto.OpsetImport, "", findings);
        if (proto.OpsetImport.Count == 0 && proto.IrVersion >= 3) findings.Error("", "an opset_import, got none; is the file cut off?");

        var tensors = new TensorRules(model, findings);
        new GraphRules(findings, tensors, proto.IrVersion).CheckMain(proto.Graph);
        new FunctionRules(findings, tensors, proto.IrVersion).Check(proto);
        findings.ThrowIfAny();
        return findings;
    }

    static void Versions(ModelProto proto, Findings findings)
    {
        if (proto.IrVersion <= 0) findings.Error("", $"an ir_version of 1 or more, got {(proto.HasIrVersion ? proto.IrVersion : "none")}");
        if (proto.IrVersion > NewestIrVersion) findings.Note("", $"ir_version {proto.IrVersion} is newer than {NewestIrVersion}, the newest known here");
        foreach (var import in proto.OpsetImport)
            if (Domain(import.Domain).Length == 0 && import.Version > NewestOpset) findings.Note("", $"opset {import.Version} is newer than {NewestOpset}, the newest known here");
    }

    /// <summary>Each domain once, with a version that fits; <c>ai.onnx</c> is another name of the default domain.</summary>
    public static void OpsetImports(IEnumerable<OperatorSetIdProto> imports, string place, Findings findings)
    {
        foreach (var domain in imports.GroupBy(i => Domain(i.Domain)))
        {
            var versions = domain.Select(i => i.Version).ToList();
            if (versions.Count > 1) findings.Error(place, $"one opset_import of domain '{domain.Key}', got versions {string.Join(", ", versions)}");
            if (versions.Any(v => v is < 1 or > int.MaxValue)) findings.Error(place, $"an opset version of 1 or more for domain '{domain.Key}', got {versions[0]}");
        }
    }

    /// <summary>A domain as it is compared.</summary>
    public static string Domain(string domain) => domain == "ai.onnx" ? "" : domain;

    static void Nesting(ModelProto proto, Findings findings)
    {
        var deepest = Math.Max(Depth(proto.Graph.Node), proto.Functions.Select(f => Depth(f.Node)).DefaultIfEmpty().Max());
        if (deepest > MaxSubgraphDepth) findings.Error("", $"at most {MaxSubgraphDepth} graphs nested in each other, got {deepest}");
    }

    // The parser has bounded the nesting at 100 messages, so this recursion is bounded, too.
    static int Depth(IEnumerable<NodeProto> nodes)
    {
        var deepest = 0;
        foreach (var body in nodes.SelectMany(n => n.Attribute).SelectMany(Bodies)) deepest = Math.Max(deepest, 1 + Depth(body.Node));
        return deepest;
    }

    /// <summary>The graphs that an attribute holds.</summary>
    public static IEnumerable<GraphProto> Bodies(AttributeProto attribute) => attribute.G is null ? attribute.Graphs : attribute.Graphs.Prepend(attribute.G);
}

using Onnx;

namespace OnnxAmalgam.Graphs.Validation;

/// <summary>Rules of model-local functions: an identity of their own, a body that sees only its inputs, and no call of itself.</summary>
sealed class FunctionRules(Findings findings, TensorRules tensors, long irVersion)
{
    const int MaxFunctions = 10_000, MaxCallDepth = 100, TooDeep = MaxCallDepth + 1;
    const long MostNodes = 1_000_000;

    readonly GraphRules graphs = new(findings, tensors, irVersion);

    /// <summary>Checks a model's functions.</summary>
    public void Check(ModelProto model)
    {
        if (model.Functions.Count > MaxFunctions)
        {
            findings.Error("", $"at most {MaxFunctions} functions, got {model.Functions.Count}");
            return;
        }
        var byId = new Dictionary<(string, string, string), FunctionProto>();
        foreach (var function in model.Functions)
        {
            var place = $"function {Place.Quote(function.Name)}";
            if (function.Name.Length == 0) findings.Error(place, "a name, got none");
            if (!byId.TryAdd(Id(function.Domain, function.Name, function.Overload), function))
                findings.Error(place, $"one function of this name in domain '{function.Domain}', got two");
            ModelRules.OpsetImports(function.OpsetImport, place, findings);
            Body(function, place);
        }
        if (Calls(byId))
            Sizes(model, byId);
    }

    /// <summary>Counts the nodes that a model has once each call is replaced by what it calls.</summary>
    void Sizes(ModelProto model, Dictionary<(string, string, string), FunctionProto> byId)
    {
        var sizes = new Dictionary<(string, string, string), long>();
        var whole = Sum(model.Graph.Node);
        if (whole > MostNodes)
            findings.Error("", $"at most {MostNodes} nodes with its functions in place of their calls, got more");

        long Sum(IEnumerable<NodeProto> nodes) => Called(nodes).Aggregate(0L, (sum, called) => Math.Min(MostNodes + 1, sum + Size(called)));

        long Size((string, string, string) id)
        {
            if (!byId.TryGetValue(id, out var function)) return 1;
            if (!sizes.TryGetValue(id, out var known)) sizes.Add(id, known = Sum(function.Node));
            return known;
        }
    }

    void Body(FunctionProto function, string place)
    {
        var scope = new Scope(null);
        foreach (var input in function.Input)
            if (!scope.Define(input)) findings.Error(place, $"each input once, got {Place.Quote(input)} twice");
        graphs.CheckNodes(function.Node, scope, $"{place}, ", mayReference: true);
        foreach (var output in function.Output)
            if (!scope.Owns(output)) findings.Error($"{place}, output {Place.Quote(output)}", "a value of this function, got a name that it does not define");
        var attributes = function.Attribute.Concat(function.AttributeProto.Select(a => a.Name));
        foreach (var name in attributes.GroupBy(a => a).Where(g => g.Count() > 1)) findings.Error(place, $"each attribute once, got {Place.Quote(name.Key)} twice");
    }

    /// <summary>Measures how deep calls nest; a function that reaches itself nests without end. Whether they come to an end.</summary>
    bool Calls(Dictionary<(string, string, string), FunctionProto> byId)
    {
        var depths = new Dictionary<(string, string, string), int>();
        foreach (var (id, function) in byId)
        {
            if (Depth(id, 0) <= MaxCallDepth) continue;
            findings.Error($"function {Place.Quote(function.Name)}", $"calls that nest at most {MaxCallDepth} deep, got more; does it call itself?");
            return false;
        }

        return true;

        int Depth((string, string, string) id, int above)
        {
            if (above > MaxCallDepth) return TooDeep;
            if (depths.TryGetValue(id, out var known)) return known;
            // Whoever comes back here before the depth is known goes round in a circle.
            depths[id] = TooDeep;
            var deepest = 0;
            foreach (var called in Called(byId[id].Node).Distinct().Where(byId.ContainsKey)) deepest = Math.Max(deepest, 1 + Depth(called, above + 1));
            return depths[id] = deepest;
        }
    }

    static IEnumerable<(string, string, string)> Called(IEnumerable<NodeProto> nodes) =>
        nodes.SelectMany(n => n.Attribute.SelectMany(ModelRules.Bodies).SelectMany(g => Called(g.Node)).Prepend(Id(n.Domain, n.OpType, n.Overload)));

    static (string, string, string) Id(string domain, string name, string overload) => (ModelRules.Domain(domain), name, overload);
}

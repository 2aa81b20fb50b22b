using Onnx;

namespace OnnxAmalgam.Graphs.Classifiers;

/// <summary>Walks back from a classifier's outputs over what turns scores into probabilities, labels or maps.</summary>
internal sealed class LogitsWalk(ClassifierGraph graph)
{
    static readonly string[] Squashing = ["Softmax", "LogSoftmax", "Sigmoid", "HardSigmoid", "Hardmax"];
    static readonly string[] Choosing = ["ArgMax", "TopK"];
    static readonly string[] Passing = ["Identity", "Cast", "Dropout", "Squeeze", "Unsqueeze", "Flatten", "Reshape", "Transpose"];
    static readonly string[] Classical = ["LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier"];

    public LogitsOutput Find(string? requested)
    {
        if (requested is not null)
            return Requested(requested);
        // a label is chosen from the same scores that another output gives, perhaps normalised
        var found = graph.View.Outputs.Select(Walk).OfType<LogitsOutput>().GroupBy(one => Origin(one.Value), StringComparer.Ordinal)
            .Select(same => same.FirstOrDefault(one => graph.View.Producer(one.Value)?.OpType == "Normalizer") ?? same.First()).ToArray();
        if (found.Length > 1)
            found = Narrowed(found);
        if (found is [var only])
            return only;
        var outputs = string.Join(", ", graph.View.Outputs.Select(name => $"'{name}' ({graph.Fact(name)?.ToString() ?? "no tensor"})"));
        throw new InputException(
            $"'{graph.Model.Name}': expected one output with class scores, got {outputs}; name it with 'logits:' (see: onnx-amalgam inspect {ShellWord.Of(graph.Model.Name)})");
    }

    string Origin(string value)
    {
        while (graph.View.Producer(value) is { OpType: "Identity" or "Cast" or "Normalizer" } node)
            value = node.Input[0];
        return value;
    }

    /// <summary>Several candidates: those of rank 2, then those a head makes, then those whose name says it.</summary>
    LogitsOutput[] Narrowed(LogitsOutput[] found)
    {
        foreach (var fits in new Func<LogitsOutput, bool>[]
        {
            one => graph.Rank(one.Value) == 2,
            one => one.Value.Contains("logit", StringComparison.OrdinalIgnoreCase),
            one => one.Note is not null,
            one => HeadParts.MakerOf(graph, one.Value) is not null,
        })
        {
            var kept = Array.FindAll(found, one => fits(one));
            if (kept.Length == 1)
                return kept;
            found = kept.Length > 0 ? kept : found;
        }
        return found;
    }

    LogitsOutput Requested(string name)
    {
        if (!graph.View.Contains(name))
            throw new InputException($"logits '{name}' does not exist in '{graph.Model.Name}'{NearestName.Hint(name, graph.Facts.Keys)} (see: onnx-amalgam inspect {ShellWord.Of(graph.Model.Name)})");
        if (!graph.DependsOnImage(name))
            throw new InputException($"logits '{name}' in '{graph.Model.Name}': expected a value that depends on the image input '{graph.Image.Name}', got one that does not; name the classifier's output");
        var maker = graph.View.Producer(name);
        while (maker is not null && Passing.Contains(maker.OpType))
            maker = graph.View.Producer(maker.Input[0]);
        var squashed = maker?.OpType is "Softmax" or "Sigmoid" or "HardSigmoid" || (maker is not null && Classical.Contains(maker.OpType));
        return new LogitsOutput(name, squashed, Width(name), null);
    }

    LogitsOutput? Walk(string output)
    {
        var value = output;
        var scores = output;
        var probability = false;
        var skipped = new List<string>();
        while (graph.View.Producer(value) is { } node)
        {
            if (Classical.Contains(node.OpType))
            {
                if (value == node.Output[0] && node.Output.Count > 1)
                    (scores, probability) = (node.Output[1], true);
                else
                    probability |= skipped.Count > 0 || node.String("post_transform", "NONE") != "NONE";
                break;
            }
            if (Previous(node) is not { } next)
                break;
            if (!Passing.Contains(node.OpType))
            {
                skipped.Add(node.OpType);
                // what a ZipMap or Normalizer reads is already squashed, unless a softmax follows further back
                probability = node.OpType is "ZipMap" or "Normalizer" || (probability && !Squashing.Contains(node.OpType) && node.OpType != "Div");
                scores = node.OpType is "Normalizer" ? scores : next;
            }
            value = next;
        }
        if (!graph.DependsOnImage(scores) || graph.Fact(scores) is not null and not { Rank: null or >= 1 } || !(graph.IsFloat(scores) || graph.Fact(scores) is null) || IsMap(scores))
            return null;
        return new LogitsOutput(scores, probability, Width(scores), Note(skipped, probability));
    }

    string? Previous(NodeProto node) => node.OpType switch
    {
        "ArrayFeatureExtractor" => node.InputOrNull(1),
        "LabelEncoder" or "ZipMap" or "Normalizer" => node.InputOrNull(0),
        "Div" => Softmax(node),
        var type when Squashing.Contains(type) || Choosing.Contains(type) || Passing.Contains(type) => node.InputOrNull(0),
        _ => null,
    };

    /// <summary>The scores of a softmax written out: Div(Exp(x), ReduceSum(Exp(x))), x perhaps less its maximum.</summary>
    string? Softmax(NodeProto division)
    {
        if (graph.View.Producer(division.Input[0]) is not { OpType: "Exp" } exp
            || graph.View.Producer(division.Input[1]) is not { OpType: "ReduceSum" } sum || sum.Input[0] != division.Input[0])
            return null;
        return graph.View.Producer(exp.Input[0]) is { OpType: "Sub" } shift && graph.View.Producer(shift.Input[1]) is { OpType: "ReduceMax" } largest && largest.Input[0] == shift.Input[0]
            ? shift.Input[0]
            : exp.Input[0];
    }

    /// <summary>Features with height and width, which no scores of an image have.</summary>
    bool IsMap(string value) => graph.Rank(value) == 4 && Enumerable.Range(1, 3).Count(axis => graph.Size(value, axis) is > 1) > 1;

    int? Width(string value) => graph.Rank(value) switch
    {
        null => null,
        1 => graph.Size(value, 0),
        4 when graph.Size(value, 3) == 1 => graph.Size(value, 1),
        4 when IsMap(value) => null,
        var rank => graph.Size(value, rank.Value - 1),
    };

    static string? Note(List<string> skipped, bool probability)
    {
        if (skipped.Count == 0)
            return probability ? "only probabilities are offered: their logarithm is used" : null;
        var list = string.Join(", ", Enumerable.Reverse(skipped).Distinct());
        return probability ? $"read before {list}; only probabilities are offered: their logarithm is used" : $"read before {list}";
    }
}

using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Cli.Inspection;

/// <summary>Looks at a model without running it: neither libtorch nor ONNX Runtime is loaded.</summary>
internal sealed class Inspector
{
    readonly OnnxModel model;
    readonly IReadOnlyDictionary<string, ValueFact> facts;

    Inspector(OnnxModel model)
    {
        this.model = model;
        facts = Facts.Infer(model);
    }

    /// <summary>Loads a file and looks at it.</summary>
    /// <exception cref="InputException">It cannot be read, or is no valid ONNX file.</exception>
    public static InspectionReport Inspect(string path) => new Inspector(OnnxModel.Load(path)).Report();

    InspectionReport Report()
    {
        var graph = model.Proto.Graph;
        var preprocessing = Preprocessing();
        var costs = Costs.Of(model, preprocessing.Input?.Height);
        var (auto, autoProblem) = InputException.Attempt(() => Anatomy.AutoTap(model));
        var unsupported = TrainingSupport.Missing(model);
        return new InspectionReport
        {
            Model = model.Name,
            Producer = $"{model.Proto.ProducerName} {model.Proto.ProducerVersion}".Trim(),
            IrVersion = model.Proto.IrVersion,
            Opsets = [.. model.Proto.OpsetImport.Select(o => new OpsetFinding(o.Domain, o.Version))],
            Inputs = [.. new GraphView(graph).Inputs.Select(i => Value(i.Name))],
            Outputs = [.. graph.Output.Select(o => Value(o.Name))],
            Parameters = costs.Parameters,
            Macs = costs.Macs,
            FileBytes = new FileInfo(model.Path!).Length,
            ExternalFiles = [.. ModelFiles.External(model).Select(f => new ExternalFileFinding(f.Location, f.Bytes))],
            Operators = [.. graph.Node.GroupBy(QualifiedName, StringComparer.Ordinal).Select(g => new OperatorFinding(g.Key, g.Count()))
                .OrderByDescending(o => o.Count).ThenBy(o => o.Name, StringComparer.Ordinal)],
            Convolutions = Convolutions(),
            Logits = Logits(),
            Head = InputException.Attempt(() => Anatomy.Head(model)).Found is { } head
                ? new HeadFinding(head.Node.Name, head.Node.OpType, head.Feature, head.Features, head.Classes)
                : null,
            Labels = new LabelsFinding(ModelMetadata.Labels(model), ModelMetadata.LabelsSource(model)),
            Preprocessing = preprocessing,
            Taps = Taps(auto),
            AutoTapProblem = autoProblem,
            Trainable = new TrainableFinding(unsupported.Count == 0, UnsupportedModelException.Sentences(unsupported)),
            Notes = ModelNotes.Of(model),
        };
    }

    ConvolutionsFinding? Convolutions()
    {
        var all = Anatomy.Convolutions(model);
        return all.Count == 0 ? null : new ConvolutionsFinding(
            all.Count,
            all.Count(c => c.IsBare),
            all.Count(c => c is { Normalisation: null, IsLinearLayer: true }),
            [.. all.Where(c => c.Normalisation is not null).GroupBy(c => c.Normalisation!, StringComparer.Ordinal).Select(g => new OperatorFinding(g.Key, g.Count()))
                .OrderByDescending(o => o.Count).ThenBy(o => o.Name, StringComparer.Ordinal)]);
    }

    LogitsFinding Logits()
    {
        var (found, problem) = InputException.Attempt(() => Anatomy.Logits(model));
        return new LogitsFinding(found?.Value, found?.IsProbability ?? false, found?.Classes, found?.Note, problem);
    }

    PreprocessingFinding Preprocessing()
    {
        var (stated, refusal) = InputException.Attempt(() => ModelMetadata.Input(model));
        if (stated is not null || refusal is not null)
            return new PreprocessingFinding(stated, stated is null ? null : ModelMetadata.InputSource(model), refusal);
        var (input, problem) = InputException.Attempt(() => ModelMetadata.FromGraph(model));
        return new PreprocessingFinding(input, input is null ? null : "graph", problem);
    }

    List<TapFinding> Taps(Tap? auto)
    {
        var (taps, _) = InputException.Attempt(() => Anatomy.Taps(model));
        var (image, _) = InputException.Attempt(() => Anatomy.ImageInput(model));
        var paths = Anatomy.ModulePaths(model);
        return [.. (taps ?? []).Select(t => new TapFinding(
            t.Value, Shape(t.Value)!, Stride(image, t), t.Kind, t.Channels, t.ChannelAxis, paths.GetValueOrDefault(t.Value), t.Dominates, t.Value == auto?.Value))];
    }

    /// <summary>How many input rows one row of a spatial tap stands for.</summary>
    double? Stride(ValueInfoProto? image, Tap tap)
    {
        if (tap.Kind != TapKind.Spatial || image is null || facts[image.Name].Shape is not { Count: 4 } input)
            return null;
        var rows = facts[tap.Value].Shape![tap.ChannelAxis == 3 ? 1 : 2].Size;
        var height = input[3].Size is 1 or 3 && input[1].Size is not (1 or 3) ? input[1].Size : input[2].Size;
        return rows is > 0 && height is { } all ? (double)all / rows.Value : null;
    }

    ValueFinding Value(string name) =>
        new(name, facts.TryGetValue(name, out var fact) ? ElementTypes.Name(fact.Type) : "no tensor", Shape(name));

    string[]? Shape(string name) => facts.GetValueOrDefault(name)?.Shape?.Select(d => d.ToString()).ToArray();

    static string QualifiedName(NodeProto node) => node.Domain is "" or "ai.onnx" ? node.OpType : $"{node.Domain}.{node.OpType}";
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Evaluation;
using static TorchSharp.torch;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxAmalgam.Cli.Checks;

/// <summary>Whether the trainable graph computes what ONNX Runtime computes, before training and after, from the same file and from the one written back.</summary>
internal sealed class ModelCheck(CheckOptions options)
{
    const int Batch = CheckOptions.Batch;
    readonly HashSet<string> unknown = [.. options.Shapes.Select(r => r.Name)];

    /// <summary>What <c>--shape</c> names and no model has had so far.</summary>
    public IReadOnlyCollection<string> UnknownShapes => unknown;

    /// <summary>Checks one model. Whatever goes wrong with it is in the row.</summary>
    public CheckResult Run(CheckJob job)
    {
        try
        {
            var model = OnnxModel.Load(job.File);
            unknown.ExceptWith(ModelFeed.Names(model));
            var start = new CheckResult { Model = job.Name, Status = CheckStatus.Pass, Parameters = Costs.Of(model).Parameters };
            try
            {
                return Run(job, model, start);
            }
            catch (UnsupportedModelException e)
            {
                return start with { Status = CheckStatus.Unsupported, Unsupported = Named(e.Nodes), Message = e.Message };
            }
            catch (InputException e) when (e is not InvalidModelException)
            {
                return start with { Status = CheckStatus.Fail, Message = e.Message };
            }
        }
        catch (InputException e)
        {
            return new CheckResult { Model = job.Name, Status = CheckStatus.Invalid, Message = e.Message };
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return new CheckResult { Model = job.Name, Status = CheckStatus.Fail, Message = $"{e.GetType().Name}: {e.Message}" };
        }
    }

    CheckResult Run(CheckJob job, OnnxModel model, CheckResult result)
    {
        using var scope = NewDisposeScope();
        RequireTensors(model);
        using var graph = new TrainableGraph(model);
        var tolerance = new Tolerance(IsNarrow(model) ? 1e-2 : 1e-4);
        var (evaluated, note) = EvaluationForm(model, graph);
        var cases = Cases(job, model, useExpected: note is null);
        var trains = options.Steps > 0 && graph.Initializers.Count > 0;
        using var session = new LazySession(() => new PlainSession(evaluated, SessionOptions));
        result = Forward(model, graph, session, cases, tolerance, result with { Message = note });
        return trains && result.Status == CheckStatus.Pass ? AfterTraining(model, graph, cases[0].Inputs, tolerance, result) : result;
    }

    /// <summary>ONNX Runtime would train where a file says so; here a file is compared in the form in which it is deployed.</summary>
    static (OnnxModel Model, string? Note) EvaluationForm(OnnxModel model, TrainableGraph graph)
    {
        var written = graph.WriteBack();
        return written.Proto.Graph.Node.Equals(model.Proto.Graph.Node)
            ? (model, null)
            : (written, "the file's nodes are in training form: compared in evaluation form");
    }

    static CheckResult Forward(OnnxModel model, TrainableGraph graph, LazySession session, IReadOnlyList<CheckCase> cases, Tolerance tolerance, CheckResult result)
    {
        foreach (var one in cases)
        {
            using var feed = new TorchFeed(one.Inputs, graph);
            IReadOnlyList<string> names = one.Expected is null ? [.. session.Value.Outputs.Select(o => o.Name)] : graph.OutputNames;
            var got = feed.Evaluate(graph, names);
            var reference = (one.Expected ?? Execute(session.Value, one.Inputs)).Select(Values.Of).ToArray();
            var verdict = tolerance.Judge(names, got, reference, new DoubleRun(model, one.Inputs, names));
            if (!verdict.Passes && one.Expected is not null && TrainingSupport.Disputed(model) is { Count: > 0 } disputed && AgreesWithRuntime(session.Value, one, names, got, tolerance, model))
                return result with { MaxDifference = verdict.Value, Status = CheckStatus.Unsupported, Unsupported = Named(disputed), Message = $"{verdict.Message}; ONNX Runtime computes what the trainable graph computes: {string.Join("; ", Named(disputed))}" };
            result = result with { MaxDifference = Larger(result.MaxDifference, verdict.Value), Status = verdict.Passes ? result.Status : CheckStatus.Fail, Message = verdict.Message ?? result.Message };
        }
        return result;
    }

    /// <summary>Whether ONNX Runtime, which students are deployed in, gives what the trainable graph gives.</summary>
    static bool AgreesWithRuntime(PlainSession session, CheckCase one, IReadOnlyList<string> names, IReadOnlyList<Values> got, Tolerance tolerance, OnnxModel model) =>
        names.SequenceEqual(session.Outputs.Select(o => o.Name))
        && tolerance.Judge(names, got, [.. Execute(session, one.Inputs).Select(Values.Of)], new DoubleRun(model, one.Inputs, names)).Passes;

    CheckResult AfterTraining(OnnxModel model, TrainableGraph graph, IReadOnlyDictionary<string, TensorData> inputs, Tolerance tolerance, CheckResult result)
    {
        using var feed = new TorchFeed(inputs, graph);
        if (Train(model, graph, feed) is not { } losses)
            return result;
        result = result with { LossBefore = Finite(losses.Before), LossAfter = Finite(losses.After) };
        using var written = new WrittenModel(graph);
        using var session = new PlainSession(written.Model, SessionOptions);
        string[] names = [.. session.Outputs.Select(o => o.Name)];
        var trained = feed.Evaluate(graph, names);
        var reference = Execute(session, inputs).Select(Values.Of).ToArray();
        var verdict = tolerance.Judge(names, trained, reference, new DoubleRun(written.Model, inputs, names));
        result = result with
        {
            MaxDifferenceAfterTraining = verdict.Value,
            Status = verdict.Passes ? result.Status : CheckStatus.Fail,
            Message = verdict.Message is { } message ? $"after training: {message}" : result.Message,
        };
        return losses.After < losses.Before
            ? result
            : result with { Status = CheckStatus.Fail, Message = FormattableString.Invariant($"expected training to lower the loss, got {losses.After:G6} after {losses.Before:G6}") };
    }

    (double Before, double After)? Train(OnnxModel model, TrainableGraph graph, TorchFeed feed)
    {
        manual_seed(options.Seed);
        if (Dropout.Without(model) is not { } plain)
            return new TrainingProbe(graph, feed.Tensors, options.Seed).Run(options.Steps);
        using var probe = new TrainableGraph(plain);
        var losses = new TrainingProbe(probe, feed.Tensors, options.Seed).Run(options.Steps);
        using var guard = no_grad();
        foreach (var (name, value) in probe.Initializers)
            graph.Initializers[name].copy_(value);
        foreach (var (name, value) in probe.Statistics)
            graph.Statistics[name].copy_(value);
        return losses;
    }

    IReadOnlyList<CheckCase> Cases(CheckJob job, OnnxModel model, bool useExpected)
    {
        if (job.DataSets.Count > 0)
            return [.. job.DataSets.Select(set => CheckCase.Read(set, model)).Select(c => useExpected ? c : c with { Expected = null })];
        var shapes = ModelFeed.Shapes(model, Batch, ModelFeed.Meant(model, options.Shapes), freeSize: 1);
        var noise = ModelFeed.Noise(model, shapes, options.Seed);
        return [new CheckCase(options.Images is { } folder ? ImageFeed.Over(noise, model, folder) : noise, null)];
    }

    static string[] Named(IEnumerable<UnsupportedNode> nodes) => [.. nodes.Select(n => $"node '{n.Node}' ({n.Operator}): {n.Reason}")];

    FrozenModelOptions SessionOptions => new() { Optimise = false, Threads = options.Threads };

    /// <summary>Texts, sequences and optional values are valid ONNX and no tensors of numbers.</summary>
    static void RequireTensors(OnnxModel model)
    {
        var graph = model.Proto.Graph;
        var others = graph.Input.Select(v => (Role: "input", Value: v)).Concat(graph.Output.Select(v => (Role: "output", Value: v)))
            .Where(v => v.Value.Type?.TensorType is not { } type || (DataType)type.ElemType == DataType.String)
            .Select(v => new UnsupportedNode(v.Value.Name, v.Role, "expected a tensor of numbers")).ToArray();
        if (others.Length > 0 && TrainingSupport.Missing(model).Count == 0)
            throw new UnsupportedModelException($"'{model.Name}': expected tensors of numbers for {string.Join(", ", others.Select(o => $"{o.Operator} '{o.Node}'"))}", others);
    }

    static IReadOnlyList<TensorData> Execute(PlainSession session, IReadOnlyDictionary<string, TensorData> inputs)
    {
        using var run = session.Prepare(inputs);
        return run.Read();
    }

    /// <summary>Null for what neither JSON nor a reader has a number for.</summary>
    static double? Finite(double value) => double.IsFinite(value) ? value : null;

    static double? Larger(double? a, double? b) => a is null || b > a ? b : a;

    static bool IsNarrow(OnnxModel model) =>
        model.Proto.Graph.Initializer.Select(t => (DataType)t.DataType)
            .Concat(model.Proto.Graph.Input.Concat(model.Proto.Graph.Output).Select(v => (DataType)(v.Type?.TensorType?.ElemType ?? 0)))
            .Any(t => t is DataType.Float16 or DataType.Bfloat16);
}

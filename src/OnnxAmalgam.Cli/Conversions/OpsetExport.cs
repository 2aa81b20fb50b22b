using OnnxAmalgam.Cli.Checks;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Cli.Conversions;

/// <summary>What a model was brought from, and how far ONNX Runtime's results of both lie apart.</summary>
internal sealed record OpsetReport(long From, double MaxDifference);

/// <summary>Any model at a newer opset, written once ONNX Runtime has computed the same from it and from the old one.</summary>
internal static class OpsetExport
{
    const int Batch = 2;

    /// <summary>Largest difference that passes: both run in the same runtime, in the same types.</summary>
    const double Most = 1e-4;

    /// <exception cref="InputException">The model cannot be read, brought to the opset or run, or the file to write is the model itself.</exception>
    /// <exception cref="CheckFailedException">The results differ; nothing is written.</exception>
    public static OpsetReport Write(string path, string output, int opset, IReadOnlyList<ShapeRequest> shapes, ComputeOptions compute, long seed)
    {
        var model = OnnxModel.Load(path);
        ModelFiles.RefuseAsOutput(model, output);
        var newer = GraphEdits.WithOpset(model, opset);
        var feed = ModelFeed.Noise(model, ModelFeed.Shapes(model, Batch, shapes, freeSize: 1), seed);
        var options = new FrozenModelOptions { Device = compute.Device, Threads = compute.Threads, Optimise = false };
        var (names, expected) = Results(model, feed, options);
        var difference = Difference.Between(names, Results(newer, feed, options).Values, expected);
        if (!(difference.Value <= Most))
            throw new CheckFailedException(FormattableString.Invariant($"'{output}': expected ONNX Runtime to compute the same at opset {opset} within {Most:g}, got a difference of {difference.Value:g3} at {difference.Where}; nothing was written"));
        newer.Save(output);
        return new OpsetReport(model.Proto.OpsetImport.First(import => import.Domain is "" or "ai.onnx").Version, difference.Value);
    }

    static (IReadOnlyList<string> Names, IReadOnlyList<Values> Values) Results(OnnxModel model, IReadOnlyDictionary<string, TensorData> feed, FrozenModelOptions options)
    {
        using var session = new PlainSession(model, options);
        using var run = session.Prepare(feed);
        return ([.. session.Outputs.Select(output => output.Name)], [.. run.Read().Select(Values.Of)]);
    }
}

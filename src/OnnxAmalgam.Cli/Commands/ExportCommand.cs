using System.CommandLine;
using System.Globalization;
using OnnxAmalgam.Cli.Conversions;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Files;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Export;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>export</c>: the deployable model of a run, verified before it gets its name; or any model, brought to a newer opset.</summary>
internal sealed class ExportCommand : ProgramCommand
{
    readonly Argument<string> source = new("RUN-or-MODEL")
    {
        Description = "A run folder. Its selected weights are exported: the best epoch on the validation part, or the last (train.select). "
            + "Of an unfinished run: the best epoch so far, or the last checkpoint; that is said. Or, with --opset, any .onnx file",
    };

    readonly Option<string> output = new("--output", "-o") { Description = "The .onnx file to write; replaced atomically, refused where it is one of the run's inputs", HelpName = "FILE", Required = true };

    readonly Option<bool> fold = new("--fold") { Description = "Fold each BatchNormalization that directly follows a convolution into its weights: the same function, fewer operators" };

    readonly Option<int?> opset = WholeNumberOption.Maybe(
        "--opset",
        $"Bring the model to this newer opset, up to {GraphEdits.NewestOpset}; refused, with the nodes' names, where one has no equal there (docs/export.md)",
        least: GraphEdits.OldestOpset);

    readonly Option<bool> embed = new("--embed-preprocessing")
    {
        Description = "Put scale, mean, std, colour order and layout into the file: its input then takes bytes [batch, height, width, channels], red first, at the student's size",
    };

    readonly Option<string> precision = new("--precision")
    {
        Description = "fp16: convolutions and matrix products in half precision, input and output as before; half the size. Faster on GPUs, seldom on processors. "
            + "int8: in 8-bit integers; a third to two thirds of the size, mostly faster on processors, at some cost in accuracy (--max-drop). Both are timed beside fp32",
        HelpName = "fp32|fp16|int8",
        DefaultValueFactory = _ => "fp32",
    };

    readonly Option<double> maxDrop = NumberOption.Of("--max-drop", "With int8: the accuracy on the validation part that it may cost (where an image has no label, the share of decisions that may change); beyond, nothing is written", new QuantisationOptions().MaxDrop, most: 1);

    readonly Option<string[]> keep = new("--keep") { Description = "With int8: a convolution or matrix product that stays in floats, by its node's name; may be given several times", HelpName = "NODE" };

    readonly Option<string?> csv = new("--csv") { Description = "With int8: write what each layer alone costs as CSV, the costliest first; - is stdout", HelpName = "FILE" };

    readonly Option<string[]> shape = ShapeOption.Create();

    public ExportCommand()
        : base(
            "export",
            "Writes a run's student as one ONNX file, once ONNX Runtime agrees with the trained graph on 256 images; or a model at a newer opset, once ONNX Runtime computes the same from both",
            "onnx-amalgam export runs/digits-and-clothes -o student.onnx --opset 21")
    {
        Add(source);
        Add(output);
        Add(fold);
        Add(opset);
        Add(embed);
        precision.Validators.Add(asked =>
        {
            if (asked.Tokens is [{ Value: not ("fp32" or "fp16" or "int8") } other])
                asked.AddError($"--precision: expected fp32, fp16 or int8, got '{other.Value}'");
        });
        Add(precision);
        Add(maxDrop);
        Add(keep);
        Add(csv);
        Add(shape);
    }

    public override int Run(ParseResult result, Session session)
    {
        if (result.GetValue(opset) is > GraphEdits.NewestOpset and var asked)
            throw new UsageException($"--opset: expected {GraphEdits.OldestOpset} to {GraphEdits.NewestOpset}, got {asked}");
        var facts = File.Exists(result.GetRequiredValue(source)) ? ExportModel(result, session) : ExportRun(result, session);
        if (result.GetValue(csv) != "-")
            facts.WriteTo(session.Terminal);
        return ExitCode.Done;
    }

    FactList ExportRun(ParseResult result, Session session)
    {
        if (result.GetResult(shape) is { Implicit: false })
            throw new UsageException("--shape: expected a model to go with it, got a run, whose images have their size");
        foreach (Option option in (Option[])[maxDrop, keep, csv])
        {
            if (!IsInteger(result) && result.GetResult(option) is { Implicit: false })
                throw new UsageException($"{option.Name}: expected --precision int8 to go with it");
        }

        if (result.GetValue(csv) is { } table && table != "-" && RealPath.Of(table) == RealPath.Of(result.GetRequiredValue(output)))
            throw new UsageException($"--csv: expected another file than --output, got '{table}' for both");

        var folder = RunFolder.Read(result.GetRequiredValue(source));
        var file = ModelTarget.Of(result.GetRequiredValue(output));
        var recipe = RecipeReader.Read(folder.Recipe);
        var compute = Compute.OpenTorch(session);
        using var setup = AmalgamationSetup.Open(recipe, compute, session.Warn, session.Detail);
        var report = RunExport.Write(setup, folder, file, new ExportOptions { Fold = result.GetValue(fold), Opset = result.GetValue(opset), HalfPrecision = IsHalf(result), Quantisation = Quantisation(result, session), EmbedPreprocessing = result.GetValue(embed) });
        if (!report.IsFinished)
            session.Warn($"this run is unfinished: {report.Epochs} of {report.EpochsInAll} epochs are behind these weights; go on with: onnx-amalgam train --resume -o {ShellWord.Of(folder.Path)}");

        var facts = new FactList();
        facts.Add("file", file);
        facts.Add("labels", setup.Union.Labels.Count.ToString(CultureInfo.InvariantCulture));
        facts.Add("weights", string.Create(CultureInfo.InvariantCulture, $"{(report.IsBest ? "best on the validation part" : "last")}, after epoch {report.Epochs} of {report.EpochsInAll}"));
        if (report.Folding is { } folding)
        {
            facts.Add("folded", string.Create(CultureInfo.InvariantCulture, $"{folding.Folded.Count} BatchNormalization into the convolutions before them"));
            foreach (var kept in folding.Kept)
                session.Warn($"not folded: '{kept.Node}', because {kept.Reason}");
        }

        if (result.GetValue(opset) is { } raised)
            facts.Add("opset", raised.ToString(CultureInfo.InvariantCulture));
        if (IsHalf(result) || IsInteger(result))
            facts.Add("precision", Coarser(result.GetValue(precision)!, report, compute, folder.Student, file, setup));
        if (report.Quantisation is { } cost)
            facts.Add("cost", Cost(cost));
        if (result.GetValue(embed))
            facts.Add("input", string.Create(CultureInfo.InvariantCulture, $"bytes [batch, {setup.Student.Input.Height}, {setup.Student.Input.Width}, {setup.Student.Input.Channels}]{(setup.Student.Input.Channels == 3 ? ", red first" : "")}"));
        facts.Add("bytes", Bytes(file));
        facts.Add("verified", string.Create(CultureInfo.InvariantCulture, $"max difference {report.Agreement.MaxDifference:0.0e+0} to {(IsInteger(result) ? "the same integers in libtorch" : "the trained graph")} on {report.Agreement.Images} images"));
        return facts;
    }

    FactList ExportModel(ParseResult result, Session session)
    {
        var model = result.GetRequiredValue(source);
        var file = ModelTarget.Of(result.GetRequiredValue(output));
        foreach (Option option in (Option[])[fold, embed, precision, maxDrop, keep, csv])
        {
            if (result.GetResult(option) is { Implicit: false })
                throw new UsageException($"{option.Name}: expected a run to go with it, got the model '{model}'");
        }

        if (result.GetValue(opset) is not { } asked)
            throw new UsageException($"--opset: expected the opset to bring '{model}' to, which is a model and no run, got none");
        var report = OpsetExport.Write(model, file, asked, ShapeOption.Read(result, shape), Compute.Of(session), session.Seed ?? 1);

        var facts = new FactList();
        facts.Add("file", file);
        facts.Add("opset", string.Create(CultureInfo.InvariantCulture, $"{asked}, from {report.From}"));
        facts.Add("bytes", Bytes(file));
        facts.Add("verified", string.Create(CultureInfo.InvariantCulture, $"max difference {report.MaxDifference:0.0e+0} between both files in ONNX Runtime, on seeded noise"));
        return facts;
    }

    bool IsHalf(ParseResult result) => result.GetValue(precision) == "fp16";

    bool IsInteger(ParseResult result) => result.GetValue(precision) == "int8";

    QuantisationOptions? Quantisation(ParseResult result, Session session)
    {
        if (!IsInteger(result))
            return null;
        Action<IReadOnlyList<LayerCost>>? write = result.GetValue(csv) is { } target ? costs => TextFile.Write(target, session.Terminal, LayerCost.ToCsv(costs)) : null;
        return new QuantisationOptions { MaxDrop = result.GetValue(maxDrop), Keep = result.GetValue(keep) ?? [], ByLayer = write };
    }

    static string Cost(QuantisationReport cost) => string.Create(CultureInfo.InvariantCulture, $"{(cost is { Before: { } before, After: { } after } ? string.Create(CultureInfo.InvariantCulture, $"accuracy {after:0.0000}, {before:0.0000} in fp32; ") : "")}{cost.Changed:0.0 %} of the decisions changed, on {cost.Images} images");

    /// <summary>What stayed in single precision, and what the other gains here.</summary>
    static string Coarser(string precision, ExportReport report, ComputeOptions compute, string single, string coarse, AmalgamationSetup setup)
    {
        string kept = report.KeptInSingle.Count == 0 ? precision : string.Create(CultureInfo.InvariantCulture, $"{precision}, {report.KeptInSingle.Count} operators kept in fp32 ({string.Join(", ", report.KeptInSingle.Take(3).Select(Printable.Name))}{(report.KeptInSingle.Count > 3 ? ", ..." : "")})");
        if (!File.Exists(single) || Path.GetFullPath(single) == Path.GetFullPath(coarse))
            return kept;
        var fed = new Dictionary<string, InputDescription>(StringComparer.Ordinal) { [single] = setup.Student.Input };
        if (ModelMetadata.Input(OnnxModel.Load(coarse)) is { } input)
            fed[coarse] = input;
        // the file is written and verified: where the run's own student cannot be opened, there is nothing to set it beside
        if (InputException.Attempt(() => LatencyBenchmark.Measure([single, coarse], compute, new BenchmarkOptions { Batches = [1], Images = fed })).Found is not { } measured)
            return kept;
        double Median(string file) => measured.First(row => row.Model == file).P50Ms;
        return string.Create(CultureInfo.InvariantCulture, $"{kept}; {Median(coarse):0.00} ms an image here, student.onnx {Median(single):0.00}{(Median(coarse) > 1.1 * Median(single) ? ": slower here" : "")}");
    }

    static string Bytes(string file) => new FileInfo(file).Length.ToString("N0", CultureInfo.InvariantCulture);
}

using System.CommandLine;
using System.Globalization;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Export;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>export</c>: the deployable model of a run, verified before it gets its name.</summary>
internal sealed class ExportCommand : ProgramCommand
{
    readonly Argument<string> run = new("RUN")
    {
        Description = "A run folder. Its selected weights are exported: the best epoch on the validation part, or the last (train.select). "
            + "Of an unfinished run: the best epoch so far, or the last checkpoint; that is said",
    };

    readonly Option<string> output = new("--output", "-o") { Description = "The .onnx file to write; replaced atomically, refused where it is one of the run's inputs", HelpName = "FILE", Required = true };

    readonly Option<bool> fold = new("--fold") { Description = "Fold each BatchNormalization that directly follows a convolution into its weights: the same function, fewer operators" };

    public ExportCommand()
        : base("export", "Writes a run's student as one ONNX file, once ONNX Runtime agrees with the trained graph on 256 images", "onnx-amalgam export runs/demo -o student.onnx")
    {
        Add(run);
        Add(output);
        Add(fold);
    }

    public override int Run(ParseResult result, Session session)
    {
        var folder = RunFolder.Read(result.GetRequiredValue(run));
        var file = result.GetRequiredValue(output);
        var recipe = RecipeReader.Read(folder.Recipe);
        var compute = Compute.WithTorch(session);
        TorchSharp.torch.set_num_threads(compute.Threads);
        using var setup = AmalgamationSetup.Open(recipe, compute, session.Warn);
        var report = RunExport.Write(setup, folder, file, result.GetValue(fold));
        if (!report.IsFinished)
            session.Warn($"this run is unfinished: {report.Epochs} of {report.Of} epochs are behind these weights; go on with: onnx-amalgam train --resume -o {ShellWord.Of(folder.Path)}");

        var facts = new FactList();
        facts.Add("file", file);
        facts.Add("labels", setup.Union.Labels.Count.ToString(CultureInfo.InvariantCulture));
        facts.Add("weights", string.Create(CultureInfo.InvariantCulture, $"{(report.IsBest ? "best on the validation part" : "last")}, after epoch {report.Epochs} of {report.Of}"));
        if (report.Folding is { } folding)
        {
            facts.Add("folded", string.Create(CultureInfo.InvariantCulture, $"{folding.Folded.Count} BatchNormalization into the convolutions before them"));
            foreach (var kept in folding.Kept)
                session.Warn($"not folded: '{kept.Node}', because {kept.Reason}");
        }

        facts.Add("bytes", new FileInfo(file).Length.ToString("N0", CultureInfo.InvariantCulture));
        facts.Add("verified", string.Create(CultureInfo.InvariantCulture, $"max difference {report.Agreement.MaxDifference:0.0e+0} to the trained graph on {report.Agreement.Images} images"));
        facts.WriteTo(session.Terminal);
        return ExitCode.Done;
    }
}

using System.CommandLine;
using System.Globalization;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Exemplars;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>pretrain</c>: a recipe's student before its teachers teach it, on surrogate classes of unlabelled patches.</summary>
internal sealed class PretrainCommand : ProgramCommand
{
    static readonly ExemplarOptions Defaults = new();
    readonly Argument<string> recipe = new("RECIPE") { Description = "The recipe (YAML) whose student is pretrained: on its unlabelled images, with its train settings in fp32, but for the epochs; its losses play no part" };
    readonly Option<string> output = new("--output", "-o") { Description = "The .onnx file to write, a student for train with weights: keep; replaced atomically", HelpName = "FILE", Required = true };
    readonly Option<int> classes = WholeNumberOption.Of("--classes", "Surrogate classes, a patch each", least: 2, otherwise: Defaults.Classes);
    readonly Option<int> samples = WholeNumberOption.Of("--samples", "Transformed patches a class", least: 1, otherwise: Defaults.Samples);
    readonly Option<int> epochs = WholeNumberOption.Of("--epochs", "Passes over all of them", least: 1, otherwise: Defaults.Epochs);
    readonly Option<double> similarity = NumberOption.Of("--similarity", "Cosine of the teachers' features, 0 to 1, above which two patches count as one", Defaults.Similarity, most: 1);
    readonly Option<string[]> set = SetOption.Create();

    public PretrainCommand()
        : base("pretrain", "Trains a recipe's student without labels to tell transformed patches apart, before amalgamation",
            "onnx-amalgam pretrain models/demo/recipe.yaml -o pretrained.onnx --classes 500\nonnx-amalgam train models/demo/recipe.yaml --set student.model=$PWD/pretrained.onnx")
    {
        Add(recipe);
        foreach (Option option in (Option[])[output, classes, samples, epochs, similarity, set])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        var path = result.GetRequiredValue(recipe);
        var file = ModelTarget.Of(result.GetRequiredValue(output));
        var options = new ExemplarOptions(result.GetValue(classes), result.GetValue(samples), result.GetValue(epochs)) { Similarity = result.GetValue(similarity) };
        string[] overrides = SetOption.Read(result, set, session);
        var read = RecipeReader.Read(path, overrides);
        var compute = Compute.OpenTorch(session);
        using var setup = AmalgamationSetup.Open(read, compute, session.Warn);
        using var signals = new StopSignals(session);
        var progress = new TrainingProgress(session.Terminal.Error, session.Terminal.IsLive, session.IsQuiet);
        if (ExemplarPretraining.Run(setup, options, file, progress, signals.Stop) is not { } report)
        {
            session.Terminal.Error.WriteLine("interrupted; nothing is written");
            return signals.ExitCode;
        }

        var facts = new FactList();
        facts.Add("file", file);
        facts.Add("surrogate classes", string.Create(CultureInfo.InvariantCulture, $"{report.Classes} of {options.Samples} images"));
        facts.Add("left out as alike", report.Collisions.ToString(CultureInfo.InvariantCulture));
        facts.Add("epochs", string.Create(CultureInfo.InvariantCulture, $"{report.Epochs} of {options.Epochs}"));
        facts.Add("verified", string.Create(CultureInfo.InvariantCulture, $"max difference {report.Agreement.MaxDifference:0.0e+0} to the trained graph on {report.Agreement.Images} images"));
        facts.WriteTo(session.Terminal);
        if (signals.Stop.IsCancellationRequested)
        {
            session.Terminal.Error.WriteLine("interrupted; the file holds what was learnt by then");
            return signals.ExitCode;
        }

        session.Note($"go on with: onnx-amalgam train {ShellWord.Of(path)} --set {ShellWord.Of($"student.model={Path.GetFullPath(file)}")}");
        return ExitCode.Done;
    }
}

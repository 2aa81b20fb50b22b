using System.CommandLine;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Reports.Pages;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>report</c>: what shows a run, made anew.</summary>
internal sealed class ReportCommand : ProgramCommand
{
    readonly Argument<string> run = new("RUN") { Description = "A finished run's folder" };
    readonly Option<string?> output = new("--output", "-o") { Description = "Write the page alone, here (default: report.html, results.png and confusion_matrix.png in the run's folder, as train does); - is stdout", HelpName = "FILE" };

    public ReportCommand()
        : base("report", "Shows a run: one HTML page with accuracy, curves, classes, confusion matrix, features, benchmark and recipe, and two plots", "onnx-amalgam report runs/digits-and-clothes")
    {
        Add(run);
        Add(output);
    }

    public override int Run(ParseResult result, Session session)
    {
        string path = result.GetRequiredValue(run);
        if (!RunFolder.IsFinished(path))
            throw new InputException($"'{path}': expected the folder of a finished run, with student.onnx and evaluation.csv, got {(File.Exists(path) ? "a file" : !Directory.Exists(path) ? "no such folder" : File.Exists(Path.Combine(path, "recipe.yaml")) ? $"a run that is not finished; go on with: onnx-amalgam train --resume -o {ShellWord.Of(path)}" : "another folder")}");
        using var folder = RunFolder.Read(path);
        var recipe = RecipeReader.Read(folder.Recipe);
        using var setup = Open(recipe, session);
        var reported = ReportedRun.Of(folder, recipe, setup, session.Warn);
        IReadOnlyList<string> written = result.GetValue(output) is { } target ? Alone(target) : RunFiles.Write(reported, folder);

        foreach (string file in written)
            session.Terminal.Output.WriteLine(Printable.Text(file));
        return ExitCode.Done;

        string[] Alone(string target)
        {
            TextFile.Write(target, session.Terminal, RunPage.Write(reported));
            return target == "-" ? [] : [target];
        }
    }

    /// <summary>The recipe's teachers and the images that the run was evaluated on; null: they are not there any more, which is said.</summary>
    static AmalgamationSetup? Open(Recipe recipe, Session session)
    {
        var compute = Compute.OpenTorch(session);
        try
        {
            return AmalgamationSetup.Open(recipe with { Data = Shown(recipe.Data), Train = recipe.Train with { Cache = null } }, compute, session.Detail, session.Detail);
        }
        catch (InputException e)
        {
            session.Warn($"the page has no map of features and may not say which teacher a class is of: {e.Message}");
            return null;
        }
    }

    /// <summary>What it learned from is not looked at, unless a part of that is what it was evaluated on.</summary>
    static DataRecipe Shown(DataRecipe data)
    {
        if ((data.Test ?? data.Validate) is not { } shown)
            return data;
        SourceRecipe[] one = [shown[0] with { Limit = 1 }];
        return data with { Unlabelled = one, Validate = one, Test = shown };
    }
}

using System.CommandLine;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>train</c>: the main job, from a recipe to a run folder.</summary>
internal sealed class TrainCommand : ProgramCommand
{
    readonly Argument<string?> recipe = new("RECIPE") { Description = "The recipe (YAML); may be left out with --resume", Arity = ArgumentArity.ZeroOrOne };
    readonly Option<string?> output = new("--output", "-o") { Description = "Run folder, new or empty (default runs/NAME)", HelpName = "RUN" };
    readonly Option<string[]> set = new("--set") { Description = "Override a value of the recipe; may be repeated", HelpName = "path.to.key=value" };
    readonly Option<bool> dryRun = new("--dry-run") { Description = "Open and check everything, print the plan, train nothing" };
    readonly Option<string?> resume = new("--resume") { Description = "Go on with an interrupted run; --resume=older accepts an older checkpoint", HelpName = "older", Arity = ArgumentArity.ZeroOrOne };

    public TrainCommand()
        : base("train", "Fuses the teachers of a recipe into one student, evaluates and exports it", "onnx-amalgam train models/demo/recipe.yaml -o runs/demo")
    {
        Add(recipe);
        foreach (Option option in (Option[])[output, set, dryRun, resume])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        bool resumes = result.GetResult(resume) is { Implicit: false };
        string? word = result.GetValue(resume);
        if (word is not null and not "older")
            throw new UsageException($"--resume: expected nothing or =older, got '{word}'");
        string? path = result.GetValue(recipe);
        string? folder = result.GetValue(output);
        string[] overrides = result.GetValue(set) ?? [];
        if (path is null && !resumes)
            throw new UsageException("expected a RECIPE, got none");

        var given = path is null ? null : RecipeReader.Read(path, [.. overrides, .. session.Seed is { } seed ? [$"train.seed={seed}"] : Array.Empty<string>()]);
        if (resumes)
            folder = Unfinished(folder, given?.Name);
        var kept = resumes && folder is not null ? RecipeReader.Read(Path.Combine(folder, "recipe.yaml")) : null;
        if (kept is not null && given is not null && RecipeDifference.Between(kept, given) is { Count: > 0 } different)
            throw new InputException($"'{path}': expected the recipe that '{folder}' was started with, got other values for {string.Join(", ", different)}; resume without a recipe, or start a new run");

        var compute = Compute.WithTorch(session);
        TorchSharp.torch.set_num_threads(compute.Threads);
        using var setup = AmalgamationSetup.Open((kept ?? given)!, compute, session.Warn);
        Plan(setup, session);
        if (result.GetValue(dryRun))
            return ExitCode.Done;

        using var run = kept is not null ? RunFolder.Open(folder!) : RunFolder.Create(folder, setup.Recipe.Name);
        using var signals = new StopSignals(session);
        var progress = new TrainingProgress(session.Terminal.Error, session.Terminal.IsLive, session.IsQuiet);
        var report = AmalgamationRun.Execute(setup, run, resumes, acceptOlder: word == "older", progress, signals.Stop);
        if (report is null)
        {
            session.Terminal.Error.WriteLine($"interrupted; everything is saved. Go on with: onnx-amalgam train --resume -o {Printable.Text(run.Path)}");
            return signals.ExitCode;
        }

        RunTable.Write(session.Terminal, setup, report, run.Student);
        session.Note($"run folder: {run.Path}");
        return ExitCode.Done;
    }

    static string Unfinished(string? folder, string? name) => folder ?? RunFolder.NewestUnfinished(name)
        ?? throw new InputException($"--resume: expected an unfinished run in {(name is null ? "runs/" : $"runs/{name}*")}, found none; name it with -o");

    static void Plan(AmalgamationSetup setup, Session session)
    {
        foreach (var teacher in setup.Teachers)
            session.Note($"teacher {teacher.Name}: {(teacher.HasLogits ? $"{teacher.Labels.Count} labels" : "features only")}{(teacher.Taps.Count > 0 ? $", taps {string.Join(", ", teacher.Taps.Select(t => t.Value))}" : "")}");
        if (setup.Gate?.Note is { } gate)
            session.Note(gate);
        session.Note($"student {setup.Recipe.Student.Model}: {setup.Union.Count} labels; {setup.Train.Count} images to train on, {setup.Validate?.Count ?? 0} to validate, {setup.Test?.Count ?? 0} to test; {setup.Compute.Threads} threads on {setup.Compute.Device}");
    }
}

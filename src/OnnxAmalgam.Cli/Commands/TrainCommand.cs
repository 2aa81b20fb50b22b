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
    readonly Option<string[]> set = SetOption.Create();
    readonly Option<bool> dryRun = new("--dry-run") { Description = "Open and check everything, try a few steps, print the plan with its time and memory; write nothing" };
    readonly Option<bool> resume = new("--resume") { Description = "Go on with an interrupted run, in the folder of -o or the newest unfinished runs/NAME*", Arity = ArgumentArity.Zero };
    // A value only after '=': --resume RECIPE names a recipe.
    readonly Option<bool> resumeOlder = new("--resume=older") { Description = "The same, and an older checkpoint will do where the newest is damaged", Arity = ArgumentArity.Zero };

    public TrainCommand()
        : base("train", "Fuses the teachers of a recipe into one student, evaluates and exports it", "onnx-amalgam train models/demo/recipe.yaml")
    {
        Add(recipe);
        foreach (Option option in (Option[])[output, set, dryRun, resume, resumeOlder])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        bool acceptsOlder = result.GetValue(resumeOlder), resumes = acceptsOlder || result.GetValue(resume);
        string? path = result.GetValue(recipe);
        string? folder = result.GetValue(output);
        string[] overrides = SetOption.Read(result, set);
        if (path is null && !resumes)
            throw new UsageException("expected a RECIPE, got none");
        if (path is null && (overrides.Length > 0 || session.Seed is not null))
            throw new UsageException($"expected a RECIPE beside {(overrides.Length > 0 ? "--set" : "--seed")}, got none; a run goes on with the recipe it was started with");

        var given = path is null ? null : RecipeReader.Read(path, [.. overrides, .. SetOption.Seed(session)]);
        if (resumes)
            folder = Unfinished(folder, given?.Name);
        var kept = resumes && folder is not null ? ReadKept(folder) : null;
        if (kept is not null && given is not null && RecipeDifference.Between(kept, given) is { Count: > 0 } different)
            throw new InputException($"'{path}': expected the recipe that '{folder}' was started with, got other values for {string.Join(", ", different)}; resume without a recipe, or start a new run");

        var compute = Compute.OpenTorch(session);
        if (folder is null && RunFolder.NewestUnfinished(given!.Name) is { } unfinished)
            session.Note($"this is a new run, '{unfinished}' is unfinished; go on with that one: onnx-amalgam train --resume -o {ShellWord.Of(unfinished)}");
        if (kept is null)
            _ = RunFolder.Choose(folder, given!.Name);
        using var setup = AmalgamationSetup.Open(Opened((kept ?? given)!, result.GetValue(dryRun)), compute, session.Warn, session.Detail);
        if (result.GetValue(dryRun))
        {
            TrainingPlan.Write(session.Terminal, setup, TrainingEstimate.Measure(setup), kept is not null ? folder! : RunFolder.Choose(folder, setup.Recipe.Name), (kept ?? given)!.Train.Cache);
            return ExitCode.Done;
        }

        // they say how an estimated gate turned out: what fails there leaves no folder behind
        string[] plan = [.. TrainingPlan.Lines(setup)];
        using var run = kept is not null ? RunFolder.Open(folder!) : RunFolder.Create(folder, setup.Recipe.Name);
        session.Note($"writing to {run.Path}");
        foreach (string line in plan)
            session.Note(line);
        using var signals = new StopSignals(session);
        var report = Execute(setup, run, resumes, acceptsOlder, session, signals.Stop);
        if (report is null)
        {
            session.Terminal.Error.WriteLine($"interrupted; everything is saved. Go on with: onnx-amalgam train --resume -o {Printable.Text(ShellWord.Of(run.Path))}");
            return signals.ExitCode;
        }

        RunTable.Write(session.Terminal, setup, report, run.Student);
        Show(run, setup, session);
        return ExitCode.Done;
    }

    /// <summary>The run as a page and plots. It is finished without them.</summary>
    static void Show(RunFolder run, AmalgamationSetup setup, Session session)
    {
        try
        {
            _ = RunFiles.Write(ReportedRun.Of(run, setup.Recipe, setup, session.Warn), run);
            session.Note($"run folder: {run.Path}; report.html shows it");
        }
        catch (Exception e)
        {
            session.Warn($"the run is finished, its page is not written: {e.Message.TrimEnd('.')}; make it with: onnx-amalgam report {ShellWord.Of(run.Path)}");
        }
    }

    /// <summary>Runs it. A run that fails before its first checkpoint leaves nothing behind; later ones stay, to be resumed.</summary>
    static RunReport? Execute(AmalgamationSetup setup, RunFolder run, bool resumes, bool acceptsOlder, Session session, CancellationToken stop)
    {
        var progress = new TrainingProgress(session.Terminal.Error, session.Terminal.IsLive, session.IsQuiet);
        try
        {
            return AmalgamationRun.Execute(setup, run, resumes, acceptsOlder, progress, stop);
        }
        catch
        {
            run.DiscardUnlessSaved();
            throw;
        }
    }

    /// <summary>What a dry run tries must leave no trace: it has no cache.</summary>
    static Recipe Opened(Recipe recipe, bool isTried) => isTried ? recipe with { Train = recipe.Train with { Cache = null } } : recipe;

    /// <summary>The recipe of the run that goes on.</summary>
    static Recipe ReadKept(string folder)
    {
        using var run = RunFolder.Read(folder);
        return RecipeReader.Read(run.Recipe);
    }

    static string Unfinished(string? folder, string? name) => folder ?? RunFolder.NewestUnfinished(name)
        ?? throw new InputException($"--resume: expected an unfinished run in {(name is null ? "runs/" : $"runs/{name}*")}, got none; name it with -o");
}

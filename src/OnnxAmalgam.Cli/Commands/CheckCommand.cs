using System.CommandLine;
using OnnxAmalgam.Cli.Checks;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>check</c>: does the trainable graph compute what ONNX Runtime computes, before and after training?</summary>
internal sealed class CheckCommand : ProgramCommand
{
    readonly Argument<string[]> models = new("MODEL-or-FOLDER")
    {
        Description = "Files, folders of models, or folders in ONNX's test layout (model.onnx with test_data_set_*)",
        Arity = ArgumentArity.OneOrMore,
    };

    readonly Option<string> data = new("--data") { Description = "Feed this folder's images instead of seeded noise", HelpName = "DIR" };
    readonly Option<int> steps = WholeNumberOption.Of("--steps", "Training steps; 0 compares the forward pass only", least: 0, otherwise: 1);
    readonly Option<string[]> shape = ShapeOption.Create();
    readonly Option<bool> strict = new("--strict") { Description = "Exit with 3 for unsupported models, too" };
    readonly Option<string> csv = new("--csv") { Description = "Write the table as CSV; - is stdout", HelpName = "FILE" };
    readonly Option<bool> json = new("--json") { Description = "Print one JSON object a model, each on a line" };

    public CheckCommand()
        : base(
            "check",
            "Compares each model in ONNX Runtime with its trainable graph, trains it a step, writes it back and compares again, on the processor",
            "onnx-amalgam check models/teachers --json")
    {
        Add(models);
        foreach (Option option in (Option[])[data, steps, shape, strict, csv, json])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        var jobs = CheckJob.Of(result.GetRequiredValue(models));
        var options = new CheckOptions(
            result.GetValue(steps), ShapeOption.Read(result, shape), result.GetValue(data), session.Seed ?? 1, session.Threads ?? Environment.ProcessorCount);
        if (options.Images is { } folder)
            ImageFeed.Require(folder);
        var check = new ModelCheck(options);
        var rows = CheckRun.Run(jobs, check, session, result.GetValue(json));
        CheckRun.Report(rows, session, result.GetValue(csv), result.GetValue(json));
        int code = CheckRun.ExitCodeOf(rows, result.GetValue(strict));
        return code == ExitCode.Done && check.UnknownShapes.FirstOrDefault() is { } name
            ? throw new InputException($"--shape {name}: expected an input or a named dimension of a model, got a name that none of them has")
            : code;
    }
}

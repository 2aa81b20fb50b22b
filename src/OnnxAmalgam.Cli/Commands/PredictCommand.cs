using System.CommandLine;
using OnnxAmalgam.Cli.Predictions;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>predict</c>: labels and probabilities for pictures.</summary>
internal sealed class PredictCommand : ProgramCommand
{
    readonly Argument<string> model = new("MODEL") { Description = "An .onnx file" };
    readonly Argument<string[]> images = new("IMAGE") { Description = "JPEG, PNG, WebP or BMP files", Arity = ArgumentArity.OneOrMore };
    readonly Option<int> top = WholeNumberOption.Of("--top", "Most labels a picture", least: 1, otherwise: 5);
    readonly Option<string> recipe = new("--recipe") { Description = "Take preprocessing and labels from this recipe before the model's own metadata", HelpName = "RECIPE" };
    readonly Option<string> teacher = new("--as") { Description = "Which of the recipe's teachers the model is; default: the one with the same file", HelpName = "TEACHER" };
    readonly Option<string> csv = new("--csv") { Description = "Write the table as CSV; - is stdout", HelpName = "FILE" };
    readonly Option<bool> json = new("--json") { Description = "Print one JSON document" };

    public PredictCommand()
        : base("predict", "Shows labels and probabilities for pictures: the check that preprocessing is right", "onnx-amalgam predict runs/digits-and-clothes/student.onnx photo.jpg --top 3")
    {
        Add(model);
        Add(images);
        foreach (Option option in (Option[])[top, recipe, teacher, csv, json])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        if (result.GetValue(teacher) is not null && result.GetValue(recipe) is null)
            throw new UsageException("--as: expected --recipe beside it");
        var file = ModelArgument.OfFile(result.GetRequiredValue(model));
        if (result.GetRequiredValue(images).FirstOrDefault(Directory.Exists) is { } folder)
            throw new InputException($"'{folder}': expected an image file, got a folder; name the files in it");
        var predictions = PredictionRun.Run(file, result.GetRequiredValue(images), result.GetValue(recipe), result.GetValue(teacher), result.GetValue(top), session);
        if (result.GetValue(csv) is { } target)
            TextFile.Write(target, session.Terminal, PredictionReport.ToCsv(predictions));
        if (result.GetValue(json))
            PredictionReport.WriteJson(file, predictions, session.Terminal);
        else if (result.GetValue(csv) != "-")
            PredictionReport.Print(predictions, session.Terminal);
        return ExitCode.Done;
    }
}

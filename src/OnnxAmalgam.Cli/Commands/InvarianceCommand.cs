using System.CommandLine;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Exemplars;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>invariance</c>: how far a student's features and its teachers' move when images are transformed.</summary>
internal sealed class InvarianceCommand : ProgramCommand
{
    readonly Argument<string> model = new("MODEL-or-RUN") { Description = "A student .onnx file, or a run folder that holds one" };
    readonly Option<string> recipe = new("--recipe") { Description = "The recipe that names teachers and images", HelpName = "RECIPE", Required = true };
    readonly Option<int> images = WholeNumberOption.Of("--images", "Most images", least: 2, otherwise: 500);
    readonly Option<string?> csv = new("--csv") { Description = "Write the rows as CSV; - is stdout", HelpName = "FILE" };
    readonly Option<bool> json = new("--json") { Description = "Print one JSON document" };

    public InvarianceCommand()
        : base("invariance", "Measures how far features move when images are moved, turned and recoloured; 1 is as far as another image", "onnx-amalgam invariance runs/digits-and-clothes --recipe models/demo/recipe.yaml")
    {
        Add(model);
        foreach (Option option in (Option[])[recipe, images, csv, json])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        var file = ModelArgument.OfFileOrRun(result.GetRequiredValue(model));
        var compute = Compute.OpenTorch(session);
        using var setup = AmalgamationSetup.Open(RecipeReader.Read(result.GetRequiredValue(recipe)), compute, session.Warn);
        var rows = InvarianceReport.Measure(setup, file, result.GetValue(images));
        if (result.GetValue(csv) is { } target)
        {
            using var text = new StringWriter();
            InvarianceReport.WriteCsv(text, rows);
            TextFile.Write(target, session.Terminal, text.ToString());
        }

        if (result.GetValue(json))
            Json.WriteDocument(session.Terminal, new { Json.SchemaVersion, Rows = rows });
        else if (result.GetValue(csv) != "-")
            InvarianceTable.Write(rows, session.Terminal);
        return ExitCode.Done;
    }
}

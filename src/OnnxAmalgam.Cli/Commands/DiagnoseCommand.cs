using System.CommandLine;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Quality;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>diagnose</c>: the quality of each tap under each augmentation, and which augmentations suit the teachers.</summary>
internal sealed class DiagnoseCommand : ProgramCommand
{
    readonly Argument<string> recipe = new("RECIPE") { Description = "The recipe (YAML) that names teachers, taps, images and augmentations" };
    readonly Option<int> images = WholeNumberOption.Of("--images", "Unlabelled images a teacher, spread over those of its domain", least: 2, otherwise: 1000);
    readonly Option<bool> allTaps = new("--all-taps") { Description = "Every value on the path to the scores instead of the recipe's taps" };
    readonly Option<string[]> set = SetOption.Create();
    readonly Option<string?> csv = new("--csv")
    {
        Description = $"Write the rows as CSV; - is stdout. Columns: {string.Join(", ", QualityRow.Columns)}",
        HelpName = "FILE",
    };

    readonly Option<bool> json = new("--json") { Description = "Print one JSON document" };

    public DiagnoseCommand()
        : base("diagnose", "Measures the teachers' features under each augmentation, without labels, and says which augmentations suit them", "onnx-amalgam diagnose models/demo/recipe.yaml --images 500")
    {
        Add(recipe);
        foreach (Option option in (Option[])[images, allTaps, set, csv, json])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        var read = RecipeReader.Read(result.GetRequiredValue(recipe), SetOption.Read(result, set, session));
        var compute = Compute.OpenTorch(session);
        using var setup = AmalgamationSetup.Open(read, compute, session.Warn);
        var diagnosis = TeacherDiagnosis.Run(setup, result.GetValue(images), result.GetValue(allTaps), session.Note);
        if (result.GetValue(csv) is { } target)
            TextFile.Write(target, session.Terminal, diagnosis.ToCsv());
        if (result.GetValue(json))
            Json.WriteDocument(session.Terminal, new { Json.SchemaVersion, diagnosis.Rows, diagnosis.Verdicts });
        else if (result.GetValue(csv) != "-")
            DiagnosisTable.Write(session.Terminal, diagnosis);
        return ExitCode.Done;
    }
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using OnnxAmalgam.Cli.Reports.Pages;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Comparison;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>report</c>: a run as one page.</summary>
internal sealed class ReportCommand : ProgramCommand
{
    const int MapImages = 1500;

    readonly Argument<string> run = new("RUN") { Description = "A finished run's folder" };
    readonly Option<string?> output = new("--output", "-o") { Description = "The page to write (default: report.html in the run's folder); - is stdout", HelpName = "FILE" };

    public ReportCommand()
        : base("report", "Writes a run as one HTML page: accuracy, curves, classes, confusion matrix, features, benchmark, recipe", "onnx-amalgam report runs/demo")
    {
        Add(run);
        Add(output);
    }

    public override int Run(ParseResult result, Session session)
    {
        string folder = Path.GetFullPath(result.GetRequiredValue(run));
        if (!RunFolder.IsFinished(folder))
            throw new InputException($"'{result.GetRequiredValue(run)}': expected the folder of a finished run, with student.onnx and evaluation.csv, got {(!Directory.Exists(folder) ? "no such folder" : File.Exists(Path.Combine(folder, "recipe.yaml")) ? $"a run that is not finished; go on with: onnx-amalgam train --resume -o {ShellWord.Of(result.GetRequiredValue(run))}" : "another folder")}");
        var recipe = RecipeReader.Read(Path.Combine(folder, "recipe.yaml"));
        string page = RunPage.Write(Looked(Read(folder, recipe), folder, recipe, session));
        string target = result.GetValue(output) ?? Path.Combine(folder, "report.html");
        Reports.TextFile.Write(target, session.Terminal, page);
        if (target != "-")
            session.Terminal.Output.WriteLine(Printable.Text(target));
        return ExitCode.Done;
    }

    /// <summary>What the folder's files say.</summary>
    static ReportedRun Read(string folder, Recipe recipe)
    {
        string Of(string name) => Path.Combine(folder, name);
        return new ReportedRun
        {
            Name = recipe.Name,
            Recipe = File.ReadAllText(Of("recipe.yaml")),
            Evaluation = EvaluationRow.ReadCsv(Of("evaluation.csv")),
            Curves = File.Exists(Of("results.csv")) ? Curves(CsvTable.Read(Of("results.csv"))) : [],
            Benchmark = File.Exists(Of("benchmark.csv")) ? CsvTable.Read(Of("benchmark.csv")) : null,
            Environment = File.Exists(Of("environment.json")) ? Environment(File.ReadAllText(Of("environment.json"))) : [],
            Teachers = [.. recipe.Teachers.Select(t => (t.Name, t.Labels ?? []))],
        };
    }

    /// <summary>The same with what the student says of the test images, where they are still there.</summary>
    static ReportedRun Looked(ReportedRun read, string folder, Recipe recipe, Session session)
    {
        if (recipe.Data.Test is null || recipe.Amalgamation.IsMultiLabel)
            return read with { Missing = recipe.Data.Test is null ? "The recipe names no test images." : "Its labels do not exclude each other." };
        var compute = Compute.WithTorch(session);
        TorchSharp.torch.set_num_threads(compute.Threads);
        try
        {
            // The test images alone: what it learned from is not looked at.
            SourceRecipe[] one = [recipe.Data.Test[0] with { Limit = 1 }];
            using var setup = AmalgamationSetup.Open(recipe with { Data = recipe.Data with { Unlabelled = one, Validate = one } }, compute, session.Detail, session.Detail);
            string student = Path.Combine(folder, "student.onnx");
            var labelled = read with { Teachers = [.. setup.Teachers.Select(t => (t.Name, t.Labels))] };
            var classes = new ClassResults(PredictionTable.Make(setup, student), setup.Union.Classes);
            int now = classes.Rows.Sum(r => r.Images);
            if (read.Evaluation.FirstOrDefault(r => r is { Model: "student", Task: "union", Metric: "accuracy_top1" }) is { } then && then.N != now)
                session.Warn($"the test images are not those of the run's evaluation: {now} with labels now, {then.N} then");
            return labelled with { Classes = classes, Map = FeatureMap.Of(setup.Test!, student, compute, MapImages) };
        }
        catch (InputException e)
        {
            session.Warn($"the page says nothing of single classes: {e.Message}");
            return read with { Missing = $"Not known: {e.Message}" };
        }
    }

    static Curve[] Curves((IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows) table) => [.. table.Columns.Skip(1).Select((name, column) => new Curve(name,
        [.. table.Rows.Where(r => r[column + 1].Length > 0).Select(r => (Number(r[0]), Number(r[column + 1])))]))];

    static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    static (string, string)[] Environment(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Object).Select(p => (p.Name, p.Value.ToString()))];
    }
}

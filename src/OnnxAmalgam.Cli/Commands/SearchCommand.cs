using System.CommandLine;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Files;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Search;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>search</c>: weights over each teacher's taps and over teachers, as CSV and as a recipe to train with.</summary>
internal sealed class SearchCommand : ProgramCommand
{
    readonly Argument<string> recipe = new("RECIPE") { Description = "The recipe (YAML); each teacher's candidates are the values on its path with the grid and width of the tap it chooses" };
    readonly Option<string> output = new("--output", "-o")
    {
        Description = $"Where the weights go, as CSV. Columns: {string.Join(", ", TapSearch.Columns)}",
        HelpName = "FILE",
        Required = true,
    };

    readonly Option<string?> frozen = new("--recipe") { Description = "Where the recipe with the weights found goes, never one that exists (default: FILE with .yaml)", HelpName = "FILE" };
    readonly Option<bool> baselines = new("--baselines") { Description = "Also write recipes with random, average and last-tap weights beside it, to compare with" };
    readonly Option<int?> epochs = WholeNumberOption.Maybe("--epochs", "Passes over each half of the unlabelled images (default: the recipe's epochs)", least: 1);
    readonly Option<double> rate = NumberOption.Of("--rate", "Learning rate of the weights' logits", new SearchOptions().Rate);
    readonly Option<double> toStudent = NumberOption.Of("--teacher-to-student", "Factor of the path from the teachers' features through the student's head", 1);
    readonly Option<double> toTeacher = NumberOption.Of("--student-to-teacher", "Factor of the path from the student's feature to the teachers'", 1);
    readonly Option<string[]> set = SetOption.Create();
    readonly Option<bool> json = new("--json") { Description = "Print one JSON document" };

    public SearchCommand()
        : base("search", "Learns how much each tap of each teacher should count, without labels, and writes a recipe to train with", "onnx-amalgam search models/demo/recipe.yaml -o weights.csv --epochs 1 --baselines")
    {
        Add(recipe);
        foreach (Option option in (Option[])[output, frozen, baselines, epochs, rate, toStudent, toTeacher, set, json])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        if (result.GetValue(frozen) == "-")
            throw new UsageException("--recipe: expected the name of a file, got '-'; only the weights go to stdout (-o -)");
        string path = result.GetRequiredValue(recipe);
        var read = RecipeReader.Read(path, SetOption.Read(result, set, session));
        string table = result.GetRequiredValue(output);
        string yaml = result.GetValue(frozen) ?? (table == "-" ? throw new UsageException("expected --recipe FILE beside -o -, got none") : Path.ChangeExtension(table, ".yaml"));
        string[] methods = result.GetValue(baselines) ? [FrozenWeights.Searched, .. TapSearch.Baselines] : [FrozenWeights.Searched];
        string[] recipes = [.. methods.Select(m => PathOf(m, yaml))];
        if (recipes.Any(r => Path.GetFullPath(r) == Path.GetFullPath(table)))
            throw new UsageException($"expected different files for the weights and the recipe, got '{table}' for both");
        foreach (string target in recipes.Concat(table == "-" ? [] : new[] { table }))
        {
            AtomicFile.RequireFolder(target);
            if (RealPath.Of(target) == RealPath.Of(path))
                throw new InputException($"'{target}': expected another file than the recipe itself, got it; choose another -o or --recipe");
        }

        if (Array.Find(recipes, Path.Exists) is { } taken)
            throw new InputException($"'{taken}': expected a file that does not exist, so that no recipe is lost, got one that does; name another with -o or --recipe, or remove it");

        if (!read.Amalgamation.NeedsTaps)
            session.Warn("no term of this recipe reads features: the weights change nothing until one does (hint, mmd, ...)");
        var compute = Compute.OpenTorch(session);
        var options = new SearchOptions
        {
            Epochs = result.GetValue(epochs),
            Rate = result.GetValue(rate),
            TeacherToStudent = result.GetValue(toStudent),
            StudentToTeacher = result.GetValue(toTeacher),
        };
        using var signals = new StopSignals(session);
        if (TapSearch.Run(read, options, compute, session.Warn, session.Note, signals.Stop) is not { } search)
        {
            session.Terminal.Error.WriteLine("interrupted; nothing is written");
            return signals.ExitCode;
        }

        TextFile.Write(table, session.Terminal, search.ToCsv());
        foreach (var weights in result.GetValue(baselines) ? search.Weights : search.Weights.Take(1))
            WriteRecipe(search, weights, yaml, session);
        Report(search, result, session);
        return ExitCode.Done;
    }

    static string PathOf(string method, string searched) =>
        method == FrozenWeights.Searched ? searched : Path.ChangeExtension(searched, $".{method}{Path.GetExtension(searched)}");

    static void WriteRecipe(TapSearch search, FrozenWeights weights, string searched, Session session)
    {
        string path = PathOf(weights.Method, searched);
        AtomicFile.CreateText(path, RecipeReader.Write(search.Freeze(weights)));
        session.Note($"{weights.Method}: {path}; onnx-amalgam train {ShellWord.Of(path)}");
    }

    void Report(TapSearch search, ParseResult result, Session session)
    {
        if (result.GetValue(json))
            Json.WriteDocument(session.Terminal, new { Json.SchemaVersion, search.Weights, search.Losses });
        else if (result.GetValue(output) != "-")
            SearchTable.Write(session.Terminal, search);
    }
}

using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Caching;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>cache</c>: the teachers' outputs for every view, computed before training.</summary>
internal sealed class CacheCommand : ProgramCommand
{
    static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(10);
    readonly Argument<string> recipe = new("RECIPE") { Description = "The recipe; train.cache names the folder" };
    readonly Option<WorkShare?> shard = ShareOption.Of("--shard", "Only this share of the work, for several machines that share the folder: 1/4, 2/4, ...");
    readonly Option<string[]> set = SetOption.Create();
    readonly Option<bool> json = new("--json") { Description = "Print one JSON document" };

    public CacheCommand()
        : base("cache", "Computes the teachers' outputs that a training asks for and keeps them in the recipe's cache", "onnx-amalgam cache models/demo/recipe.yaml --set \"train.cache={folder: ../../runs/cache}\"")
    {
        Add(recipe);
        foreach (Option option in (Option[])[shard, set, json])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        var read = RecipeReader.Read(result.GetRequiredValue(recipe), SetOption.Read(result, set));
        var compute = Compute.OpenTorch(session);
        using var setup = AmalgamationSetup.Open(read, compute, session.Warn, session.Detail);
        using var signals = new StopSignals(session);
        var clock = Stopwatch.StartNew();
        var said = Stopwatch.StartNew();
        var report = CacheFill.Run(setup, result.GetValue(shard) ?? WorkShare.All, at => Tell(at, session, said, clock), signals.Stop);
        if (report is null)
        {
            session.Terminal.Error.WriteLine("interrupted; what was computed is stored. The same command goes on");
            return signals.ExitCode;
        }

        var kept = read.Train.Cache!;
        if (result.GetValue(json))
            Json.WriteDocument(session.Terminal, new { Json.SchemaVersion, kept.Folder, report.Images, report.Views, report.Distinct, report.Found, report.Computed, report.Scored, report.Bytes, report.IsFull });
        else
            Print(report, kept, session.Terminal);
        return ExitCode.Done;
    }

    static void Tell(CacheProgress at, Session session, Stopwatch said, Stopwatch clock)
    {
        if (said.Elapsed < LineEvery)
            return;
        said.Restart();
        session.Note(string.Create(CultureInfo.InvariantCulture, $"{(at.View == 0 ? "scores" : $"view {at.View}")}  image {at.Images}/{at.ImagesInAll}  {at.Computed} computed, {at.Computed / clock.Elapsed.TotalSeconds:n0} a second"));
    }

    static void Print(CacheReport report, CacheRecipe kept, Terminal terminal)
    {
        var facts = new FactList();
        facts.Add("folder", kept.Folder);
        facts.Add("views", string.Create(CultureInfo.InvariantCulture, $"{report.Views} of {report.Images:N0} images; {report.Distinct:N0} differ"));
        facts.Add("computed", string.Create(CultureInfo.InvariantCulture, $"{report.Computed:N0}; {report.Found:N0} were there"));
        facts.Add("scores", string.Create(CultureInfo.InvariantCulture, $"{report.Scored:N0} images that are not trained on"));
        facts.Add("size", $"{ByteSize.Rounded(report.Bytes)} of at most {ByteSize.Rounded(kept.MaxBytes)}{(report.IsFull ? "; not all fits" : "")}");
        facts.WriteTo(terminal);
    }
}

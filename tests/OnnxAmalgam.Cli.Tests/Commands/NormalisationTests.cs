using System.Text.Json;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary>What exporters folded: <c>inspect</c> says so, <c>train</c> puts it back, <c>export --fold</c> folds it again.</summary>
[Collection(TrainedRunTests.Name)]
public sealed class NormalisationTests(TrainedRun run) : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Theory]
    [InlineData("resnet_folded_opset17")]
    [InlineData("mobilenet_opset17")]
    [InlineData("vit_opset17")]
    public void Inspect_tells_people_which_convolutions_are_bare(string name)
    {
        string model = Path.Combine(Repository.Root, "tests", "fixtures", "exports", name + ".onnx");
        CliResult result = InProcess.Run("inspect", model).Ends(0);
        Golden.Equal(result.Output.Replace(model, name + ".onnx", StringComparison.Ordinal), "tests", "OnnxAmalgam.Cli.Tests", "Golden", "inspect", name + ".txt");
    }

    [Theory]
    [InlineData("digits_resnet", 9, 9, 0, "[]")]
    [InlineData("fashion_mixer", 13, 0, 0, """[{"name":"BatchNormalization","count":13}]""")]
    public void Inspect_as_JSON_counts_them(string teacher, int count, int bare, int linear, string followedBy)
    {
        JsonElement report = JsonDocument.Parse(InProcess.Run("inspect", Bundled.Teacher(teacher), "--json").Ends(0).Output).RootElement;
        JsonElement found = report.GetProperty("convolutions");
        Assert.Equal((count, bare, linear), (found.GetProperty("count").GetInt32(), found.GetProperty("bare").GetInt32(), found.GetProperty("linearLayers").GetInt32()));
        Assert.Equal(followedBy, string.Concat(found.GetProperty("followedBy").GetRawText().Where(c => !char.IsWhiteSpace(c))));
        Assert.Equal(bare > 0, report.GetProperty("notes").EnumerateArray().Any(note => note.GetString()!.Contains("student: {normalisation: insert}", StringComparison.Ordinal)));
        string vector = Path.Combine(Repository.Root, "tests", "fixtures", "exports", "sklearn_zipmap.onnx");
        Assert.Equal(JsonValueKind.Null, JsonDocument.Parse(InProcess.Run("inspect", vector, "--json").Ends(0).Output).RootElement.GetProperty("convolutions").ValueKind);
    }

    [Fact]
    public void A_folded_network_trains_with_BatchNormalization_and_is_exported_folded_again()
    {
        string folder = place["run"], file = place["student.onnx"], teacher = Bundled.Teacher("digits_resnet");
        string[] recipe = ["train", Bundled.Recipe, .. Bundled.Short, .. Bundled.Set($"student={{model: {teacher}, normalisation: {{insert: {{images: 64}}}}}}")];
        Assert.Contains("BatchNormalization put behind 9 bare convolutions", InProcess.Run([.. recipe, "--dry-run"]).Ends(0).Output, StringComparison.Ordinal);
        CliResult trained = InProcess.Run([.. recipe, "-o", folder]).Ends(0);
        Assert.Contains("normalisation: 9 BatchNormalization put behind convolutions, measured on 64 images", trained.Error, StringComparison.Ordinal);
        Assert.Contains("normalisation: {insert: {images: 64}}", File.ReadAllText(Path.Combine(folder, "recipe.yaml")), StringComparison.Ordinal);

        CliResult exported = InProcess.Run("export", folder, "-o", file, "--fold", "--threads", "1").Ends(0);
        Assert.Matches(@"folded +9 BatchNormalization into the convolutions before them\n", exported.Output);
        Assert.Equal("", exported.Error);
        OnnxModel student = OnnxModel.Load(file), original = OnnxModel.Load(teacher);
        Assert.Equal(original.Proto.Graph.Node.Select(n => n.OpType), student.Proto.Graph.Node.Select(n => n.OpType));
        Assert.Equal(original.Proto.Graph.Node.SelectMany(n => n.Output).SkipLast(1), student.Proto.Graph.Node.SelectMany(n => n.Output).SkipLast(1));
        Assert.Equal(OnnxModel.Load(Path.Combine(folder, "student.onnx")).Proto.Graph.Node.Count, student.Proto.Graph.Node.Count + 9);

        // the same decisions, and the same probabilities to the digits that are printed
        string[] predict = [.. Bundled.Digits(place, 8), "--top", "3", "--csv", "-", "--threads", "1"];
        Table whole = Table.Read(InProcess.Run(["predict", Path.Combine(folder, "student.onnx"), .. predict]).Ends(0).Output), folded = Table.Read(InProcess.Run(["predict", file, .. predict]).Ends(0).Output);
        Assert.Equal(whole.Rows.Select(r => r["label"]), folded.Rows.Select(r => r["label"]));
        Assert.All(whole.Rows.Zip(folded.Rows), p => Assert.Equal(Probability(p.First), Probability(p.Second), 1e-5));
    }

    [Fact]
    public void A_zoo_students_own_BatchNormalization_is_folded_too_and_only_when_asked_for()
    {
        string file = place["student.onnx"];
        Assert.DoesNotContain("folded", InProcess.Run("export", run.Folder, "-o", file, "--threads", "1").Ends(0).Output, StringComparison.Ordinal);
        int layers = OnnxModel.Load(file).Proto.Graph.Node.Count(n => n.OpType == "BatchNormalization");
        Assert.True(layers > 0);
        CliResult result = InProcess.Run("export", run.Folder, "-o", file, "--fold", "--threads", "1").Ends(0);
        Assert.Matches($@"folded +{layers} BatchNormalization", result.Output);
        Assert.DoesNotContain(OnnxModel.Load(file).Proto.Graph.Node, n => n.OpType == "BatchNormalization");
    }

    static double Probability(Dictionary<string, string> row) => double.Parse(row["probability"], System.Globalization.CultureInfo.InvariantCulture);
}

using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary>Two methods on a few of the demo's images.</summary>
public sealed class CompareTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void Methods_are_trained_with_every_seed_compared_and_kept()
    {
        string[] arguments = ["compare", Recipe("plain", "soft_target: {weight: 1}"), Recipe("decoupled", "dkd: {weight: 1}"), "-o", place["all"], "--threads", "1"];
        CliResult one = InProcess.Run([.. arguments, "--seeds", "1", "--csv", place["one.csv"]]).Ends(0);
        Assert.Contains("plain, seed 1 (1 of 2): starts\n", one.Error, StringComparison.Ordinal);
        Assert.Contains("minimising 1 dkd(alpha=1, beta=8, T=4, gated)\n", one.Error, StringComparison.Ordinal);
        string student = Path.Combine(place["all"], "plain", "seed-1", "student.onnx");
        byte[] kept = File.ReadAllBytes(student);
        File.Delete(Path.Combine(place["all"], "decoupled", "seed-1", "evaluation.csv"));

        CliResult two = InProcess.Run([.. arguments, "--seeds", "2", "--csv", place["two.csv"]]).Ends(0);
        Assert.Contains("plain, seed 1 (1 of 4): finished, kept\n", two.Error, StringComparison.Ordinal);
        Assert.Contains("decoupled, seed 1 (2 of 4): goes on\n", two.Error, StringComparison.Ordinal);
        Assert.Equal(kept, File.ReadAllBytes(student));
        Assert.Equal(["image,label,predicted", .. Enumerable.Repeat("row", 100)],
            File.ReadAllLines(Path.Combine(place["all"], "decoupled", "seed-2", "predictions.csv")).Select((line, i) => i == 0 ? line : "row"));

        Table table = Table.Read(File.ReadAllText(place["two.csv"]));
        Assert.Equal("row,method,against,task,seeds,images,value,ci_low,ci_high,image_ci_low,image_ci_high,only_method,only_against,mcnemar_p", string.Join(',', table.Columns));
        Dictionary<string, string> Row(string row, string method) => table.Rows.Single(r => (r["row"], r["method"], r["task"]) == (row, method, "union"));
        double Number(Dictionary<string, string> row, string column) => double.Parse(row[column], CultureInfo.InvariantCulture);
        Assert.Equal(("2", "100"), (Row("method", "plain")["seeds"], Row("method", "plain")["images"]));
        Assert.Equal(Number(Row("method", "plain"), "value") - Number(Row("method", "decoupled"), "value"), Number(Row("pair", "plain"), "value"), 1e-6);
        Assert.InRange(Number(Row("pair", "plain"), "value"), Number(Row("pair", "plain"), "image_ci_low"), Number(Row("pair", "plain"), "image_ci_high"));
        Assert.InRange(Number(Row("baseline", "concatenated"), "value"), 0.7, 1);

        // the mean over seeds is that of the runs' own evaluation, and the predictions agree with it
        double[] measured = [.. new[] { 1, 2 }.Select(s => Number(Table.Read(File.ReadAllText(Path.Combine(place["all"], "plain", $"seed-{s}", "evaluation.csv"))).Rows
            .Single(r => (r["model"], r["task"], r["metric"]) == ("student", "union", "accuracy_top1")), "value"))];
        Assert.Equal(measured.Average(), Number(Row("method", "plain"), "value"), 1e-6);
        double right = Table.Read(File.ReadAllText(Path.Combine(place["all"], "plain", "seed-1", "predictions.csv"))).Rows.Average(r => r["label"] == r["predicted"] ? 1.0 : 0);
        Assert.Equal(measured[0], right, 1e-6);

        string[] lines = two.Output.Split('\n');
        Assert.Matches("^method +seeds +union +95 % interval +digits +95 % interval +clothes +95 % interval$", lines[0]);
        Assert.Equal(["plain", "decoupled", "concatenated", "digits", "clothes"], lines[1..6].Select(l => l.Split(' ')[0]));
        Assert.Contains(lines, l => l.StartsWith("plain ", StringComparison.Ordinal) && l.Contains("decoupled", StringComparison.Ordinal));

        // the same again trains nothing, and other values of a recipe are refused
        JsonElement again = JsonDocument.Parse(InProcess.Run([.. arguments, "--seeds", "2", "--json"]).Ends(0).Output).RootElement;
        Assert.Equal(1, again.GetProperty("schemaVersion").GetInt32());
        Assert.Equal(4, again.GetProperty("pairs")[0].EnumerateObject().Count(p => p.Name.Contains("Ci", StringComparison.Ordinal) || p.Name.StartsWith("ci", StringComparison.Ordinal)));
        Recipe("decoupled", "dkd: {weight: 2}");
        Assert.Contains("got other values for amalgamation.losses.0.dkd.weight; compare into another folder", Assert.Single(InProcess.Run([.. arguments, "-q", "--seeds", "2"]).Ends(2).ErrorLines), StringComparison.Ordinal);
        File.Delete(Path.Combine(place["all"], "plain", "seed-1", "predictions.csv"));
        Assert.Contains("expected predictions.csv beside evaluation.csv, got none", InProcess.Run([.. arguments, "-q", "--seeds", "2"]).Ends(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Methods_of_one_name_and_recipes_without_test_images_are_refused_before_anything_runs()
    {
        string plain = Recipe("plain", "soft_target: {weight: 1}");
        string error = Assert.Single(InProcess.Run("compare", plain, plain, "-o", place["all"]).Ends(2).ErrorLines);
        Assert.Equal($"onnx-amalgam: '{plain}', '{plain}': expected a 'name' of its own in each recipe, got 'plain' 2 times; it names the method", error);
        File.WriteAllText(plain, File.ReadAllText(plain).Replace("  test:", "  validate:", StringComparison.Ordinal));
        Assert.Contains("expected data.test, got none", Assert.Single(InProcess.Run("compare", plain, "-o", place["all"]).Ends(2).ErrorLines), StringComparison.Ordinal);
        Assert.Contains("--seeds: expected a whole number of at least 1, got '0'", InProcess.Run("compare", plain, "--seeds", "0").Ends(1).Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(place["all"]));
    }

    [Fact]
    public void Runs_of_the_log_are_taken_from_it_when_their_folders_are_gone()
    {
        string[] arguments = ["compare", Recipe("plain", "soft_target: {weight: 1}"), Recipe("decoupled", "dkd: {weight: 1}"), "-o", place["all"], "--threads", "1", "--seeds", "1", "--log", place["runs.csv"]];
        InProcess.Run([.. arguments, "--csv", place["one.csv"]]).Ends(0);
        Directory.Delete(place["all"], recursive: true);

        CliResult again = InProcess.Run([.. arguments, "--csv", place["two.csv"], "--page", place["page.html"]]).Ends(0);
        XElement page = XDocument.Load(place["page.html"]).Root!;
        Assert.Equal(["1", "2"], page.Descendants().Where(e => e.Attribute("class")?.Value == "rank").Select(e => e.Value));
        Assert.Contains(page.Descendants("dd"), d => d.Value.StartsWith("100, ", StringComparison.Ordinal));
        Assert.Contains("plain, seed 1 (1 of 2): known, from ", again.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(place["all"]));
        Assert.Equal(File.ReadAllText(place["one.csv"]), File.ReadAllText(place["two.csv"]));

        // another build, other values: other runs
        Assert.Contains("plain, seed 1 (1 of 2): starts", InProcess.Run([.. arguments, "--program", "next", "--set", "train.learning_rate=1e-3"]).Ends(0).Error, StringComparison.Ordinal);
        Assert.Equal(1 + 4, File.ReadAllLines(place["runs.csv"]).Length);
    }

    string Recipe(string name, string term) => Methods.Write(place, name, term);
}

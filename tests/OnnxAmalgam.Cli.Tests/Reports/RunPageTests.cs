using System.Globalization;
using System.Xml.Linq;
using OnnxAmalgam.Cli.Reports.Pages;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Reports;

[Collection(TrainedRunTests.Name)]
public sealed class RunPageTests(TrainedRun run) : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void A_run_s_page_holds_its_figures_and_counts_every_test_image()
    {
        InProcess.Run("report", run.Folder, "-o", place["page.html"], "--threads", "1").Ends(0);
        string html = File.ReadAllText(place["page.html"]);
        Assert.Equal(html, File.ReadAllText(Path.Combine(run.Folder, "report.html")));
        XElement page = XElement.Parse(html[html.IndexOf("<html", StringComparison.Ordinal)..]);

        Table evaluation = Table.Read(File.ReadAllText(Path.Combine(run.Folder, "evaluation.csv")));
        Assert.All(evaluation.Rows, r => Assert.Contains(page.Descendants("data"), d => d.Attribute("value")!.Value == double.Parse(r["value"], CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture)));

        XElement matrix = page.Descendants("table").Single(t => t.Attribute("class")?.Value == "matrix");
        XElement[] rows = [.. matrix.Element("tbody")!.Elements("tr")];
        Assert.Equal(20, rows.Length);
        Assert.All(rows, r => Assert.Equal(20, r.Elements("td").Count()));
        int Number(XElement cell) => cell.Value.Length > 0 ? int.Parse(cell.Value, CultureInfo.InvariantCulture) : 0;
        Assert.Equal(300, rows.Sum(r => r.Elements("td").Sum(Number)));
        double right = rows.Select((r, i) => Number(r.Elements("td").ElementAt(i))).Sum() / 300.0;
        double stated = evaluation.Rows.Where(r => r["model"] == "student" && r["task"] == "union" && r["metric"] == "accuracy_top1").Select(r => double.Parse(r["value"], CultureInfo.InvariantCulture)).Single();
        Assert.Equal(stated, right, 1e-6);

        Assert.Equal(300, page.Descendants(Html.Svg + "circle").Count(c => c.Attribute("class")!.Value.StartsWith("point ", StringComparison.Ordinal)));
        Assert.Contains(page.Descendants(Html.Svg + "polyline"), p => p.Attribute("points")!.Value.Split(' ').Length == 2);
        Assert.Equal(File.ReadAllText(Path.Combine(run.Folder, "recipe.yaml")), page.Descendants("pre").Single().Value);
        Assert.DoesNotContain("http://", html.Replace(Html.Svg.NamespaceName, "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_its_images_the_page_still_has_its_classes_and_an_unfinished_run_is_refused()
    {
        string copy = place["copy"];
        Directory.CreateDirectory(copy);
        foreach (string name in (string[])["evaluation.csv", "predictions.csv", "results.csv", "student.onnx"])
            File.Copy(Path.Combine(run.Folder, name), Path.Combine(copy, name));
        File.WriteAllText(Path.Combine(copy, "recipe.yaml"), File.ReadAllText(Path.Combine(run.Folder, "recipe.yaml")).Replace("fashion-mnist", "moved-away", StringComparison.Ordinal));
        CliResult result = InProcess.Run("report", copy).Ends(0);
        Assert.Contains("the page has no map of features and may not say which teacher a class is of: idx source ", result.Error, StringComparison.Ordinal);
        Assert.Equal(["report.html", "results.png", "confusion_matrix.png"], result.Output.TrimEnd().Split('\n').Select(Path.GetFileName));
        string page = File.ReadAllText(Path.Combine(copy, "report.html"));
        Assert.Contains("class=\"matrix\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("principal axes", page, StringComparison.Ordinal);
        Assert.Contains("The run holds no benchmark.csv.", page, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Path.Combine(run.Folder, "confusion_matrix.png")), File.ReadAllBytes(Path.Combine(copy, "confusion_matrix.png")));

        File.Delete(Path.Combine(copy, "predictions.csv"));
        Assert.Contains("The run holds no predictions.csv.", InProcess.Run("report", copy, "-o", "-").Ends(0).Output, StringComparison.Ordinal);
        File.Delete(Path.Combine(copy, "student.onnx"));
        Assert.Contains("got a run that is not finished; go on with: onnx-amalgam train --resume -o ", InProcess.Run("report", copy).Ends(2).Error, StringComparison.Ordinal);
    }
}

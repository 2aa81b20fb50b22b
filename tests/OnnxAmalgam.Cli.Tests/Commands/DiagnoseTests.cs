using System.Globalization;
using System.Text.Json;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary>The demo's teachers on a few of its images.</summary>
public sealed class DiagnoseTests : IDisposable
{
    static readonly string[] Arguments = ["diagnose", Bundled.Recipe, "--images", "60", "--threads", "1", .. Bundled.Set("augment=[{crop: {padding: 2}}]")];
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void A_table_a_verdict_a_file_and_a_document_say_the_same()
    {
        CliResult text = InProcess.Run([.. Arguments, "--csv", place["rows.csv"]]).Ends(0);
        Assert.Contains("digits: crop(2), 60 images\n", text.Error, StringComparison.Ordinal);
        string[] lines = text.Output.Split('\n');
        Assert.Matches("^teacher +tap +augmentation +alignment +shift +uniformity +RankMe +of +sparsity +correlation +decoupling +flips +95 % interval$", lines[0]);
        Assert.Contains(lines, l => l.StartsWith("augmentation  ", StringComparison.Ordinal));
        Assert.Matches("(?m)^teacher +tap +augmentation +brightness +colour +offset +blur$", text.Output);
        Assert.Matches("(?m)^crop\\(2\\) +safe and useful; not certain, take more images ", text.Output);
        Assert.Matches("(?m)^random_mask\\(0.5, 1\\) +not safe: teachers change their minds ", text.Output);

        Table table = Table.Read(File.ReadAllText(place["rows.csv"]));
        Assert.Equal("teacher,tap,augmentation,images,alignment,shift,uniformity,rankme,channels,sparsity,correlation,decoupling,flip_rate,flip_low,flip_high,leak_brightness,leak_colour,leak_offset,leak_blur", string.Join(',', table.Columns));
        Assert.Equal(["digits", "clothes"], table.Rows.Select(r => r["teacher"]).Distinct());
        Assert.Equal(14, table.Rows.Count);
        Assert.All(table.Rows.Where(r => r["augmentation"] == "none"), r => Assert.Equal(("0", "0", ""), (r["alignment"], r["flip_rate"], r["decoupling"])));

        JsonElement document = JsonDocument.Parse(InProcess.Run([.. Arguments, "--json"]).Ends(0).Output).RootElement;
        Assert.Equal(1, document.GetProperty("schemaVersion").GetInt32());
        JsonElement row = document.GetProperty("rows")[3];
        Assert.Equal(double.Parse(table.Rows[3]["rankme"], CultureInfo.InvariantCulture), row.GetProperty("rankMe").GetDouble(), 1e-9);
        Assert.Equal(double.Parse(table.Rows[3]["leak_offset"], CultureInfo.InvariantCulture), row.GetProperty("leakOffset").GetDouble(), 1e-9);
        Assert.Equal(("", JsonValueKind.Null), (table.Rows[3]["leak_colour"], row.GetProperty("leakColour").ValueKind));
        Assert.Equal(6, document.GetProperty("verdicts").GetArrayLength());
        Assert.Equal("crop(2)", document.GetProperty("verdicts")[0].GetProperty("augmentation").GetString());
    }

    [Fact]
    public void Too_few_images_are_refused() =>
        Assert.Contains("--images: expected a whole number of at least 2, got '1'", InProcess.Run("diagnose", Bundled.Recipe, "--images", "1").Ends(1).Error, StringComparison.Ordinal);
}

using System.Globalization;
using Onnx;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary><c>pretrain</c>, <c>invariance</c>, and students whose scores are sigmoids on the command line.</summary>
[Collection(TrainedRunTests.Name)]
public sealed class PretrainTests(TrainedRun run) : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void A_pretrained_student_is_one_file_that_says_how_to_go_on_and_whose_invariances_can_be_measured()
    {
        string file = place["pretrained.onnx"];
        CliResult result = InProcess.Run(["pretrain", Bundled.Recipe, "-o", file, "--classes", "6", "--samples", "8", "--epochs", "1", .. Bundled.Short]).Ends(0);
        Assert.Equal(["pretrained.onnx"], place.Entries);
        Assert.Contains("6 of 8 images", result.Output, StringComparison.Ordinal);
        Assert.Contains("6 surrogate classes of 8 images; ", result.Error, StringComparison.Ordinal);
        Assert.EndsWith($"go on with: onnx-amalgam train {Bundled.Recipe} --set student.model={file}\n", result.Error, StringComparison.Ordinal);

        Table rows = Table.Read(InProcess.Run("invariance", file, "--recipe", Bundled.Recipe, "--images", "20", "--csv", "-", "--threads", "1").Ends(0).Output);
        Assert.Equal(["model", "transformation", "magnitude", "distance", "n"], rows.Columns);
        Assert.Equal(["student", "digits", "clothes"], rows.Rows.Select(r => r["model"]).Distinct());
        Assert.Equal(["translate", "scale", "rotate", "contrast", "value"], rows.Rows.Select(r => r["transformation"]).Distinct());
        Assert.All(rows.Rows, r => Assert.True(double.Parse(r["distance"], CultureInfo.InvariantCulture) > 0 && r["n"] == "20"));
    }

    [Fact]
    public void Invariances_are_a_table_with_a_column_a_model()
    {
        string table = InProcess.Run("invariance", run.Folder, "--recipe", Bundled.Recipe, "--images", "10", "--threads", "1").Ends(0).Output;
        Assert.Matches(@"^transformation +magnitude +student +digits +clothes +lost", table);
        Assert.Equal(18, table.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length - 1);
    }

    [Fact]
    public void A_similarity_that_is_no_share_is_refused() =>
        Assert.Contains("--similarity: expected a number from 0 to 1, got '2'", InProcess.Run("pretrain", Bundled.Recipe, "-o", place["x.onnx"], "--similarity", "2").Ends(1).Error, StringComparison.Ordinal);

    [Fact]
    public void A_pretrained_student_never_replaces_an_input() =>
        Assert.Contains("expected a file that is not an input of this run", InProcess.Run("pretrain", Bundled.Recipe, "-o", Bundled.Teacher("digits_resnet")).Ends(2).Error, StringComparison.Ordinal);

    [Fact]
    public void Predict_gives_probabilities_of_their_own_to_a_model_that_says_its_scores_are_sigmoids()
    {
        OnnxModel model = OnnxModel.Load(run.Student);
        model.Proto.MetadataProps.Add(new StringStringEntryProto { Key = "onnx_amalgam.scores", Value = "sigmoid" });
        model.Save(place["tagger.onnx"]);
        string image = Bundled.Digits(place, 1)[0];
        double Sum(string file) => Table.Read(InProcess.Run("predict", file, image, "--top", "20", "--csv", "-").Ends(0).Output).Rows.Sum(r => double.Parse(r["probability"], CultureInfo.InvariantCulture));
        Assert.Equal(1, Sum(run.Student), 1e-6);
        Assert.NotInRange(Sum(place["tagger.onnx"]), 0.9, 1.1);
    }
}

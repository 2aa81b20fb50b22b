using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Comparison;
using OnnxAmalgam.Training.Evaluation;

namespace OnnxAmalgam.Training.Tests.Comparison;

public sealed class MethodComparisonTests
{
    static readonly string[] Images = ["a,\"1\"", "b", "c", "d"];
    static readonly string[] Labels = ["cat", "cat", "dog", "dog"];

    /// <summary>A run whose pattern says which images are right: <c>x</c> wrong, <c>o</c> right.</summary>
    static MethodRun Run(long seed, string pattern, string[]? labels = null)
    {
        double share = pattern.Count(c => c == 'o') / 4.0;
        EvaluationRow[] rows =
        [
            new("student", "union", "accuracy_top1", share, 0, 1, 4), new("student", "union", "ece", 0.5, null, null, 4), new("student", "pets", "accuracy_top1", share / 2, 0, 1, 2),
            new("concatenated", "union", "accuracy_top1", 0.25, 0.05, 0.7, 4), new("pets", "pets", "accuracy_top1", 0.75, 0.3, 0.95, 4),
        ];
        return new(seed, rows, TestAnswers.Of(Predictions(pattern, labels)));
    }

    static PredictionTable Predictions(string pattern, string[]? labels = null) => new(Images, labels ?? Labels, [.. pattern.Select((c, i) => c == 'o' ? (labels ?? Labels)[i] : "fish")]);

    [Fact]
    public void Means_differences_and_counts_by_hand()
    {
        MethodComparison comparison = new([("first", [Run(1, "oooo"), Run(2, "ooox")]), ("second", [Run(1, "oxxx"), Run(2, "xoxx")])], seed: 1);
        MethodRow union = comparison.Methods[0];
        Assert.Equal(("first", false, "union", 2, 4L, 0.875), (union.Method, union.IsBaseline, union.Task, union.Seeds, union.Images, union.Accuracy));
        Assert.Equal(0.875 - 12.7062047362 * 0.125, union.CiLow!.Value, 1e-8);
        Assert.Equal(["union", "pets", "union", "pets"], comparison.Methods.Select(m => m.Task));
        Assert.Equal([("concatenated", 0.25), ("pets", 0.75)], comparison.Baselines.Select(b => (b.Method, b.Accuracy)));

        PairRow pair = Assert.Single(comparison.Pairs);
        Assert.Equal(0.625, pair.Difference, 1e-12);
        Assert.Equal(0.625 - 12.7062047362 * 0.125, pair.CiLow!.Value, 1e-8);
        // right in most seeds: all four of the first (the last by its first seed), the first image alone of the second
        Assert.Equal((3, 0), (pair.OnlyMethod, pair.OnlyAgainst));
        Assert.Equal(0.25, pair.McNemarP, 1e-12);
        Assert.InRange(pair.ImageCiLow, 0.4999, 0.6251);
        Assert.InRange(pair.ImageCiHigh, 0.6249, 1);
    }

    [Fact]
    public void Teachers_that_only_some_methods_have_are_baselines_too_and_different_ones_of_a_name_are_told_apart()
    {
        MethodRun other = Run(1, "oooo");
        other = other with { Evaluation = [.. other.Evaluation.Select(r => r.Model == "pets" ? r with { Value = 0.5 } : r), new("birds", "birds", "accuracy_top1", 0.6, 0, 1, 2)] };
        MethodComparison comparison = new([("first", [Run(1, "oooo")]), ("second", [other])], seed: 1);
        Assert.Equal([("concatenated", 0.25), ("pets (first)", 0.75), ("pets (second)", 0.5), ("birds", 0.6)], comparison.Baselines.Select(b => (b.Method, b.Accuracy)));
    }

    [Fact]
    public void The_table_has_stable_columns_and_empty_cells_where_nothing_is_known()
    {
        MethodComparison comparison = new([("first", [Run(1, "oooo")]), ("second", [Run(1, "oooo")])], seed: 1);
        string[] lines = comparison.ToCsv().Split('\n');
        Assert.Equal("row,method,against,task,seeds,images,value,ci_low,ci_high,image_ci_low,image_ci_high,only_method,only_against,mcnemar_p", lines[0]);
        Assert.Equal("method,first,,union,1,4,1,,,,,,,", lines[1]);
        Assert.Contains("baseline,concatenated,,union,,4,0.25,0.05,0.7,,,,,", lines);
        Assert.Equal("pair,first,second,union,1,4,0,,,0,0,0,0,1", lines[^2]);
    }

    [Fact]
    public void Other_images_or_labels_and_images_without_label_are_refused()
    {
        string Refused(MethodRun other) => Assert.Throws<InputException>(() => new MethodComparison([("first", [Run(1, "oooo")]), ("second", [other])], 1)).Message;
        Assert.Equal("'second': expected the test images and labels of 'first', got others; compare recipes with the same data.test", Refused(Run(1, "oooo", ["cat", "cat", "dog", "cow"])));
        string[] nameless = ["cat", "", "dog", "dog"];
        Assert.Contains("got 1 without a label", Assert.Throws<InputException>(() => new MethodComparison([("first", [Run(1, "oooo", nameless)])], 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Predictions_are_read_as_they_were_written_and_other_columns_are_refused()
    {
        using TempFolder folder = new();
        string path = folder.Write("predictions.csv", Predictions("oxox").ToCsv());
        PredictionTable read = PredictionTable.Read(path);
        Assert.Equal(Images, read.Images);
        Assert.Equal([true, false, true, false], Enumerable.Range(0, 4).Select(read.IsRight));
        string broken = folder.Write("evaluation.csv", "model,task,metric,value,ci_low,ci_high,n\nstudent,union,accuracy_top1,0.5,,,4\nstudent,union,ece,half,,,4\n");
        Assert.StartsWith($"'{broken}', line 3: expected a row of such a file, got something else (", Assert.Throws<InputException>(() => EvaluationRow.ReadCsv(broken)).Message, StringComparison.Ordinal);
        File.WriteAllText(broken, "model,task,metric,value,ci_low,ci_high,n\nstudent,union\n");
        Assert.StartsWith($"'{broken}', line 2: expected a row of such a file", Assert.Throws<InputException>(() => EvaluationRow.ReadCsv(broken)).Message, StringComparison.Ordinal);
        string other = folder.Write("other.csv", "image,class\na,b\n");
        Assert.Equal($"'{other}': expected the columns image,label,predicted, got image,class; remove the run's folder to train it anew", Assert.Throws<InputException>(() => PredictionTable.Read(other)).Message);
    }
}

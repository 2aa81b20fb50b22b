using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Losses;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Evaluation;

public sealed class EvaluationMeterTests
{
    static readonly LabelUnion Union = new([new("pets", ["cat", "dog"]), new("quiet", []), new("wild", ["fox", "cat"])], keepDuplicates: false);

    static Tensor Rows(params double[][] rows) => tensor(rows.SelectMany(r => r).Select(v => (float)v).ToArray(), rows.Length, rows[0].Length);

    static Dictionary<string, EvaluationRow> Results(EvaluationMeter meter) => meter.Rows().ToDictionary(r => $"{r.Model} {r.Task} {r.Metric}");

    // classes: cat 0, dog 1, fox 2
    static readonly Tensor Student = Rows([3, 1, 0], [0, 1, 2], [0, 2, 3], [1, 0, 0.5], [5, 0, 0]);
    static readonly Tensor Pets = Rows([2, 1], [0, 1], [9, 0], [1, 0], [0, 1]);
    static readonly Tensor Wild = Rows([0, 1], [3, 0], [1, 0], [0, 3], [0, 1]);
    static readonly Tensor Labels = tensor(new long[] { 0, 1, 2, 2, -1 });

    static EvaluationMeter Counted(params (int From, int To)[] batches)
    {
        EvaluationMeter meter = new(Union, CPU);
        foreach (var (from, to) in batches) meter.Add(Student[from..to], [Pets[from..to], null, Wild[from..to]], Labels[from..to]);
        return meter;
    }

    [Fact]
    public void Shares_are_those_counted_by_hand()
    {
        using var meter = Counted((0, 5));
        var results = Results(meter);
        void Share(string key, double hits, long n)
        {
            Assert.Equal(hits / n, results[key].Value, 1e-12);
            Assert.Equal(n, results[key].N);
            var (low, high) = Wilson.Interval((long)hits, n);
            Assert.Equal((low, high), (results[key].CiLow, results[key].CiHigh));
        }

        // student: cat ok; dog -> fox; fox ok; fox -> cat. Tasks: pets {cat, dog} on images 0, 1; wild {fox, cat} on images 0, 2, 3
        Share("student union accuracy_top1", 2, 4);
        Share("student pets accuracy_top1", 2, 2);
        Share("student wild accuracy_top1", 2, 3);
        // concatenated scores, the larger of both for cat: [2,1,0] [0,1,3] [9,0,1] [3,0,0]
        Share("concatenated union accuracy_top1", 1, 4);
        Share("concatenated pets accuracy_top1", 2, 2);
        Share("concatenated wild accuracy_top1", 1, 3);
        Share("pets pets accuracy_top1", 2, 2);
        Share("wild wild accuracy_top1", 2, 3);
        // student against concatenated: cat=cat, fox=fox, fox!=cat, cat=cat; against pets on 0, 1; against wild on 0, 2, 3
        Share("student union agreement", 3, 4);
        Share("student pets agreement", 2, 2);
        Share("student wild agreement", 3, 3);
        Assert.DoesNotContain(results.Keys, k => k.Contains("quiet", StringComparison.Ordinal) || k.Contains("top5", StringComparison.Ordinal) || k.StartsWith("wild union", StringComparison.Ordinal));
    }

    [Fact]
    public void Batches_add_up_to_the_whole()
    {
        using var whole = Counted((0, 5));
        using var parts = Counted((0, 1), (1, 4), (4, 5));
        foreach (var (expected, actual) in whole.Rows().Zip(parts.Rows()))
            Assert.Equal(expected with { Value = Math.Round(expected.Value, 9) }, actual with { Value = Math.Round(actual.Value, 9) });
    }

    [Fact]
    public void Without_labels_there_is_agreement_on_all_images()
    {
        using EvaluationMeter meter = new(Union, CPU);
        meter.Add(Student, [Pets, null, Wild], null);
        var results = Results(meter);
        Assert.Equal(["student pets agreement", "student union agreement", "student wild agreement"], results.Keys.Order());
        Assert.Equal(5, results["student union agreement"].N);
        // student on {cat, dog}: cat dog dog cat cat; pets: cat dog cat cat dog
        Assert.Equal(3 / 5.0, results["student pets agreement"].Value);
    }

    [Fact]
    public void Kept_duplicates_are_judged_by_their_class()
    {
        LabelUnion concat = new([new("pets", ["cat", "dog"]), new("wild", ["fox", "cat"])], keepDuplicates: true);
        using EvaluationMeter meter = new(concat, CPU);
        // cat, dog, fox, wild/cat
        meter.Add(Rows([0, 1, 2, 3], [0, 1, 2, -3]), [Rows([0, 1], [0, 1]), Rows([0, 1], [2, 1])], tensor(new long[] { 0, 0 }));
        Assert.Equal(0.5, Results(meter)["student union accuracy_top1"].Value);
    }

    [Fact]
    public void Calibration_error_is_the_gap_of_its_bins()
    {
        // confidence .9 on four images of which three are right, .62 on one that is wrong: (|3 - 3.6| + .62) / 5
        using TaskMeter meter = new("m", "t", [0, 1], 2, CPU);
        double[] Log(double p) => [Math.Log(p), Math.Log(1 - p)];
        meter.Add(Rows(Log(0.9), Log(0.9), Log(0.9), Log(0.9), Log(0.62)), tensor(new long[] { 0, 0, 0, 1, 1 }));
        var row = meter.Rows().Single(r => r.Metric == "ece");
        Assert.Equal((0.6 + 0.62) / 5, row.Value, 1e-6);
        Assert.Null(row.CiLow);
        Assert.Null(row.CiHigh);
    }

    [Fact]
    public void Calibration_bins_do_not_cancel_each_other()
    {
        // under-confident at .55 (both right), over-confident at .95 (both wrong): (2 * .45 + 2 * .95) / 4
        using TaskMeter meter = new("m", "t", [0, 1], 2, CPU);
        double[] Log(double p) => [Math.Log(p), Math.Log(1 - p)];
        meter.Add(Rows(Log(0.55), Log(0.55), Log(0.95), Log(0.95)), tensor(new long[] { 0, 0, 1, 1 }));
        Assert.Equal((2 * 0.45 + 2 * 0.95) / 4, meter.Rows().Single(r => r.Metric == "ece").Value, 1e-6);
    }

    [Fact]
    public void Top_five_counts_within_the_task_and_only_where_there_are_more_classes()
    {
        using TaskMeter six = new("m", "t", [1, 2, 3, 4, 5, 6], 7, CPU);
        // class 0 is not of the task, so 2 is fifth and 1 is sixth
        six.Add(Rows([99, 0, 1, 2, 3, 4, 5], [99, 0, 1, 2, 3, 4, 5], [99, 0, 1, 2, 3, 4, 5]), tensor(new long[] { 2, 1, 0 }));
        var row = six.Rows().Single(r => r.Metric == "accuracy_top5");
        Assert.Equal((0.5, 2), (row.Value, row.N));
        using TaskMeter five = new("m", "t", [0, 1, 2, 3, 4], 5, CPU);
        five.Add(Rows([1, 2, 3, 4, 5]), tensor(new long[] { 4 }));
        Assert.DoesNotContain(five.Rows(), r => r.Metric == "accuracy_top5");
    }

    [Fact]
    public void A_task_without_images_has_no_rows()
    {
        using TaskMeter meter = new("m", "t", [0, 1], 3, CPU);
        meter.Add(Rows([1, 2, 3]), tensor(new long[] { 2 }));
        Assert.Empty(meter.Rows());
    }

    [Fact]
    public void Labels_over_255_are_not_folded()
    {
        using TaskMeter meter = new("m", "t", [.. Enumerable.Range(0, 300)], 300, CPU);
        meter.Add(nn.functional.one_hot(tensor(new long[] { 1, 257, 258 }), 300).to_type(ScalarType.Float32), tensor(new long[] { 257, 257, 2 }));
        Assert.Equal(1 / 3.0, meter.Rows()[0].Value, 1e-12);
    }

    [Fact]
    public void Counting_leaves_nothing_alive()
    {
        using EvaluationMeter meter = new(Union, CPU);
        Tensors.LeavesNothingAlive(() =>
        {
            meter.Add(Student, [Pets, null, Wild], Labels);
            _ = meter.Rows();
            using EvaluationMeter other = new(Union, CPU);
        });
    }

    [Fact]
    public void Rows_are_written_as_the_file_is_documented()
    {
        using StringWriter text = new();
        EvaluationRow.WriteCsv(text, [EvaluationRow.Share("student", "union", "accuracy_top1", 8, 10), new("a, b", "t", "ece", 0.25, null, null, 10)]);
        Assert.Equal("model,task,metric,value,ci_low,ci_high,n\nstudent,union,accuracy_top1,0.800000,0.490162,0.943318,10\n\"a, b\",t,ece,0.250000,,,10\n", text.ToString());
    }
}

using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Losses.Contrast;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

public sealed class MultiLabelTests
{
    /// <summary>A tagger of three labels and a classifier of two, one of them shared.</summary>
    static readonly LabelUnion Union = new([new("tags", ["x", "y", "z"], ScoreKind.Sigmoid), new("quiet", []), new("kinds", ["y", "w"])], keepDuplicates: false);

    static double Sigmoid(double z) => 1 / (1 + Math.Exp(-z));

    static double Entropy(double p, double q) => -q * Math.Log(p) - (1 - q) * Math.Log(1 - p);

    static LossInputs Batch(Tensor student, float[]? weights = null) => new()
    {
        StudentLogits = student,
        TeacherLogits = [tensor(new[] { 2.0, -1, 0.5, 0, 3, -2 }, 2, 3), null, tensor(new[] { 1.0, 0, 0, 2 }, 2, 2)],
        DomainWeights = weights is null ? null : tensor(weights, 2, 3),
    };

    static double Loss(LabelMode mode, LossInputs inputs, double temperature = 1)
    {
        using UnionTarget target = new(mode, Union, CPU);
        return target.Loss(new MultiLabelTerm(1, temperature), inputs, inputs.StudentLogits).Value();
    }

    [Theory]
    [InlineData(LabelMode.Joint, 1)]
    [InlineData(LabelMode.Joint, 2)]
    [InlineData(LabelMode.Restricted, 1)]
    public void By_hand_without_domains_each_label_has_the_mean_of_those_that_know_it(LabelMode mode, double temperature)
    {
        double Sigmoid(double z) => MultiLabelTests.Sigmoid(z / temperature);
        using var scope = NewDisposeScope();
        double[][] z = [[0.3, -0.2, 1, -1], [0.1, 0.4, -0.6, 0.2]];
        double[][] q =
        [
            [Sigmoid(2), (Sigmoid(-1) + Sigmoid(1)) / 2, Sigmoid(0.5), Sigmoid(-1)],
            [Sigmoid(0), (Sigmoid(3) + Sigmoid(-2)) / 2, Sigmoid(-2), Sigmoid(2)],
        ];
        // y is judged by two: m is 1, 2, 1, 1
        double expected = z.Zip(q, (own, target) => own.Zip(target, (a, b) => Entropy(Sigmoid(a), b)).Select((e, c) => c == 1 ? 2 * e : e).Sum() / 5).Average() * temperature * temperature;
        Assert.Equal(expected, Loss(mode, Batch(tensor([.. z.SelectMany(r => r)], 2, 4)), temperature), 1e-10);
    }

    [Fact]
    public void Under_gated_labels_only_the_images_teacher_judges_and_an_image_of_nobody_costs_nothing()
    {
        using var scope = NewDisposeScope();
        var student = tensor(new[] { 0.3, -0.2, 1, -1, 0.1, 0.4, -0.6, 0.2 }, 2, 4).requires_grad_();
        double expected = new[] { (0.3, 2.0), (-0.2, -1.0), (1, 0.5) }.Average(p => Entropy(Sigmoid(p.Item1), Sigmoid(p.Item2))) / 2;
        var inputs = Batch(student, [1, 0, 0, 0, 0, 0]);
        Assert.Equal(expected, Loss(LabelMode.Gated, inputs), 1e-10);
        using UnionTarget target = new(LabelMode.Gated, Union, CPU);
        target.Loss(new MultiLabelTerm(1), inputs, student).backward();
        Assert.All(student.grad!.Values()[3..], g => Assert.Equal(0, g));
        Assert.Throws<ArgumentException>(() => Loss(LabelMode.Gated, Batch(student)));
    }

    [Fact]
    public void The_gradient_is_right_and_zero_where_the_student_says_what_the_tagger_says()
    {
        using var scope = NewDisposeScope();
        float[] weights = [1, 0, 0, 1, 0, 0];
        using UnionTarget target = new(LabelMode.Gated, Union, CPU);
        Tensors.GradientMatchesDifferences(x => target.Loss(new MultiLabelTerm(1, 2), Batch(x, weights), x), Tensors.Random(1, 2, 4));
        var same = tensor(new[] { 2.0, -1, 0.5, 7, 0, 3, -2, -7 }, 2, 4).requires_grad_();
        target.Loss(new MultiLabelTerm(1, 2), Batch(same, weights), same).backward();
        Assert.All(same.grad!.Values(), g => Assert.Equal(0, g, 1e-12));
    }

    [Fact]
    public void A_batch_twice_over_has_the_same_loss_and_nothing_stays_alive()
    {
        using var scope = NewDisposeScope();
        var once = Batch(Tensors.Random(1, 2, 4));
        var twice = new LossInputs { StudentLogits = cat([once.StudentLogits, once.StudentLogits]), TeacherLogits = [.. once.TeacherLogits.Select(t => t is null ? null : cat([t, t]))] };
        Assert.Equal(Loss(LabelMode.Joint, once), Loss(LabelMode.Joint, twice), 1e-12);
        using UnionTarget target = new(LabelMode.Joint, Union, CPU);
        var student = Tensors.Variable(1, 2, 4);
        var batch = Batch(student);
        Tensors.LeavesNothingAlive(() =>
        {
            using var loss = target.Loss(new MultiLabelTerm(1), batch, student);
            loss.backward();
        });
    }

    [Fact]
    public void A_taggers_probabilities_are_what_pseudo_labels_come_from()
    {
        using var scope = NewDisposeScope();
        using UnionTarget target = new(LabelMode.Joint, Union, CPU);
        var probabilities = target.Probabilities(Batch(Tensors.Random(1, 2, 4)), Tensors.Random(1, 2, 4));
        Assert.Equal(Sigmoid(0.5), probabilities[0][2].Value(), 1e-12);
        Assert.Equal([1, 0, 1, 0, 0, 0, 0, 1], PseudoLabels.Of(new ThresholdLabels(0.6), probabilities).Values());
    }

    [Fact]
    public void Average_precision_by_hand()
    {
        using var scope = NewDisposeScope();
        // label 0: ranks 1 and 3 of 4 are right: (1 + 2/3) / 2; label 1: a tie of all four, one right: 1/4; label 2 has no image
        var scores = tensor(new[] { 0.9, 0.5, 0, 0.8, 0.5, 0, 0.7, 0.5, 0, 0.1, 0.5, 0 }, 4, 3);
        var truth = tensor(new[] { true, false, false, false, true, false, true, false, false, false, false, false }, 4, 3);
        Assert.Equal(((1 + 2 / 3.0) / 2 + 0.25) / 2, MultiLabelMeter.MeanAveragePrecision(scores, truth), 1e-12);
    }

    [Fact]
    public void Evaluation_has_rows_by_label_for_the_student_and_each_teacher()
    {
        using var scope = NewDisposeScope();
        using EvaluationMeter meter = new(Union, CPU, multiLabel: true);
        // x and w are right, y is taken for z by the student
        var student = tensor(new[] { 3.0, -3, -3, -3, -3, -3, -3, 3, -3, -1, 2, -3 }, 3, 4);
        Tensor[] teachers = [tensor(new[] { 3.0, -3, -3, -3, -3, -3, -3, 3, -3 }, 3, 3), tensor(new[] { 0.0, 4, 0, 4, 4, 0 }, 3, 2)];
        meter.Add(student, [teachers[0], null, teachers[1]], tensor(new[] { 0L, 3, 1 }));
        EvaluationRow Row(string model, string task, string metric) => Assert.Single(meter.Rows(), r => r.Model == model && r.Task == task && r.Metric == metric);
        Assert.Equal(10 / 12.0, Row("student", "union", "label_accuracy").Value, 1e-9);
        Assert.Equal(1, Row("tags", "tags", "label_accuracy").Value, 1e-9);
        Assert.Equal(1, Row("kinds", "kinds", "mean_average_precision").Value, 1e-9);
        Assert.Equal(7 / 9.0, Row("student", "tags", "label_agreement").Value, 1e-9);
        Assert.Equal(3, Row("student", "tags", "label_agreement").N);
        Assert.Null(Row("student", "union", "mean_average_precision").CiLow);
        using EvaluationMeter plain = new(Union, CPU);
        plain.Add(student, [teachers[0], null, teachers[1]], tensor(new[] { 0L, 3, 1 }));
        Assert.DoesNotContain(plain.Rows(), r => r.Metric.StartsWith("label_", StringComparison.Ordinal) || r.Metric == "mean_average_precision");
    }
}

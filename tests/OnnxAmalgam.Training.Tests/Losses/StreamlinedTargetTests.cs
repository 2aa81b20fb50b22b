using OnnxAmalgam.Training.Losses.Scores;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

public sealed class StreamlinedTargetTests
{
    static double Direction(Tensor student, Tensor teacher, Tensor? weights = null, double tikhonov = 0.1) =>
        StreamlinedTarget.Direction(student, teacher, weights, tikhonov).Value();

    [Theory]
    [InlineData(0.1)]
    [InlineData(3)]
    public void Two_images_by_hand(double lambda)
    {
        using var scope = NewDisposeScope();
        // cosines: 1 in the student, 0.6 in the teacher, of two labels: D = [[0, e], [e, 0]], e = 0.4 / 2; its covariance is e^2 / 2 [[1, -1], [-1, 1]],
        // of eigenvalue e^2 along (1, -1) and 0 along (1, 1)
        var (student, teacher) = (tensor(new[] { 1.0, 0, 2, 0 }, 2, 2), tensor(new[] { 5.0, 0, 0.3, 0.4 }, 2, 2));
        const double E = 0.2;
        Assert.Equal(Math.Sqrt(E * E / 2 * ((1 / lambda) + (1 / (lambda + (E * E))))), Direction(student, teacher, null, lambda), 1e-12);
    }

    [Fact]
    public void It_is_the_published_expression_written_out_with_an_inverse()
    {
        using var scope = NewDisposeScope();
        const int N = 5, C = 4;
        var (student, teacher) = (Tensors.Random(1, N, C), Tensors.Random(2, N, C));
        double[,] Gram(double[] z)
        {
            var gram = new double[N, N];
            double Product(int a, int b) => Enumerable.Range(0, C).Sum(c => z[(a * C) + c] * z[(b * C) + c]);
            for (var a = 0; a < N; a++)
                for (var b = 0; b < N; b++)
                    gram[a, b] = Product(a, b) / Math.Sqrt(Product(a, a) * Product(b, b)) / C;
            return gram;
        }

        var (own, other) = (Gram(student.Values()), Gram(teacher.Values()));
        var d = new double[N, N];
        for (var a = 0; a < N; a++)
            for (var b = 0; b < N; b++)
                d[a, b] = own[a, b] - other[a, b];
        var covariance = new double[N, N];
        double Mean(int column) => Enumerable.Range(0, N).Average(n => d[n, column]);
        for (var a = 0; a < N; a++)
            for (var b = 0; b < N; b++)
                covariance[a, b] = (Enumerable.Range(0, N).Sum(n => (d[n, a] - Mean(a)) * (d[n, b] - Mean(b))) / (N - 1)) + (a == b ? 0.1 : 0);
        var inverse = linalg.inv(tensor(covariance)).Values();
        double Length(int n) => Math.Sqrt(Enumerable.Range(0, N).Sum(a => Enumerable.Range(0, N).Sum(b => d[n, a] * inverse[(a * N) + b] * d[n, b])));
        Assert.Equal(Enumerable.Range(0, N).Average(Length), Direction(student, teacher), 1e-12);
    }

    [Fact]
    public void It_is_zero_for_the_teachers_directions_whatever_their_lengths_and_blind_to_the_order_of_images()
    {
        using var scope = NewDisposeScope();
        var (student, teacher, lengths) = (Tensors.Random(1, 6, 4), Tensors.Random(2, 6, 4), Tensors.Random(3, 6, 1) + 1.5);
        Assert.Equal(0, Direction(teacher * lengths, teacher), 1e-7);
        var whole = Direction(student, teacher);
        Assert.True(whole > 0.1, $"{whole}");
        Assert.Equal(whole, Direction(student * lengths, teacher * 7), 1e-12);
        var order = tensor(new[] { 4L, 0, 5, 1, 3, 2 });
        Assert.Equal(whole, Direction(student[order], teacher[order]), 1e-12);
    }

    [Fact]
    public void A_large_regularisation_leaves_the_length_of_the_rows_and_a_small_one_their_length_in_deviations()
    {
        using var scope = NewDisposeScope();
        var (student, teacher) = (Tensors.Random(1, 6, 4), Tensors.Random(2, 6, 4));
        Tensor Cosines(Tensor z) => nn.functional.normalize(z, dim: 1).mm(nn.functional.normalize(z, dim: 1).t()) / 4;
        var rows = (Cosines(student) - Cosines(teacher)).norm(1, false, 2).mean().Value();
        Assert.Equal(rows, Direction(student, teacher, null, 1e9) * Math.Sqrt(1e9), 1e-6);
        Assert.NotEqual(rows, Direction(student, teacher, null, 1e-3) * Math.Sqrt(1e-3), 1e-2);
    }

    [Fact]
    public void Images_of_other_teachers_change_nothing_but_the_mean_and_get_no_gradient()
    {
        using var scope = NewDisposeScope();
        var (student, teacher) = (Tensors.Random(1, 5, 4), Tensors.Random(2, 5, 4));
        var weights = tensor(new[] { 1.0, 1, 1, 1, 1, 0, 0, 0 });
        var all = cat([student, Tensors.Random(3, 3, 4)]).requires_grad_();
        var loss = StreamlinedTarget.Direction(all, cat([teacher, Tensors.Random(4, 3, 4)]), weights, 0.1);
        Assert.Equal(Direction(student, teacher) * 5 / 8, loss.Value(), 1e-12);
        loss.backward();
        Assert.All(all.grad!.narrow(0, 5, 3).Values(), g => Assert.Equal(0, g));
        Assert.Equal(0, Direction(all, all.detach() * -1, zeros(8, ScalarType.Float64)), 1e-12);
    }

    [Fact]
    public void Gradients_match_differences_and_stay_finite_where_an_image_is_alone_or_its_scores_are_all_zero()
    {
        using var scope = NewDisposeScope();
        var teacher = Tensors.Random(2, 5, 3);
        var weights = tensor(new[] { 1.0, 0.5, 1, 0, 0.5 });
        Tensors.GradientMatchesDifferences(z => StreamlinedTarget.Direction(z, teacher, null, 0.1), Tensors.Random(1, 5, 3));
        Tensors.GradientMatchesDifferences(z => StreamlinedTarget.Direction(z, teacher, weights, 0.1), Tensors.Random(1, 5, 3));
        foreach (var student in new[] { Tensors.Random(1, 1, 3), zeros(4, 3, ScalarType.Float64) })
        {
            using var variable = student.detach().requires_grad_();
            StreamlinedTarget.Direction(variable, Tensors.Random(3, student.shape), null, 0.1).backward();
            Assert.All(variable.grad!.Values(), g => Assert.True(double.IsFinite(g)));
        }
    }

    [Theory]
    [InlineData(LabelMode.Concat)]
    [InlineData(LabelMode.Joint)]
    [InlineData(LabelMode.Restricted)]
    [InlineData(LabelMode.Gated)]
    public void The_term_is_the_divergence_of_soft_targets_and_each_teachers_directions_in_every_label_mode(LabelMode mode)
    {
        using var scope = NewDisposeScope();
        LabelUnion union = new([new("a", ["0", "1", "2"]), new("quiet", []), new("b", ["2", "3"])], keepDuplicates: mode == LabelMode.Concat);
        using UnionTarget target = new(mode, union, CPU);
        var student = Tensors.Random(1, 4, union.Count);
        LossInputs inputs = new()
        {
            StudentLogits = student,
            TeacherLogits = [Tensors.Random(2, 4, 3), null, Tensors.Random(3, 4, 2)],
            DomainWeights = tensor(new[] { 1.0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1 }, 4, 3),
        };
        var owns = mode is LabelMode.Gated or LabelMode.Restricted;
        long[] last = mode == LabelMode.Concat ? [3, 4] : [2, 3];
        var directions = Direction(student.narrow(1, 0, 3), inputs.TeacherLogits[0]!, owns ? tensor(new[] { 1.0, 1, 1, 0 }) : null)
            + Direction(student.index_select(1, tensor(last)), inputs.TeacherLogits[2]!, owns ? tensor(new[] { 0.0, 0, 0, 1 }) : null);
        // its gradient is that of soft targets' cross-entropy: they differ by a constant
        double Without(Tensor z) => target.Loss(new SkdTerm(1, Direction: 0, Temperature: 3), inputs, z).Value();
        double Soft(Tensor z) => target.Loss(new SoftTargetTerm(1, 3), inputs, z).Value();
        var moved = student + Tensors.Random(9, 4, union.Count);
        Assert.Equal(Soft(moved) - Soft(student), Without(moved) - Without(student), 1e-12);
        Assert.True(Without(student) > 0.01);
        Assert.Equal(Without(student) + 2 * directions, target.Loss(new SkdTerm(1, Direction: 2, Temperature: 3), inputs, student).Value(), 1e-12);
    }

    [Fact]
    public void The_term_is_zero_for_a_student_that_says_what_its_one_teacher_says_and_leaves_nothing_alive()
    {
        using var scope = NewDisposeScope();
        LabelUnion union = new([new("a", ["0", "1", "2"])], keepDuplicates: false);
        using UnionTarget target = new(LabelMode.Joint, union, CPU);
        var scores = Tensors.Random(1, 4, 3);
        Assert.Equal(0, target.Loss(new SkdTerm(1), new LossInputs { StudentLogits = scores, TeacherLogits = [scores] }, scores).Value(), 1e-6);
        var student = Tensors.Variable(2, 4, 3);
        LossInputs inputs = new() { StudentLogits = student, TeacherLogits = [scores] };
        Tensors.LeavesNothingAlive(() =>
        {
            using var loss = target.Loss(new SkdTerm(1), inputs, student);
            loss.backward();
        });
    }
}

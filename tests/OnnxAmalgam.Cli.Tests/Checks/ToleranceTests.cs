using OnnxAmalgam.Cli.Checks;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;

namespace OnnxAmalgam.Cli.Tests.Checks;

/// <summary><c>check</c>'s verdict: how far the trainable graph may lie from ONNX Runtime, and who is right where they differ.</summary>
public sealed class ToleranceTests
{
    static readonly string[] Names = ["logits"];

    readonly DoubleRun inDouble;
    readonly Values exact;

    public ToleranceTests()
    {
        var image = TensorData.Of([.. Enumerable.Range(0, 2 * 64).Select(i => MathF.Cos(i))], 2, 1, 8, 8);
        inDouble = new DoubleRun(new OnnxModel(Models.Classifier(), "classifier.onnx"), new Dictionary<string, TensorData> { ["images"] = image }, Names);
        exact = Assert.Single(inDouble.Exact());
    }

    [Fact]
    public void Within_the_tolerance_no_float64_run_is_asked()
    {
        Verdict verdict = Judge(1e-4, result: 1 + 5e-5, reference: 1);
        Assert.True(verdict.Passes);
        Assert.Null(verdict.Message);
        Assert.Equal(5e-5, verdict.Value!.Value, 9);
    }

    [Fact]
    public void A_trainable_graph_that_is_alone_with_its_result_fails()
    {
        Verdict verdict = Judge(1e-4, result: 1.01, reference: 1);
        Assert.False(verdict.Passes);
        Assert.Equal(0.01, verdict.Value!.Value, 9);
        Assert.Contains("output 'logits', element ", verdict.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reference_that_rounding_does_not_explain_is_another_function() =>
        Assert.False(Judge(1e-4, result: 1, reference: 1.01).Passes);

    [Fact]
    public void Two_results_that_are_off_by_rounding_pass_where_float32_cannot_tell()
    {
        Verdict verdict = Judge(1e-9, result: 1 + 1e-7, reference: 1 - 1e-7);
        Assert.True(verdict.Passes);
        Assert.StartsWith("float32 cannot tell", verdict.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Results_of_another_shape_cannot_be_compared()
    {
        Verdict verdict = new Tolerance(1e-4).Judge(Names, [exact with { Shape = [4] }], [exact], inDouble);
        Assert.False(verdict.Passes);
        Assert.Null(verdict.Value);
    }

    [Fact]
    public void The_output_that_differs_most_is_named()
    {
        Difference difference = Difference.Between(["a", "b", "c"], [Of(1, 2), Of(1, 3), Of(1, 2)], [Of(1, 2), Of(1, 2), Of(1, 2.5)]);
        Assert.Equal(new Difference(0.5, "output 'b', element 1: expected 2, got 3"), difference);
    }

    [Theory]
    [InlineData(double.NaN, double.NaN, 0)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity, 0)]
    [InlineData(double.NaN, 1, double.PositiveInfinity)]
    [InlineData(3e-7, 1e-7, 2e-7)]
    public void What_is_no_number_is_like_itself_only_and_tiny_values_differ_absolutely(double a, double b, double expected) =>
        Assert.Equal(expected, Difference.Between(["a"], [Of(a)], [Of(b)]).Value, 12);

    Verdict Judge(double most, double result, double reference) =>
        new Tolerance(most).Judge(Names, [Times(result)], [Times(reference)], inDouble);

    Values Times(double factor) => exact with { Elements = [.. exact.Elements.Select(e => e * factor)] };

    static Values Of(params double[] elements) => new([elements.Length], elements);
}

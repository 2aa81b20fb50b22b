using System.Globalization;
using OnnxAmalgam.Graphs.Edits.Opsets;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Trainable.Operators;

namespace OnnxAmalgam.Trainable.Tests.Opsets;

public sealed class OperatorVersionTests
{
    /// <summary>ONNX Runtime's own, which it takes in ONNX's domain.</summary>
    const string OfRuntime = "SimplifiedLayerNormalization";

    [Fact]
    public void Every_operator_that_trains_is_among_those_whose_versions_are_known()
    {
        var trained = OperatorTable.All.Rows.Where(row => row.Domain.Length == 0).Select(row => row.Type).Distinct();
        Assert.Equal([OfRuntime], trained.Except(OperatorVersions.Operators));
    }

    [Fact]
    public void A_row_that_means_something_else_begins_where_ONNX_changed_the_operator()
    {
        var rows = OperatorTable.All.Rows.Where(row => row is { Domain: "", Since: > 1 } && row.Type != OfRuntime);
        Assert.Empty(rows.Where(row => !OperatorVersions.Of(row.Type).Contains(row.Since)).Select(row => row.ToString()));
    }

    [Fact]
    public void Every_change_that_may_need_rewriting_has_its_step_and_no_step_is_for_another() =>
        Assert.Equal(
            OperatorVersions.Operators.SelectMany(type => OperatorVersions.Of(type).Where(opset => OperatorVersions.MayNeedStep(type, opset)).Select(opset => (type, opset))).Order(),
            OpsetSteps.All.Order());

    [Fact]
    public void The_document_lists_every_step_and_no_other()
    {
        var rows = File.ReadLines(Path.Combine(Repository.Root, "docs", "export.md")).Select(line => line.Split('|', StringSplitOptions.TrimEntries)).Where(cells => cells.Length > 3 && int.TryParse(cells[1], out _));
        Assert.Equal(OpsetSteps.All.Order(), rows.SelectMany(cells => cells[2].Split(", ").Select(type => (type, int.Parse(cells[1], CultureInfo.InvariantCulture)))).Order());
    }

    [Theory]
    [InlineData("Relu", 1, 6, 13, 14)]
    [InlineData("Resize", 10, 11, 13, 18, 19)]
    [InlineData("Softmax", 1, 11, 13)]
    [InlineData("GroupNormalization", 18, 21)]
    [InlineData("Attention", 23)]
    [InlineData("Scatter", 9, 11)]
    [InlineData("NoSuch")]
    public void Versions_are_those_of_the_change_log(string type, params int[] versions) =>
        Assert.Equal(versions, OperatorVersions.Of(type));
}

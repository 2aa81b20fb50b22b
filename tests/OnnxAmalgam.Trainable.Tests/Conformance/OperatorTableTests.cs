using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance;

public sealed class OperatorTableTests
{
    public static TheoryData<string> Cases => [.. AllCases.Names];

    [Fact]
    public void Every_row_of_the_operator_table_has_a_case()
    {
        var tested = AllCases.List.SelectMany(c => c.Rows()).Select(use => use.Row).ToHashSet();
        Assert.Empty(OperatorTable.All.Rows.Where(row => !tested.Contains(row)).Select(row => row.ToString()));
    }

    [Fact]
    public void Every_case_has_a_row() =>
        Assert.Empty(AllCases.List.Where(c => !c.Rows().Any()).Select(c => c.Name));

    [Fact]
    public void Every_attribute_that_a_row_honours_is_set_in_a_case()
    {
        var set = AllCases.List.SelectMany(c => c.Rows().SelectMany(use => c.Attributes.Select(attribute => $"{use.Row} {attribute.Name}"))).ToHashSet();
        var honoured = OperatorTable.All.Rows.SelectMany(row => row.Attributes.Except(row.Ignored).Select(name => $"{row} {name}"));
        Assert.Empty(honoured.Except(set));
    }

    [Fact]
    public void Binding_reads_every_attribute_that_a_row_honours()
    {
        foreach (var rows in AllCases.List.SelectMany(c => c.Rows().Select(use => (c, use.Row))).GroupBy(use => use.Row))
        {
            var unread = rows.Key.Attributes.ToHashSet();
            foreach (var (c, row) in rows)
            {
                using var model = CaseModel.Of(c, Case.Holds(row).Last, c.Types[0], 1, Placement.Inputs);
                var node = new OperatorNode(model.Model.Proto.Graph.Node[^1], row, new FloatTypes(null), model.Model.ReadRaw, _ => null!);
                row.Bind(node);
                unread.IntersectWith(node.Unread);
            }

            Assert.True(unread.Count == 0, $"{rows.Key}: declared and never read: {string.Join(", ", unread)}");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_row_computes_what_ORT_computes(string name)
    {
        var c = AllCases.Find(name);
        foreach (var (row, opsets) in c.Rows())
        {
            foreach (var opset in opsets)
            {
                foreach (var type in c.Types)
                {
                    foreach (var batch in (long[])[1, 3])
                    {
                        foreach (var storage in Enum.GetValues<Placement>()) Agree(c, row, opset, type, batch, storage);
                    }
                }
            }
        }
    }

    static void Agree(Case c, Operator row, int opset, ScalarType type, long batch, Placement storage)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var model = CaseModel.Of(c, opset, type, batch, storage);
        var what = $"{row} at opset {opset}, {type}, batch {batch}, {storage}";
        try
        {
            var expected = Ort.Run(model.Model.ToBytes(), model.Feeds);
            using var graph = new TrainableGraph(model.Model);
            graph.eval();
            var actual = graph.Run(model.Feeds, model.Outputs);
            var tolerance = type == ScalarType.Float64 ? Math.Min(1e-9, c.Tolerance) : c.Tolerance;
            for (var i = 0; i < expected.Length; i++) Compare.Close(expected[i], actual[i], tolerance, tolerance, $"{what}, output {i}");
        }
        catch (Exception e) when (e is not Xunit.Sdk.IAssertionException)
        {
            throw new InvalidOperationException($"{what}: {e.Message}", e);
        }
    }
}

using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance;

public sealed class Float16Tests
{
    public static TheoryData<string> Cases => [.. AllCases.Names.Where(name => AllCases.Find(name) is { HasKink: false, IsFlat: false, LacksFloat16: false } c && c.Types.Contains(ScalarType.Float32))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_file_in_float16_computes_in_float32_what_ORT_computes_in_float16(string name)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var c = AllCases.Find(name);
        var (row, opsets) = c.Rows().Last();
        using var model = CaseModel.Of(c, opsets[^1], ScalarType.Float16, 1, Placement.Initializers);
        var expected = Ort.Run(model.Model.ToBytes(), model.Feeds);
        using var graph = new TrainableGraph(model.Model);
        graph.eval();
        var actual = graph.Run(model.Feeds, model.Outputs);
        for (var i = 0; i < expected.Length; i++) Compare.Close(expected[i], actual[i], 1e-2, 2e-2, $"{row}, output {i}");
    }
}

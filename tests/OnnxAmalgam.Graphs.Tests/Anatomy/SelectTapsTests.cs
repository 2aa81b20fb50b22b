using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Classifiers;

public sealed class SelectTapsTests
{
    [Fact]
    public void A_query_may_select_several_taps() =>
        Assert.Equal(["features", "pool"], Anatomy.SelectTaps(Classifier(), "tensor[rank=4 & dominator] by hw last").Select(tap => tap.Value));

    [Fact]
    public void An_exact_name_wins_over_a_query_of_the_same_text()
    {
        const string name = "tensor[rank=2]";
        var model = Model(Image("N", 3, 8, 8), [Node("Conv", ["image", "w"], [name]), Node("Flatten", [name], ["flat"]), Node("Gemm", ["flat", "fc"], ["scores"])], ["scores"],
            Floats("w", 2, 3, 1, 1), Floats("fc", 128, 4));
        Assert.Equal(name, Assert.Single(Anatomy.SelectTaps(model, name)).Value);
    }

    [Theory]
    [InlineData("op[type=Relu]", "expected tensors, got op 'Relu_features' Relu; add '~> produces'")]
    [InlineData("tensor[image]", "expected a float value of rank 2 to 4 behind the input")]
    [InlineData("tensor[rank=7]", "expected at least one match, got none; nearest, dropped by [rank=7]")]
    [InlineData("tensor[rank=", "column 13: expected a value, got the end")]
    [InlineData("featurs", "tap 'featurs' does not exist in 'tiny.onnx'; closest: 'features'")]
    public void What_cannot_be_tapped_is_refused(string text, string message) =>
        Assert.Contains(message, Assert.Throws<InputException>(() => Anatomy.SelectTaps(Classifier(), text)).Message, StringComparison.Ordinal);
}

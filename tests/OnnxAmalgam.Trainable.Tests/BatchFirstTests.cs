using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>ONNX Runtime lacks <c>layout=1</c>, so it is held against <c>layout=0</c>.</summary>
public sealed class BatchFirstTests
{
    [Theory]
    [InlineData("RNN", 1, 1)]
    [InlineData("GRU", 3, 1)]
    [InlineData("LSTM", 4, 2)]
    public void A_recurrent_layer_with_the_batch_first_gives_what_it_gives_with_the_time_first(string type, int gates, int states)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        manual_seed(3);
        var (x, w, r, b) = (randn(4, 3, 2), randn(2, gates * 3, 2), randn(2, gates * 3, 3), randn(2, gates * 6));
        Tensor[] start = [.. Enumerable.Range(0, states).Select(_ => randn(2, 3, 3))];
        var timeFirst = Run(0, x, start);
        var batchFirst = Run(1, x.transpose(0, 1), [.. start.Select(state => state.transpose(0, 1))]);
        Compare.Close(timeFirst[0].permute(2, 0, 1, 3), batchFirst[0], 0, 0, $"{type}, all steps");
        for (var i = 1; i <= states; i++) Compare.Close(timeFirst[i].transpose(0, 1), batchFirst[i], 0, 0, $"{type}, state {i}");

        Tensor[] Run(long layout, Tensor input, Tensor[] from)
        {
            var model = new TinyModel().Input("x", input).Stored("w", w.clone()).Stored("r", r.clone()).Stored("b", b.clone());
            for (var i = 0; i < from.Length; i++) model.Stored($"s{i}", from[i].contiguous().clone());
            string[] outputs = [.. Enumerable.Range(0, 1 + states).Select(i => $"y{i}")];
            model.Node(type, $"x w r b - {string.Join(' ', from.Select((_, i) => $"s{i}"))}", string.Join(' ', outputs), A("hidden_size", 3), A("direction", "bidirectional"), A("layout", layout)).Output(outputs);
            using var graph = new TrainableGraph(model.Build());
            graph.eval();
            return graph.Run(new Dictionary<string, Tensor> { ["x"] = input }, outputs);
        }
    }
}

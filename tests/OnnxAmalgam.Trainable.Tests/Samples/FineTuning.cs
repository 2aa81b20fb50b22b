using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxAmalgam.Trainable.Tests.Samples;

/// <summary>Goes on training a classifier from its file.</summary>
internal static class FineTuning
{
    public static void Run(string file, string trained, IEnumerable<(Tensor Images, Tensor Labels)> batches)
    {
        #region README
        using var graph = TrainableGraph.Load(file);
        using var optimizer = optim.Adam(graph.parameters(), lr: 0.001);
        graph.train();
        foreach (var (images, labels) in batches)
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            var loss = functional.cross_entropy(graph.forward(images), labels);
            loss.backward();
            optimizer.step();
        }

        graph.WriteBack().Save(trained);
        #endregion
    }
}

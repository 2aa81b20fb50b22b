using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxAmalgam.Trainable.Tests.Samples;

/// <summary>Gives a classifier other classes and trains the new last layer alone.</summary>
internal static class NewHead
{
    public static void Run(string file, string trained, int classes, IEnumerable<(Tensor Images, Tensor Labels)> batches)
    {
        #region README
        var model = OnnxModel.Load(file);
        var features = Anatomy.Head(model)!.Features;
        var weight = Initialisation.LinearUniform(classes * features, features, seed: 1, "head.weight");
        var edited = GraphEdits.ReplaceHead(model, weight, bias: new float[classes]);
        var head = Anatomy.Head(edited)!.Node;

        using var graph = new TrainableGraph(edited);
        graph.Freeze(graph.Initializers.Keys.Concat(graph.Statistics.Keys).Where(name => !head.Input.Contains(name)));
        using var optimizer = optim.Adam(graph.parameters().Where(p => p.requires_grad), lr: 0.01);
        graph.train(); // frozen layers keep their weights and their statistics
        foreach (var (images, labels) in batches)
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            functional.cross_entropy(graph.forward(images), labels).backward();
            optimizer.step();
        }

        graph.WriteBack().Save(trained);
        #endregion
    }
}

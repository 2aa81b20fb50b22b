using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Initializers that a graph declares among its inputs, as all had to be before IR version 4.</summary>
internal static class DeclaredInitializers
{
    /// <summary>Leaves the initializers and takes their declarations away: nobody overrides them any more.</summary>
    public static void Forget(GraphProto graph)
    {
        var constants = graph.Initializer.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        for (var i = graph.Input.Count - 1; i >= 0; i--)
        {
            if (constants.Contains(graph.Input[i].Name))
                graph.Input.RemoveAt(i);
        }
    }
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Export;

/// <summary>A student's trained tensors under the names that checkpoints give them.</summary>
static class StudentWeights
{
    /// <summary>Weights and running statistics; the tensors themselves.</summary>
    public static IEnumerable<KeyValuePair<string, Tensor>> Of(TrainableGraph graph) =>
    [
        .. graph.Initializers.Select(p => KeyValuePair.Create("student/" + p.Key, (Tensor)p.Value)),
        .. graph.Statistics.Select(p => KeyValuePair.Create("statistics/" + p.Key, p.Value)),
    ];

    /// <summary>Copies saved tensors over the ones that own their names.</summary>
    /// <exception cref="InputException">A name is missing or its shape is another.</exception>
    public static void Restore(IEnumerable<KeyValuePair<string, Tensor>> own, IReadOnlyDictionary<string, Tensor> saved)
    {
        using var guard = no_grad();
        var all = own.ToList();
        string[] wrong =
        [
            .. all.Where(p => !saved.ContainsKey(p.Key)).Select(p => $"'{p.Key}' is missing")
                .Concat(all.Where(p => saved.TryGetValue(p.Key, out var s) && !s.shape.SequenceEqual(p.Value.shape)).Select(p => $"'{p.Key}' has another shape"))
                .Take(5),
        ];
        if (wrong.Length > 0)
        {
            throw new InputException($"checkpoint: expected the tensors of this recipe's student and losses, but {string.Join(", ", wrong)}; use the recipe the run was started with");
        }

        foreach (var (name, value) in all)
        {
            value.copy_(saved[name]);
        }
    }
}

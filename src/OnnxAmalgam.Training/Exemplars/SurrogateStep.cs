using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Exemplars;

/// <summary>One optimisation step on a batch of surrogate images. Owns the optimiser's state; no tensor made in a step outlives it.</summary>
internal sealed class SurrogateStep : IDisposable
{
    readonly TrainableGraph graph;
    readonly StudentModel student;
    readonly SurrogateImages images;
    readonly Preprocess preprocess;
    readonly Device device;
    readonly Optimizer optimizer;
    readonly double? clipNorm;

    /// <summary>The student's weights in the recipe's groups: rates, decay and what is frozen are those of amalgamation.</summary>
    public SurrogateStep(TrainableGraph graph, StudentModel student, SurrogateImages images, TrainRecipe train, ComputeOptions compute)
    {
        (this.graph, this.student, this.images, clipNorm) = (graph, student, images, train.ClipNorm);
        device = TorchMemory.Device(compute.Device);
        preprocess = new Preprocess(student.Input);
        graph.Freeze(student.Plan.Frozen);
        optimizer = Optimizer.Create(train, [.. ParameterGroups.OfStudent(graph, student.Plan)]);
    }

    /// <summary>The batch's mean loss, and how many of its images were told right.</summary>
    /// <exception cref="InputException">The loss is not finite.</exception>
    public (double Loss, long Right) Run(ImageBatch batch, RatePoint rate)
    {
        using var scope = NewDisposeScope();
        var canvas = BatchTensors.Canvas(batch, images, device);
        var classes = tensor(batch.Indices.AsSpan(0, batch.Count).ToArray().Select(i => (long)images.ClassOf(i)).ToArray()).to(device);
        graph.train();
        var logits = graph.Run(new Dictionary<string, Tensor> { [graph.InputNames[0]] = preprocess.Apply(canvas) }, [student.Logits])[0].to(ScalarType.Float32);
        var loss = nn.functional.cross_entropy(logits.flatten(1), classes);
        var value = loss.item<float>();
        if (!float.IsFinite(value))
        {
            throw new InputException($"epoch {batch.Epoch}, batch {batch.Index}: expected a finite loss, got {value}; lower train.learning_rate or set train.clip_norm");
        }

        optimizer.ZeroGradients();
        loss.backward();
        if (clipNorm is { } bound)
        {
            GradientClip.ByGlobalNorm(optimizer.Groups.SelectMany(g => g.Parameters), bound);
        }

        optimizer.Step(rate);
        return (value, logits.flatten(1).argmax(1).eq(classes).sum().item<long>());
    }

    /// <inheritdoc/>
    public void Dispose() => optimizer.Dispose();
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>Carries <c>student.normalisation</c> out: the graph is changed when the recipe is opened, without looking at an image, so that a run
/// always has the same graph; statistics are measured once, before the first step, and are in every checkpoint from then on.</summary>
internal static class StudentNormalisation
{
    const string Stream = "normalisation";

    /// <summary>The student's graph, and the layers to measure.</summary>
    /// <remarks>Weights that are drawn anew have no function to keep: what is put in starts as every new BatchNormalization does.</remarks>
    /// <exception cref="InputException">There is nothing to refresh, or nothing to put in.</exception>
    public static (OnnxModel Model, IReadOnlyList<NormalisationLayer> Measured) Prepare(OnnxModel model, StudentRecipe recipe)
    {
        switch (recipe.Normalisation.Mode)
        {
            case NormalisationMode.Refresh:
                var layers = Anatomy.BatchNormalizations(model);
                return layers.Count > 0 ? (model, layers) : throw Refuse(model, "BatchNormalization to refresh, got none");
            case NormalisationMode.Insert:
                OnnxModel edited = GraphEdits.InsertNormalisation(model, out var inserted);
                return inserted.Count == 0
                    ? throw Refuse(model, "a convolution that no normalisation follows, got none")
                    : (edited, recipe.Weights == WeightsMode.Random ? [] : inserted);
            default:
                return (model, []);
        }
    }

    /// <summary>Measures mean and variance of what each layer normalises, and writes them into the student.</summary>
    /// <remarks>What was put in also gets scale = sqrt(variance + epsilon) and bias = mean: the identity, whatever the statistics. The inserted
    /// layers are measured as the student evaluates; a refresh goes through the layers in training mode, each behind the batch statistics of those
    /// before it, as in training, and takes whole batches only.</remarks>
    /// <returns>How many images were measured.</returns>
    /// <exception cref="InputException">A value is not finite.</exception>
    public static int Measure(AmalgamationSetup setup, TrainableGraph student)
    {
        var (layers, recipe) = (setup.Student.Measured, setup.Recipe.Student.Normalisation);
        bool refreshes = recipe.Mode == NormalisationMode.Refresh;
        int batch = setup.Recipe.Train.Batch, count = Math.Min(recipe.Images, setup.Train.Count);
        if (refreshes && count > batch)
        {
            count -= count % batch;
        }

        // In random order: the batches of a sorted source would each be of one class.
        ImageSet images = setup.Train.Select(Randomness.Permutation(setup.Recipe.Train.Seed, Stream, 0, setup.Train.Count)[..count]);
        string[] values = [.. layers.Select(l => l.Input).Distinct(StringComparer.Ordinal)];
        var statistics = layers.SelectMany(l => new[] { l.Mean, l.Variance }).Distinct(StringComparer.Ordinal).ToDictionary(name => name, _ => new ChannelStatistics(), StringComparer.Ordinal);
        var preprocess = new Preprocess(setup.Student.Input);
        Device device = TorchMemory.Device(setup.Compute.Device);
        using var guard = no_grad();
        student.train(refreshes);
        foreach (ImageBatch one in BatchLoader.InOrder(images, batch))
        {
            using var scope = NewDisposeScope();
            var inputs = new Dictionary<string, Tensor> { [student.InputNames[0]] = preprocess.Apply(BatchTensors.Canvas(one, images, device)) };
            var results = values.Zip(student.Run(inputs, values)).ToDictionary(p => p.First, p => p.Second, StringComparer.Ordinal);
            foreach (NormalisationLayer layer in layers)
            {
                foreach (string name in new[] { layer.Mean, layer.Variance }.Distinct(StringComparer.Ordinal))
                {
                    statistics[name].Add(results[layer.Input]);
                }
            }
        }

        student.eval();
        Write(setup, student, layers, statistics, isNew: !refreshes);
        return count;
    }

    static void Write(AmalgamationSetup setup, TrainableGraph student, IReadOnlyList<NormalisationLayer> layers, Dictionary<string, ChannelStatistics> statistics, bool isNew)
    {
        string[] broken = [.. layers.Where(l => !statistics[l.Mean].IsFinite || !statistics[l.Variance].IsFinite).Select(l => $"'{l.Input}'").Take(5)];
        if (broken.Length > 0)
        {
            throw Refuse(setup.Student.Model, $"finite values to normalise, got NaN or infinity in {string.Join(", ", broken)}");
        }

        foreach (NormalisationLayer layer in layers)
        {
            using var scope = NewDisposeScope();
            Tensor variance = student.Statistics[layer.Variance].copy_(tensor(statistics[layer.Variance].Variance));
            Tensor mean = student.Statistics[layer.Mean].copy_(tensor(statistics[layer.Mean].Mean));
            if (isNew)
            {
                ((Tensor)student.Initializers[layer.Scale]).copy_(variance.add(layer.Epsilon).sqrt());
                ((Tensor)student.Initializers[layer.Bias]).copy_(mean);
            }
        }
    }

    static InputException Refuse(OnnxModel model, string what) =>
        new($"student '{model.Name}', student.normalisation: expected {what} (see: onnx-amalgam inspect {ShellWord.Of(model.Name)}); leave it out");
}

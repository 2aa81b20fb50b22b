using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>A student before training: its graph, what it is fed, where it is tapped.</summary>
/// <param name="Model">The graph, its head as wide as the union of labels.</param>
/// <param name="Input">What it is fed.</param>
/// <param name="Taps">The values that terms on features read, shallow first; none where no term does.</param>
/// <param name="Logits">The value of the class scores.</param>
/// <param name="Plan">What each of its weights is trained with.</param>
public sealed record StudentModel(OnnxModel Model, InputDescription Input, IReadOnlyList<Tap> Taps, string Logits, ParameterPlan Plan)
{
    /// <summary>The BatchNormalization whose statistics are measured before training: all of it, or what was put in. None: nothing is measured.</summary>
    public IReadOnlyList<NormalisationLayer> Measured { get; init; } = [];
}

/// <summary>Makes the student a recipe asks for: from the zoo, or from any .onnx file.</summary>
internal static class StudentFactory
{
    const string HeadStream = "student/head";

    /// <summary>Builds the student; the same recipe gives the same bytes.</summary>
    /// <param name="recipe">The student's part of the recipe.</param>
    /// <param name="union">The labels it is to tell apart.</param>
    /// <param name="largest">The teachers' largest input: a zoo student's channels and size by default.</param>
    /// <param name="train">What its weights are trained with, and the seed of new ones.</param>
    /// <param name="withTaps">Whether any term reads the student's features.</param>
    /// <exception cref="InputException">No head to replace, a kept head of the wrong width, unknown architecture or tap, a group that selects nothing.</exception>
    public static StudentModel Build(StudentRecipe recipe, LabelUnion union, InputDescription largest, TrainRecipe train, bool withTaps)
    {
        long seed = train.Seed;
        var defaults = new InputDescription { Channels = largest.Channels, Height = largest.Height, Width = largest.Width };
        OnnxModel model;
        InputDescription input;
        IReadOnlyList<NormalisationLayer> measured;
        if (recipe.IsFromZoo)
        {
            input = ModelInput.Override(defaults, recipe.Input, "student");
            model = StudentZoo.Build(recipe.Model, input.Channels, input.Height, input.Width, union.Labels.Count, seed);
            (model, measured) = StudentNormalisation.Prepare(model, recipe);
        }
        else
        {
            model = WithFreeBatch(OnnxModel.Load(recipe.Model));
            var stated = recipe.Input with { Size = recipe.Input.Size ?? (FreeSize(model) ? (largest.Height, largest.Width) : null) };
            input = ModelInput.Describe(model, stated, "student");
            (model, measured) = StudentNormalisation.Prepare(model, recipe);
            model = recipe.Weights == WeightsMode.Random ? Initialisation.Reinitialise(model, seed) : model;
            model = recipe.Head == HeadMode.Replace ? WithHead(model, union, seed) : Kept(model, union);
        }

        if (input.Layout == ImageLayout.Nhwc && recipe.IsFromZoo)
        {
            throw new InputException("student.input.layout: expected nchw for a zoo student, got 'nhwc'; leave it out");
        }

        if (TrainingSupport.Missing(model) is { Count: > 0 } missing)
        {
            throw new UnsupportedModelException($"student '{model.Name}': expected operators that can be trained, got {missing.Count} {(missing.Count == 1 ? "node" : "nodes")} that cannot: {string.Join("; ", missing.Select(m => $"node '{m.Node}' ({m.Operator}): {m.Reason}"))}", missing);
        }

        LogitsOutput logits = Anatomy.Logits(model);
        IReadOnlyList<Tap> taps = ModelInput.Taps(model, recipe.Taps, withTaps);
        var plan = ParameterPlan.Of(model, train);
        return new StudentModel(WithFirstWeights(model, plan, seed), input, taps, logits.Value, plan) { Measured = recipe.Normalisation.Mode == NormalisationMode.Refresh ? [.. measured.Where(layer => !IsFrozen(layer, plan))] : measured };
    }

    /// <summary>A layer that training leaves in evaluation form, as <see cref="TrainableGraph.Freeze"/> has it: its statistics stay what they are.</summary>
    static bool IsFrozen(NormalisationLayer layer, ParameterPlan plan)
    {
        var frozen = plan.Frozen.ToHashSet(StringComparer.Ordinal);
        return frozen.Contains(layer.Mean) || frozen.Contains(layer.Variance) || (frozen.Contains(layer.Scale) && frozen.Contains(layer.Bias));
    }

    static OnnxModel WithFreeBatch(OnnxModel model) => Anatomy.ImageInput(model).Type?.TensorType?.Shape?.Dim is [var first, ..] && first.FixedSize() is { } batch
        ? GraphEdits.WithSymbolicBatch(model, out string? obstacle)
            ?? throw new InputException($"student '{model.Name}': expected a free batch, got one fixed to {batch} that {obstacle} may depend on; export it with a dynamic first axis")
        : model;

    static OnnxModel WithHead(OnnxModel model, LabelUnion union, long seed)
    {
        ClassifierHead head = Anatomy.Head(model)
            ?? throw new InputException($"student '{model.Name}': expected a last Gemm, MatMul or 1x1 Conv that separates image and class scores, got a graph without; keep its head (student.head: keep) or choose another model");
        int classes = union.Labels.Count;
        float[] weight = Initialisation.LinearUniform((long)classes * head.Features, head.Features, seed, HeadStream + "/weight");
        float[] bias = Initialisation.LinearUniform(classes, head.Features, seed, HeadStream + "/bias");
        return GraphEdits.ReplaceHead(model, weight, bias);
    }

    static OnnxModel Kept(OnnxModel model, LabelUnion union)
    {
        var labels = ModelMetadata.Labels(model);
        return labels is not null && labels.SequenceEqual(union.Labels, StringComparer.Ordinal)
            ? model
            : throw new InputException($"student '{model.Name}', student.head: expected 'keep' only for a model whose labels are the union ({union.Labels.Count} labels: {string.Join(", ", union.Labels.Take(5))}, ...), got {(labels is null ? "no labels in its metadata" : $"{labels.Count} labels: {string.Join(", ", labels.Take(5))}, ...")}; use student.head: replace");
    }

    static bool FreeSize(OnnxModel model)
    {
        var shape = Anatomy.ImageInput(model).Type?.TensorType?.Shape;
        return shape is null || shape.Dim.Skip(1).Count(d => d.FixedSize() is null) >= 2;
    }

    static OnnxModel WithFirstWeights(OnnxModel model, ParameterPlan plan, long seed) => plan.Settings.Values.All(setting => setting.First == FirstWeights.Keep)
        ? model
        : Initialisation.Reinitialise(model, seed, name => plan.Settings[name].First switch
        {
            FirstWeights.Keep => null,
            FirstWeights.Default => FirstWeightRule.Default,
            _ => FirstWeightRule.KaimingNormal,
        });
}

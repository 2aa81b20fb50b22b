using System.Globalization;
using System.Text.Json;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Files;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Recipes;
using TorchSharp;
using static Onnx.TensorProto.Types;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Export;

/// <summary>What a file says of a student.</summary>
/// <param name="Student">Its graph before training, and its input.</param>
/// <param name="Labels">Names of its scores.</param>
/// <param name="Provenance">Further metadata.</param>
internal sealed record DeployedStudent(StudentModel Student, IReadOnlyList<string> Labels, IReadOnlyDictionary<string, string> Provenance);

/// <summary>A student as it will be written.</summary>
/// <param name="Model">The graph.</param>
/// <param name="Input">What it is fed.</param>
/// <param name="Rounding">To what its numbers were brought.</param>
internal sealed record EditedStudent(OnnxModel Model, InputDescription Input, Rounding Rounding = Rounding.None)
{
    /// <summary>Of integers: the same with every edit but that, which must be the trained function.</summary>
    public OnnxModel? Exact { get; init; }
}

/// <summary>How coarse a student's numbers became on export.</summary>
internal enum Rounding
{
    /// <summary>They are as they were trained.</summary>
    None,

    /// <summary>Half precision: nearly the trained function, and is compared with it.</summary>
    Half,

    /// <summary>Integers: another function, whose cost is measured apart; the file is compared with what its own graph says in libtorch.</summary>
    Integer,
}

/// <summary>A trained student becomes a deployable file: weights into its own graph, labels, preprocessing and provenance into the
/// metadata, and nothing written unless ONNX Runtime computes what the trained graph computes.</summary>
internal static class StudentExport
{
    const int VerifiedImages = 256;
    const string StackTraceKey = "pkg.torch.onnx.stack_trace";

    /// <summary>Writes the student, verified, to a file that is replaced atomically.</summary>
    /// <param name="graph">The trained student; left in evaluation mode.</param>
    /// <param name="setup">What it was trained with.</param>
    /// <param name="path">Where to.</param>
    /// <param name="inputs">Files that it must not replace, beside what the setup was opened from.</param>
    /// <returns>How closely ONNX Runtime and the trained graph agree.</returns>
    /// <exception cref="CheckFailedException">They do not.</exception>
    /// <exception cref="InputException">The path is one of the inputs, or cannot be written.</exception>
    public static Agreement Write(TrainableGraph graph, AmalgamationSetup setup, string path, params IEnumerable<string> inputs) =>
        Write(graph, setup, path, model => new EditedStudent(model, setup.Student.Input), inputs);

    /// <summary>As above, with an edit of the graph, and of what it is fed, between write-back and verification: what is written is what was verified.</summary>
    internal static Agreement Write(TrainableGraph graph, AmalgamationSetup setup, string path, Func<OnnxModel, EditedStudent> edit, IEnumerable<string> inputs)
    {
        RefuseInput(setup, path, inputs);
        return Write(graph, setup, new DeployedStudent(setup.Student, setup.Union.Labels, Provenance(setup)), path, edit);
    }

    /// <summary>Exporters' traces hold paths of their author's machine.</summary>
    static void ForgetStackTraces(IEnumerable<Onnx.NodeProto> nodes)
    {
        foreach (var node in nodes)
        {
            foreach (var trace in node.MetadataProps.Where(p => p.Key == StackTraceKey).ToArray())
            {
                node.MetadataProps.Remove(trace);
            }

            ForgetStackTraces(Captures.Bodies(node).SelectMany(body => body.Node));
        }
    }

    /// <summary>Writes a student that is not the setup's own, verified on its images.</summary>
    internal static Agreement Write(TrainableGraph graph, AmalgamationSetup setup, DeployedStudent student, string path, Func<OnnxModel, EditedStudent> edit)
    {
        var edited = edit(graph.WriteBack());
        var (model, input, _) = edited;
        ForgetStackTraces(model.Proto.Graph.Node.Concat(model.Proto.Functions.SelectMany(f => f.Node)));

        ModelMetadata.Write(model, student.Labels, input, student.Provenance);
        Agreement agreement = Verify(graph, edited, student.Student, setup);
        if (!agreement.Passes)
        {
            string other = agreement.Tolerance == Agreement.IntegerTolerance ? "libtorch on the same integers" : "the trained graph";
            throw new CheckFailedException(string.Create(CultureInfo.InvariantCulture, $"'{path}': expected ONNX Runtime and {other} to agree within {agreement.Tolerance:g} on {agreement.Images} images, got a difference of {agreement.MaxDifference:g3} and {agreement.Flips} changed decisions; nothing was written"));
        }

        model.Save(path);
        return agreement;
    }

    static Agreement Verify(TrainableGraph graph, EditedStudent edited, StudentModel student, AmalgamationSetup setup)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var (model, input, rounding) = edited;
        string[] values = [student.Logits, .. FloatOutputs(model).Where(name => name != student.Logits)];
        Tensor[] ours = InTorch(graph, student.Input, values, setup, TorchMemory.Device(setup.Compute.Device));
        if (rounding == Rounding.None)
            return Agreement.Between(InRuntime(model, input, values, setup), ours, Agreement.ToleranceOf(model));
        if (rounding == Rounding.Integer && Agreement.Between(InRuntime(edited.Exact!, input, values, setup), ours, Agreement.ToleranceOf(edited.Exact!)) is { Passes: false } broken)
            return broken;

        // ONNX Runtime computes in single precision what its processor kernels cannot in half, and makes kernels of its own for integers; libtorch rounds where the graph says so
        using var rounded = new TrainableGraph(model) { RoundsHalves = rounding == Rounding.Half };
        (Tensor[] theirs, Tensor[] roundly) = (InRuntime(model, input, values, setup), InTorch(rounded, input, values, setup, CPU));
        return rounding == Rounding.Integer
            ? Agreement.Between(theirs, roundly, Agreement.IntegerTolerance)
            : Agreement.Worse(Agreement.Between(theirs, ours, Agreement.HalfTolerance), Agreement.Between(roundly, ours, Agreement.HalfTolerance));
    }

    /// <summary>What a file gives beside scores, as far as it is made of floats.</summary>
    static IEnumerable<string> FloatOutputs(OnnxModel model)
    {
        var facts = Facts.Infer(model);
        return model.Proto.Graph.Output.Select(output => output.Name).Where(name => facts.GetValueOrDefault(name)?.Type is DataType.Float or DataType.Double or DataType.Float16);
    }

    /// <summary>Values of a graph in libtorch, over all images.</summary>
    static Tensor[] InTorch(TrainableGraph graph, InputDescription fed, string[] values, AmalgamationSetup setup, Device device)
    {
        graph.to(device).eval();
        var preprocess = new Preprocess(fed);
        return Joined(Canvases(setup).Select(canvas => graph.Run(new Dictionary<string, Tensor> { [graph.InputNames[0]] = preprocess.Apply(canvas).to(device) }, values)));
    }

    /// <summary>The same of a file in ONNX Runtime, on the processor.</summary>
    static Tensor[] InRuntime(OnnxModel model, InputDescription fed, string[] values, AmalgamationSetup setup)
    {
        var preprocess = new Preprocess(fed);
        using var session = new FrozenModel(model, values, new FrozenModelOptions { Threads = setup.Compute.Threads });
        return Joined(Canvases(setup).Select(canvas => TorchMemory.Run(session, preprocess.Apply(canvas))));
    }

    /// <summary>Each value's batches one behind the other; what is one number for all images counts as a batch.</summary>
    static Tensor[] Joined(IEnumerable<Tensor[]> batches)
    {
        Tensor[][] all = [.. batches];
        return [.. all[0].Select((_, i) => cat([.. all.Select(values => values[i].cpu()).Select(value => value.dim() == 0 ? value.reshape(1) : value)]))];
    }

    /// <summary>At least 256 images as they are: test, then validation, then training images. Where there are fewer in all, they come
    /// again, turned round the canvas by one pixel more each time.</summary>
    static IEnumerable<Tensor> Canvases(AmalgamationSetup setup)
    {
        long count = 0;
        for (int shift = 0; ; shift++)
        {
            foreach (ImageSet images in new[] { setup.Test, setup.Validate, setup.Train }.OfType<ImageSet>())
            {
                foreach (ImageBatch batch in BatchLoader.InOrder(images, images.BatchOf(64)))
                {
                    Tensor canvas = BatchTensors.Canvas(batch, images);
                    yield return shift == 0 ? canvas : canvas.roll(shift, 3);
                    count += batch.Count;
                    if (count >= VerifiedImages)
                    {
                        yield break;
                    }
                }
            }
        }
    }

    /// <summary>Refuses a path that the setup or others read.</summary>
    internal static void RefuseInput(AmalgamationSetup setup, string path, IEnumerable<string> others)
    {
        string target = RealPath.Of(path);
        IEnumerable<string> models = setup.Teachers.Select(t => t.File).Append(setup.Recipe.Student.Model).Where(File.Exists);
        if (models.SelectMany(model => ModelFiles.Paths(OnnxModel.Load(model))).Concat(others).FirstOrDefault(input => RealPath.Of(input) == target) is { } taken)
        {
            throw new InputException($"'{path}': expected a file that is not an input of this run, got '{taken}'; choose another -o");
        }

        DataRecipe data = setup.Recipe.Data;
        bool holdsImages = File.Exists(target) && data.Unlabelled.Concat(data.Validate ?? []).Concat(data.Test ?? [])
            .Select(s => RealPath.Of(s.Path)).Any(source => target == source || target.StartsWith(source + Path.DirectorySeparatorChar, StringComparison.Ordinal));
        if (holdsImages)
        {
            throw new InputException($"'{path}': expected a file that is not an input of this run, got one among its images; choose another -o");
        }
    }

    static SortedDictionary<string, string> Provenance(AmalgamationSetup setup)
    {
        var hashes = setup.Hashes();
        var provenance = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["onnx_amalgam.version"] = typeof(StudentExport).Assembly.GetName().Version!.ToString(3),
            ["onnx_amalgam.recipe_sha256"] = hashes["recipe"],
            ["onnx_amalgam.teachers"] = JsonSerializer.Serialize(setup.Teachers.Select(t => new { name = t.Name, sha256 = hashes[$"teacher {t.Name}"] })),
        };
        if (setup.Recipe.Amalgamation.IsMultiLabel)
        {
            provenance.Add(ScoreMetadata.Key, "sigmoid");
        }

        return provenance;
    }
}

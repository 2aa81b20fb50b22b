using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Export;
using OnnxAmalgam.Training.Gates;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training;

/// <summary>One optimisation step, from a batch of canvases to changed weights. Owns student, common space and optimiser state;
/// no tensor made in a step outlives it.</summary>
internal sealed class AmalgamationStep : IDisposable
{
    const string OptimizerPrefix = "optimizer/";
    const int SampledImages = 2048;
    readonly AmalgamationSetup setup;
    readonly Preprocess preprocess;
    readonly ImageTargets targets;
    readonly Device device;
    readonly string[] values;
    readonly double? clipNorm;
    readonly StudentAgreement? agreement;
    readonly Tensor? shared;
    bool hasTaught;

    /// <summary>Builds student, losses and optimiser for a setup.</summary>
    public AmalgamationStep(AmalgamationSetup setup)
    {
        this.setup = setup;
        device = TorchMemory.Device(setup.Compute.Device);
        preprocess = new Preprocess(setup.Student.Input);
        targets = new ImageTargets(setup, setup.Train);
        RequireHardLabels();
        agreement = setup.Recipe.Amalgamation is { Labels: LabelMode.Gated, Gate.AgreementAfter: not null } ? new StudentAgreement(setup, targets.Table!) : null;
        values = [setup.Student.Logits, .. setup.Student.Taps.Select(t => t.Value)];
        clipNorm = setup.Recipe.Train.ClipNorm;

        Student = new TrainableGraph(setup.Student.Model);
        Student.to(device);
        Student.Freeze(setup.Student.Plan.Frozen);
        var weights = new WeightSource(setup.Recipe.Train.Seed, device, ScalarType.Float32);
        TeacherTap[] taps = [.. setup.Teachers.Index().SelectMany(t => t.Item.TapShapes.Select(shape => new TeacherTap(t.Index, shape, t.Item.Weight)))];
        Loss = new AmalgamationLoss(setup.Recipe.Amalgamation, setup.Union, StudentTapShapes(), taps, weights);
        if (setup.Recipe.Amalgamation is { NeedsTaps: true, Standardise: Standardisation.Offline or Standardisation.PhiS })
        {
            FitStandardisers();
        }

        shared = setup.Recipe.Amalgamation.Balance is GradNormBalance ? Student.Initializers[SharedLayer.Of(setup.Student)] : null;
        TermNames = ["loss", .. Loss.TermNames];
        Optimizer = Optimizer.Create(setup.Recipe.Train,
        [
            .. ParameterGroups.OfStudent(Student, setup.Student.Plan),
            .. ParameterGroups.Beside("common_space", Loss.named_parameters().Select(p => new NamedParameter("loss/" + p.name, p.parameter)), setup.Recipe.Train),
        ]);
    }

    /// <summary>The student; its mode is the caller's affair between steps.</summary>
    public TrainableGraph Student { get; }

    /// <summary>Number format of the activations in a step, student's and common space's; weights, scores and losses are float32 always,
    /// and outside a step the student computes in float32.</summary>
    public Precision Precision { get; set; }

    /// <summary>Told where the time goes; null: nobody asks.</summary>
    public StepClock? Clock { get; set; }

    /// <summary>What is minimised, as text.</summary>
    public string Equation => Loss.Equation;

    /// <summary>Names of what <see cref="Run"/> returns: <c>loss</c> (the weighted sum), then each term and its parts.</summary>
    public IReadOnlyList<string> TermNames { get; }

    /// <summary>Whether any term asks the teachers.</summary>
    bool ReadsTeachers => setup.Recipe.Amalgamation.ReadsTeachers;

    AmalgamationLoss Loss { get; }

    Optimizer Optimizer { get; }

    /// <summary>Runs one step, teachers and all.</summary>
    /// <inheritdoc cref="Learn" path="/returns|/exception"/>
    public double[] Run(ImageBatch batch, RatePoint rate)
    {
        using TaughtBatch taught = Teach(batch);
        return Learn(taught, rate);
    }

    /// <summary>Asks the teachers. Touches neither the student nor the random state: another thread may do it while the student learns.</summary>
    /// <exception cref="InputException">A teacher's output is not finite.</exception>
    public TaughtBatch Teach(ImageBatch batch)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var (canvas, indices) = BatchTensors.Of(batch, setup.Train, device);
        // While the first batch is taught the student has nothing to do yet, and the device is the teachers' alone.
        bool record = !hasTaught;
        hasTaught = true;
        TeacherOutput[] answers = ReadsTeachers ? setup.Panel.Run(canvas, n => setup.Train.NameOf(batch.Indices[n]), batch.Stored, record) : [];
        var taught = new TaughtBatch(batch, canvas, indices, answers) { Own = BatchTensors.StudentCanvas(batch, setup.Train, device) };
        foreach (Tensor tensor in taught.Tensors)
        {
            tensor.DetachFromDisposeScope();
        }

        return taught;
    }

    /// <summary>When the teachers are best asked in a run of these steps.</summary>
    public TeachingOrder TeachingOrder() => new(timed: ReadsTeachers && !setup.Compute.Device.IsCuda);

    /// <summary>One step of the student and the loss's own parameters.</summary>
    /// <param name="taught">A batch and the teachers' answers.</param>
    /// <param name="rate">Learning rate, and momentum where the schedule moves it.</param>
    /// <returns>The terms' values, the total first.</returns>
    /// <exception cref="InputException">The loss is not finite.</exception>
    public double[] Learn(TaughtBatch taught, RatePoint rate)
    {
        using var log = new TermLog(TermNames, 1);
        return log.Add(taught.Batch, Advance(taught, rate))[0];
    }

    /// <summary>The same without waiting for the device: a GPU may still be at it afterwards.</summary>
    /// <returns>The terms' values V[terms] in float64, the total first, on the device and unchecked; the caller owns them.</returns>
    public Tensor Advance(TaughtBatch taught, RatePoint rate)
    {
        using var scope = NewDisposeScope();
        Clock?.Start();
        Student.train();
        LossResult loss = Evaluate(taught);
        Tensor terms = cat([loss.Total.detach().to(ScalarType.Float64).view(1), loss.Values.to(ScalarType.Float64)]);
        Optimizer.ZeroGradients();
        Clock?.Ended("losses");
        loss.Total.backward();
        Clock?.Ended("backward");
        if (clipNorm is { } bound)
        {
            GradientClip.ByGlobalNorm(Optimizer.Groups.SelectMany(g => g.Parameters), bound);
        }

        Optimizer.Step(rate);
        Clock?.Ended("optimiser");
        return terms.DetachFromDisposeScope();
    }

    /// <summary>What is decided anew between epochs: the gate, where the recipe has the student refine it.</summary>
    /// <param name="epoch">The epoch that ended, from 1.</param>
    /// <returns>For results.csv; the same columns in every epoch.</returns>
    public IReadOnlyList<(string Column, double? Value)> EndEpoch(int epoch)
    {
        if (agreement is null)
        {
            return [];
        }

        bool decides = epoch >= setup.Recipe.Amalgamation.Gate.AgreementAfter && epoch < setup.Recipe.Train.Epochs;
        return [.. agreement.Columns.Zip(decides ? agreement.Update(Student) : agreement.Unchanged())];
    }

    LossResult Evaluate(TaughtBatch taught)
    {
        Tensor[] outputs = RunStudent(new() { [Student.InputNames[0]] = preprocess.Apply(taught.StudentCanvas) });
        Clock?.Ended("student forward");
        return Loss.Forward(new LossInputs
        {
            StudentLogits = outputs[0],
            StudentTaps = outputs[1..],
            Shared = shared,
            TeacherLogits = [.. taught.Answers.Select(t => t.Logits)],
            TeacherTaps = [.. taught.Answers.SelectMany(t => t.Taps)],
            DomainWeights = targets.Weights(taught.Indices),
            HardLabels = targets.Labels(taught.Indices),
            Position = (taught.Batch.Epoch, taught.Batch.Index),
        });
    }

    /// <summary>Scores in float32, and the tap in the type of activations.</summary>
    Tensor[] RunStudent(Dictionary<string, Tensor> inputs)
    {
        if (Precision != Precision.Bf16)
        {
            return Student.Run(inputs, values);
        }

        Student.ActivationDtype = ScalarType.BFloat16;
        try
        {
            Tensor[] outputs = Student.Run(inputs, values);
            return [outputs[0], .. outputs[1..].Select(tap => tap.to_type(ScalarType.BFloat16))];
        }
        finally
        {
            Student.ActivationDtype = null;
        }
    }

    /// <summary>Everything a checkpoint must hold, by name; the caller does not own the tensors (optimiser state is copied into its scope).</summary>
    public IReadOnlyDictionary<string, Tensor> State()
    {
        var state = Own();
        foreach (var (name, value) in Optimizer.ExportState())
        {
            state.Add(OptimizerPrefix + name, value);
        }

        return state;
    }

    /// <summary>Takes a checkpoint's tensors over; names and shapes must be those of <see cref="State"/>.</summary>
    /// <exception cref="InputException">They are not.</exception>
    public void Restore(IReadOnlyDictionary<string, Tensor> saved)
    {
        StudentWeights.Restore(Own(), saved);
        Optimizer.ImportState(saved.Where(p => p.Key.StartsWith(OptimizerPrefix, StringComparison.Ordinal)).ToDictionary(p => p.Key[OptimizerPrefix.Length..], p => p.Value));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Optimizer.Dispose();
        Loss.Dispose();
        Student.Dispose();
        agreement?.Dispose();
        targets.Dispose();
    }

    /// <summary>Weights, statistics and the loss's own parameters; the tensors themselves.</summary>
    Dictionary<string, Tensor> Own()
    {
        var own = new Dictionary<string, Tensor>(StudentWeights.Of(Student), StringComparer.Ordinal);
        foreach (var (name, value) in Loss.state_dict())
        {
            own.Add("loss/" + name, value);
        }

        if (setup.Gate is { Note: not null })
        {
            own.Add("gate/weights", targets.Table!);
        }

        return own;
    }

    /// <summary>Without a label the term would be 0 throughout, and nobody would hear of it.</summary>
    void RequireHardLabels()
    {
        if (setup.Recipe.Amalgamation.Losses.Any(t => t is HardLabelTerm) && targets.Labelled == 0)
        {
            throw new InputException("amalgamation.losses: expected training images with a label of the union for 'hard_label', got none; leave the term out, or name sources with labels under data.unlabelled");
        }
    }

    /// <summary>Layout and shape of the student's taps, seen on two blank images.</summary>
    TapShape[] StudentTapShapes()
    {
        if (setup.Student.Taps.Count == 0)
        {
            return [];
        }

        using var scope = NewDisposeScope();
        using var guard = no_grad();
        Student.eval();
        var inputs = new Dictionary<string, Tensor> { [Student.InputNames[0]] = zeros(setup.Student.Input.ShapeOf(2), device: device) };
        Tensor[] outputs = Student.Run(inputs, values[1..]);
        return [.. setup.Student.Taps.Zip(outputs, (tap, output) => new TapShape($"student: {tap.Value}", tap.Kind, tap.ChannelAxis, output.shape))];
    }

    /// <summary>Shows the loss the teachers' taps of at most <see cref="SampledImages"/> unlabelled images, evenly spread, without augmentation.</summary>
    void FitStandardisers()
    {
        ImageSet some = setup.Train.Spread(SampledImages);
        using var batches = BatchLoader.InOrder(some, setup.Recipe.Train.Batch).GetEnumerator();
        Loss.Fit(() => batches.MoveNext() ? Taps(batches.Current) : null);

        Tensor[] Taps(ImageBatch batch)
        {
            Tensor canvas = BatchTensors.Canvas(batch, some, device);
            return [.. setup.Panel.Run(canvas, i => some.NameOf(batch.Indices[i])).SelectMany(a => a.Taps)];
        }
    }
}

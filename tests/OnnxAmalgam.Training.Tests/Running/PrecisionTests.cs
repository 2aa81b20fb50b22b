using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>bfloat16 is a matter of the step alone: weights, evaluation and the written file are float32.</summary>
public sealed class PrecisionTests
{
    [Fact]
    public void A_run_in_bfloat16_learns_and_leaves_a_verified_float32_student()
    {
        using TempFolder temporary = new();
        using AmalgamationSetup setup = ShortRun.Open("train.precision=bf16", "train.epochs=4");
        using RunFolder run = RunFolder.Create(Path.Combine(temporary.Path, "run"), "run");
        var witness = new Witness();
        RunReport report = AmalgamationRun.Execute(setup, run, resume: false, acceptOlder: false, witness, TestContext.Current.CancellationToken)!;

        double Loss(int epoch) => witness.Epochs[epoch].Values.Single(v => v.Column == "train/soft_target").Value!.Value;
        Assert.True(Loss(3) < 0.9 * Loss(0), string.Create(CultureInfo.InvariantCulture, $"{Loss(0)} -> {Loss(3)}"));
        Assert.InRange(report.Agreement.MaxDifference, 0, 1e-4);
        Assert.Equal(0, report.Agreement.Flips);
        var floats = OnnxModel.Load(run.Student).Proto.Graph.Initializer.Where(i => i.DataType is not (int)DataType.Int64).ToArray();
        Assert.All(floats, i => Assert.Equal((int)DataType.Float, i.DataType));
        Assert.Contains("\"precision\": \"bf16\"", File.ReadAllText(run.Environment), StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_step_in_bfloat16_is_that_of_float32_but_for_rounding()
    {
        double[] wide = FirstStep(Precision.Fp32, out string[] names);
        double[] narrow = FirstStep(Precision.Bf16, out _);
        foreach (var (name, w, n) in names.Zip(wide, narrow).Where(t => !t.First.StartsWith("mmd", StringComparison.Ordinal)))
        {
            Assert.True(w != n && Math.Abs(w - n) < 0.02 * Math.Abs(w), string.Create(CultureInfo.InvariantCulture, $"{name}: {w} in float32, {n} in bfloat16"));
        }
    }

    [Fact]
    public void Outside_its_steps_a_student_computes_in_float32()
    {
        using AmalgamationSetup setup = ShortRun.Open();
        using var step = new AmalgamationStep(setup) { Precision = Precision.Bf16 };
        Step(setup, step);
        Assert.Null(step.Student.ActivationDtype);
        Assert.All(step.State().Where(s => !s.Key.StartsWith("optimizer/", StringComparison.Ordinal)), s => Assert.NotEqual(TorchSharp.torch.ScalarType.BFloat16, s.Value.dtype));
    }

    [Fact]
    public void What_auto_came_to_is_said_recorded_and_kept_when_the_run_is_resumed()
    {
        using TempFolder temporary = new();
        string path = Path.Combine(temporary.Path, "run");
        using var stop = new CancellationTokenSource();
        var began = new Witness(stopAfter: 3, stop);
        Precision chosen;
        using (AmalgamationSetup setup = ShortRun.Open("train.precision=auto"))
        using (RunFolder run = RunFolder.Create(path, "run"))
        {
            Assert.Null(AmalgamationRun.Execute(setup, run, resume: false, acceptOlder: false, began, stop.Token));
            string environment = File.ReadAllText(run.Environment);
            chosen = environment.Contains("\"precision\": \"bf16\"", StringComparison.Ordinal) ? Precision.Bf16 : Precision.Fp32;
            Assert.StartsWith($"precision auto: {(chosen == Precision.Bf16 ? "bf16" : "fp32")}, ", Assert.Single(began.Notes), StringComparison.Ordinal);
        }

        using AmalgamationSetup again = ShortRun.Open("train.precision=auto");
        using RunFolder folder = RunFolder.Open(path);
        var witness = new Witness();
        using var trainer = new Trainer(again, folder, witness);
        Assert.True(trainer.Run(resume: true, acceptOlder: false, CancellationToken.None));
        Assert.Equal("going on at epoch 1, batch 4", Assert.Single(witness.Notes));
        Assert.Equal(chosen, trainer.Precision);
        Assert.Equal(Whole(chosen, temporary), trainer.Student.WriteBack().ToBytes());
    }

    /// <summary>The student of an uninterrupted run that states its precision.</summary>
    static byte[] Whole(Precision precision, TempFolder temporary)
    {
        using AmalgamationSetup setup = ShortRun.Open(precision == Precision.Bf16 ? "train.precision=bf16" : "train.precision=fp32");
        using RunFolder run = RunFolder.Create(Path.Combine(temporary.Path, "whole"), "whole");
        using var trainer = new Trainer(setup, run, new Witness());
        Assert.True(trainer.Run(resume: false, acceptOlder: false, CancellationToken.None));
        return trainer.Student.WriteBack().ToBytes();
    }

    static double[] FirstStep(Precision precision, out string[] names)
    {
        using AmalgamationSetup setup = ShortRun.Open();
        using var step = new AmalgamationStep(setup) { Precision = precision };
        names = [.. step.TermNames];
        return Step(setup, step);
    }

    static double[] Step(AmalgamationSetup setup, AmalgamationStep step)
    {
        using var loader = new BatchLoader(setup.Train, 32, setup.Recipe.Augment, seed: 1);
        return step.Run(loader.Next(), new RatePoint(1e-3));
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics.X86;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training;

/// <summary>What <c>precision: auto</c> means on this machine: bfloat16 activations where the device has instructions for them and the
/// student's own step, forward and backward, is measured to be faster with them. Leaves weights and random state as they were.</summary>
static class PrecisionChoice
{
    const int Pairs = 5;
    const double WorthIt = 0.95;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Decides.</summary>
    /// <returns>fp32 or bf16, and the reason in words.</returns>
    public static (Precision Chosen, string Reason) For(AmalgamationSetup setup)
    {
        if (!setup.Compute.Device.IsCuda && !ProcessorHasBfloat16)
        {
            return (Precision.Fp32, "precision auto: fp32, this processor has no bfloat16 instructions");
        }

        using Tensor random = get_rng_state();
        try
        {
            var (wide, narrow) = Measure(setup);
            Precision chosen = narrow < WorthIt * wide ? Precision.Bf16 : Precision.Fp32;
            return (chosen, string.Create(CultureInfo.InvariantCulture, $"precision auto: {(chosen == Precision.Bf16 ? "bf16" : "fp32")}, a pass of the student takes {1000 * wide:0.0} ms in fp32 and {1000 * narrow:0.0} ms in bf16"));
        }
        finally
        {
            set_rng_state(random);
        }
    }

    /// <summary>AVX512_BF16 or AMX-BF16: CPUID leaf 7.</summary>
    static bool ProcessorHasBfloat16
    {
        get
        {
            if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7)
            {
                return false;
            }

            var (subleaves, _, _, amx) = X86Base.CpuId(7, 0);
            return ((amx >> 22) & 1) == 1 || (subleaves >= 1 && Avx512F.IsSupported && ((X86Base.CpuId(7, 1).Eax >> 5) & 1) == 1);
        }
    }

    /// <summary>Median seconds of a pass in fp32 and in bf16, taken in turn after one of each that does not count.</summary>
    static (double Wide, double Narrow) Measure(AmalgamationSetup setup)
    {
        Device device = TorchMemory.Device(setup.Compute.Device);
        using var scope = NewDisposeScope();
        using var student = new TrainableGraph(setup.Student.Model);
        student.to(device);
        student.Freeze(setup.Student.Plan.Frozen);
        student.train();
        string[] values = [setup.Student.Logits, .. setup.Student.Taps.Select(t => t.Value)];
        var inputs = new Dictionary<string, Tensor> { [student.InputNames[0]] = zeros(setup.Student.Input.ShapeOf(Math.Min(setup.Recipe.Train.Batch, setup.Train.Count)), device: device) };
        Pass(student, inputs, values, null);
        Pass(student, inputs, values, ScalarType.BFloat16);
        var wide = new List<double>();
        var narrow = new List<double>();
        var all = Stopwatch.StartNew();
        while (wide.Count == 0 || (wide.Count < Pairs && all.Elapsed < Patience))
        {
            wide.Add(Pass(student, inputs, values, null));
            narrow.Add(Pass(student, inputs, values, ScalarType.BFloat16));
        }

        return (Median(wide), Median(narrow));
    }

    static double Pass(TrainableGraph student, Dictionary<string, Tensor> inputs, string[] values, ScalarType? activations)
    {
        using var scope = NewDisposeScope();
        var clock = Stopwatch.StartNew();
        student.ActivationDtype = activations;
        Tensor loss = stack(student.Run(inputs, values).Select(v => v.square().mean()).ToArray()).sum();
        loss.backward();
        _ = loss.item<float>();
        return clock.Elapsed.TotalSeconds;
    }

    static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}

using OnnxAmalgam.Graphs;
using static OnnxAmalgam.Teachers.Tests.TinyModel;

namespace OnnxAmalgam.Teachers.Tests;

/// <summary>What can be said of CUDA without a GPU: what the provider is told, and that a processor is not touched by it.</summary>
public sealed class CudaTests
{
    static readonly ComputeDevice Second = new(IsCuda: true, 1);

    [Fact]
    public void A_session_names_its_device_full_float32_and_a_choice_of_algorithms_that_does_not_depend_on_timing() =>
        Assert.Equal(
            new Dictionary<string, string> { ["device_id"] = "1", ["use_tf32"] = "0", ["cudnn_conv_algo_search"] = "HEURISTIC" },
            CudaSettings.Of(new() { Device = Second }));

    [Theory]
    [InlineData(CudaSchedule.DefaultStream, "user_compute_stream")]
    [InlineData(CudaSchedule.Graph, "enable_cuda_graph")]
    public void A_schedule_adds_its_own_entry_alone(CudaSchedule schedule, string key)
    {
        Dictionary<string, string> plain = CudaSettings.Of(new() { Device = Second });
        Dictionary<string, string> entries = CudaSettings.Of(new() { Device = Second, Schedule = schedule });

        // A stream of 0 would mean none to ONNX Runtime; 1 is the handle of the default stream.
        Assert.True(entries.Remove(key, out string? value));
        Assert.Equal("1", value);
        Assert.Equal(plain, entries);
    }

    [Theory]
    [InlineData(CudaSchedule.OwnStream, true, null, null)]
    [InlineData(CudaSchedule.OwnStream, false, null, null)]
    [InlineData(CudaSchedule.DefaultStream, true, null, null)]
    [InlineData(CudaSchedule.DefaultStream, false, "disable_synchronize_execution_providers", "1")]
    [InlineData(CudaSchedule.Graph, true, "gpu_graph_id", "-1")]
    [InlineData(CudaSchedule.Graph, false, "gpu_graph_id", "-1")]
    public void A_run_waits_unless_its_memory_is_in_the_queue_of_the_device_and_records_nothing_by_itself(CudaSchedule schedule, bool waits, string? key, string? value)
    {
        Dictionary<string, string> expected = key is null ? new() : new() { [key] = value! };

        Assert.Equal(expected, CudaSettings.OfRun(schedule, waits));
    }

    [Theory]
    [InlineData(CudaSchedule.OwnStream)]
    [InlineData(CudaSchedule.DefaultStream)]
    [InlineData(CudaSchedule.Graph)]
    public void On_a_processor_a_schedule_changes_nothing_and_nothing_is_recorded(CudaSchedule schedule)
    {
        using FrozenModel model = new(Classifier(), ["logits"], new() { Schedule = schedule });
        PinnedTensor<float> x = PinnedTensor.Noise(5, 3), logits = PinnedTensor.Floats(5, 2);
        float[] before = logits.Values.ToArray();

        Assert.Null(model.Record(x.View, [logits.View]));
        Assert.Equal(before, logits.Values.ToArray());
        model.Run(x.View, [logits.View]);
        Assert.Equal(ClassifierLogits(x.Values.ToArray()), logits.Values.ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void What_does_not_fit_is_refused_before_anything_is_recorded()
    {
        using FrozenModel model = new(Classifier(), ["logits"], new() { Schedule = CudaSchedule.Graph });
        PinnedTensor<float> x = PinnedTensor.Noise(5, 3), logits = PinnedTensor.Floats(5, 2);

        Assert.Throws<ArgumentException>(() => model.Record(x.View, [logits.View with { Shape = [4, 2] }]));
        Assert.Throws<ArgumentException>(() => model.Record(x.View with { Device = Second }, [logits.View]));
    }

    [Theory]
    [InlineData(CudaSchedule.OwnStream)]
    [InlineData(CudaSchedule.DefaultStream)]
    [InlineData(CudaSchedule.Graph)]
    public void Cuda_that_is_absent_names_the_packages_to_add_whatever_the_schedule(CudaSchedule schedule)
    {
        Assert.SkipWhen(OnnxRuntime.State().HasCuda, "this build has CUDA");

        var error = Assert.Throws<InputException>(() => new FrozenModel(Classifier(), ["logits"], new() { Device = Second, Schedule = schedule }));

        Assert.StartsWith("device 'cuda:1': expected an ONNX Runtime with CUDA, got a CPU build (CPUExecutionProvider); rebuild with -p:Cuda=true (packages Microsoft.ML.OnnxRuntime.Gpu, TorchSharp-cuda-", error.Message, StringComparison.Ordinal);
    }
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Evaluation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Ensemble;

public sealed class TorchMemoryTests
{
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Int64)]
    public unsafe void A_view_is_the_tensors_own_memory_from_its_first_element_on(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var whole = arange(12).to_type(type).reshape(3, 4);
        var part = whole.slice(0, 1, 3, 1);
        var view = TorchMemory.View(part);
        var bytes = new Span<byte>((void*)view.Pointer, (int)(8 * part.ElementSize));

        Assert.Equal(part.bytes.ToArray(), bytes.ToArray());
        Assert.Equal([2, 4], view.Shape);
        Assert.Equal(ComputeDevice.Cpu, view.Device);
        bytes.Clear();
        Assert.Equal(0, part.to_type(ScalarType.Float64).abs().sum().item<double>());
        Assert.Equal(6, whole.to_type(ScalarType.Float64).sum().item<double>());
        Assert.Throws<ArgumentException>(() => TorchMemory.View(whole.t()));
    }

    [Fact]
    public void A_run_tells_its_sessions_where_and_in_what_order_they_work()
    {
        var compute = new ComputeOptions(new ComputeDevice(IsCuda: true, 1), 3) { Schedule = CudaSchedule.DefaultStream };

        Assert.Equal(new FrozenModelOptions { Device = new(IsCuda: true, 1), Threads = 3, Schedule = CudaSchedule.DefaultStream }, compute.Session);
        Assert.Equal(ComputeDevice.Cpu, (compute with { TeacherDevice = ComputeDevice.Cpu }).Session.Device);
    }

    [Fact]
    public void A_teacher_in_half_precision_reads_and_writes_halves()
    {
        using var scope = NewDisposeScope();
        var model = OnnxModel.Load(Path.Combine(Repository.Root, "tests", "fixtures", "exports", "float16_graph.onnx"));
        var input = ModelFeed.Noise(model, ModelFeed.Shapes(model, 3, [], null), 1).Single();
        using var plain = new PlainSession(model, new FrozenModelOptions { Threads = 1 });
        using var run = plain.Prepare(new Dictionary<string, TensorData> { [input.Key] = input.Value });
        using var frozen = new FrozenModel(model, ["logits"], new FrozenModelOptions { Threads = 1 });
        var x = tensor(input.Value.ToDoubles(), input.Value.Shape).to_type(ScalarType.Float16);
        var y = empty(frozen.OutputShapes(x.shape)[0], TorchMemory.Dtype(frozen.Outputs[0].Type));
        frozen.Run(TorchMemory.View(x), [TorchMemory.View(y)]);

        Assert.Equal(ScalarType.Float16, y.dtype);
        Assert.Equal(run.Read()[0].ToDoubles(), y.to_type(ScalarType.Float64).data<double>().ToArray());
    }
}

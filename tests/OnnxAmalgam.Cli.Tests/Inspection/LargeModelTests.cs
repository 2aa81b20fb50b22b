using System.Diagnostics;
using System.Text.Json;
using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Cli.Tests.Inspection;

/// <summary>Inspecting reads what a file says and no weights.</summary>
public sealed class LargeModelTests : IDisposable
{
    const int Layers = 13, Channels = 1024;
    const long KernelBytes = 4L * Channels * Channels * 9, Bytes = Layers * KernelBytes;

    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Theory]
    [InlineData("raw_data")]
    [InlineData("float_data")]
    [InlineData("external")]
    public void Half_a_gigabyte_of_weights_is_inspected_in_two_seconds_and_little_memory(string form)
    {
        string path = place["large.onnx"];
        Write(path, form);
        Assert.InRange(new FileInfo(form == "external" ? place["large.bin"] : path).Length, 490_000_000, 510_000_000);
        InProcess.Run("inspect", Bundled.Teacher("digits_resnet"), "--json").Ends(0); // what every first call costs

        long before = GC.GetTotalAllocatedBytes(precise: true);
        var watch = Stopwatch.StartNew();
        CliResult result = InProcess.Run("inspect", path, "--json").Ends(0);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"took {watch.Elapsed}");
        Assert.True(allocated < 50_000_000, $"allocated {allocated} bytes");
        JsonElement report = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal(Bytes / 4, report.GetProperty("parameters").GetInt64());
        Assert.Equal(Channels, report.GetProperty("head").GetProperty("features").GetInt32());
        Assert.True(report.GetProperty("trainable").GetProperty("isPossible").GetBoolean());
    }

    /// <summary>Convolutions, of which each has a kernel of zeros that takes no room on the disk, and a classifier made of the input's mean.</summary>
    void Write(string path, string form)
    {
        ModelProto model = Models.Classifier();
        GraphProto graph = model.Graph;
        graph.Initializer.Clear();
        graph.Node.Clear();
        graph.Input[0] = Models.Value("images", null, Channels, 8, 8);
        for (int i = 0; i < Layers - 1; i++)
        {
            graph.Node.Add(Models.Node("Conv", [i == 0 ? "images" : $"map{i - 1}", $"kernel{i}"], $"map{i}"));
            graph.Node[i].Attribute.Add(new AttributeProto { Name = "pads", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 1, 1, 1, 1 } });
        }

        graph.Node.Add(Models.Node("GlobalAveragePool", [$"map{Layers - 2}"], "pooled"));
        graph.Node.Add(Models.Node("Flatten", ["pooled"], "flat"));
        graph.Node.Add(Models.Node("Gemm", ["flat", "head"], "logits"));
        graph.Output[0] = Models.Value("logits", null, 9 * Channels);
        TensorProto[] weights = [.. Enumerable.Range(0, Layers).Select(i => new TensorProto
        {
            Name = i == Layers - 1 ? "head" : $"kernel{i}",
            DataType = (int)DataType.Float,
            Dims = { i == Layers - 1 ? [Channels, 9 * Channels] : (long[])[Channels, Channels, 3, 3] },
        })];
        if (form == "external")
        {
            WriteExternal(model, weights, path);
        }
        else
        {
            WriteInline(model, weights, form == "raw_data" ? 9 : 4, path);
        }
    }

    void WriteExternal(ModelProto model, TensorProto[] weights, string path)
    {
        foreach (var (tensor, i) in weights.Select((t, i) => (t, i)))
        {
            tensor.DataLocation = DataLocation.External;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "large.bin" });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = $"{i * KernelBytes}" });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = $"{KernelBytes}" });
            model.Graph.Initializer.Add(tensor);
        }

        File.WriteAllBytes(path, model.ToByteArray());
        using FileStream data = File.Create(place["large.bin"]);
        data.SetLength(Bytes);
    }

    /// <summary>The model's message field by field: its tensors' elements are holes of the file.</summary>
    static void WriteInline(ModelProto model, TensorProto[] weights, int field, string path)
    {
        byte[] graph = model.Graph.ToByteArray();
        byte[][] heads = [.. weights.Select(w => w.ToByteArray())];
        long Field(long body) => 1 + CodedOutputStream.ComputeUInt64Size((ulong)body) + body;
        long[] sizes = [.. heads.Select(h => h.Length + Field(KernelBytes))];
        model.Graph = null;
        using FileStream file = File.Create(path);
        file.Write(model.ToByteArray());
        Begin(7, graph.Length + sizes.Sum(Field));
        file.Write(graph);
        for (int i = 0; i < weights.Length; i++)
        {
            Begin(5, sizes[i]);
            file.Write(heads[i]);
            Begin(field, KernelBytes);
            file.Seek(KernelBytes, SeekOrigin.Current);
        }

        file.SetLength(file.Position);

        void Begin(int number, long length)
        {
            using var output = new CodedOutputStream(file, leaveOpen: true);
            output.WriteTag(number, WireFormat.WireType.LengthDelimited);
            output.WriteUInt64((ulong)length);
        }
    }
}

using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Tests.Shared;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Files;

/// <summary>Models whose weights exceed what one protobuf message can hold; the weights are holes of sparse files.</summary>
public sealed class BeyondTwoGiBTests : IDisposable
{
    // 4 x 540 MB
    const int Layers = 4, Width = 135_000, Features = 1000;
    const long Bytes = 4L * Width * Features;

    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_model_with_external_data_is_loaded_looked_at_tapped_and_cut_without_reading_a_weight()
    {
        var path = Write();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var model = OnnxModel.Load(path);
        var tap = Graphs.Anatomy.AutoTap(model);
        var tapped = GraphEdits.ExposeOutputs(model, [tap.Value]);
        var cut = GraphEdits.Extract(model, ["h1"]);
        var costs = Costs.Of(model);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(Layers * Bytes > int.MaxValue);
        Assert.Equal(new Tap("h3", TapKind.Pooled, 1, Width, true), tap);
        Assert.Equal(["scores", "h3"], tapped.Proto.Graph.Output.Select(output => output.Name));
        Assert.Equal(["w0", "w1"], cut.Proto.Graph.Initializer.Select(tensor => tensor.Name));
        Assert.Equal((Layers * (long)Width * Features) + (Width * 2), costs.Parameters);
        Assert.True(allocated < 20_000_000, $"allocated {allocated} bytes");
    }

    [Fact]
    public void Two_are_merged_without_reading_a_weight_and_can_be_told_apart()
    {
        var path = Write();
        OnnxModel one = OnnxModel.Load(path), other = OnnxModel.Load(path);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var merged = GraphEdits.Merge([new(one, "0/"), new(other, "1/")]);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 20_000_000);
        Assert.Equal([.. Enumerable.Repeat(Bytes, 2 * Layers)], merged.Proto.Graph.Initializer.Where(tensor => tensor.Dims.Contains(Width) && tensor.Dims.Contains(Features)).Select(tensor => merged.Stored(tensor)!.Value.Length));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, Layers - 1], Last(merged, $"1/w{Layers - 1}"));
    }

    [Fact]
    public void Cut_down_it_is_saved_with_the_data_it_still_needs()
    {
        var path = Write();
        var target = folder.Folder("cut");
        GraphEdits.Extract(OnnxModel.Load(path), ["first"]).Save(target["cut.onnx"]);

        Assert.Equal(["cut.onnx", "weights.bin"], target.Names);
        Assert.Equal(Bytes, new FileInfo(target["weights.bin"]).Length);
        var saved = OnnxModel.Load(target["cut.onnx"]);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 0], Last(saved, "w0"));
    }

    [Fact]
    public void Edited_in_a_small_tensor_and_saved_over_itself_it_goes_on_using_its_data()
    {
        var path = Write();
        var model = OnnxModel.Load(path);
        var edited = GraphEdits.ReplaceHead(model, new float[Width * 3], [1, 2, 3]);
        edited.Save(path);

        Assert.Equal(["m.onnx", "weights.bin"], folder.Names);
        var saved = OnnxModel.Load(path);
        Assert.Equal(3, Graphs.Anatomy.Head(saved)!.Classes);
        Assert.Equal(new float[Width * 3], Elements(saved, "head"));
        for (var i = 0; i < Layers; i++)
            Assert.Equal([1, 2, 3, 4, 5, 6, 7, (byte)i], Last(saved, $"w{i}"));
    }

    [Fact]
    public void Whole_in_another_folder_it_is_copied_in_pieces()
    {
        Assert.SkipUnless(new DriveInfo(folder.Path).AvailableFreeSpace > 4 * Layers * Bytes, "needs some GB of free disk for a moment");
        var path = Write();
        var target = folder.Folder("copy");
        var model = OnnxModel.Load(path);
        var before = GC.GetAllocatedBytesForCurrentThread();
        model.Save(target["m.onnx"]);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 50_000_000);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(target["m.onnx"]));
        Assert.Equal(new FileInfo(folder["weights.bin"]).Length, new FileInfo(target["weights.bin"]).Length);
        var saved = OnnxModel.Load(target["m.onnx"]);
        for (var i = 0; i < Layers; i++)
            Assert.Equal([1, 2, 3, 4, 5, 6, 7, (byte)i], Last(saved, $"w{i}"));
    }

    [Theory]
    [InlineData("../outside.bin", "'..'")]
    [InlineData("/", "an absolute path")]
    [InlineData("link.bin", "a link to")]
    public void Data_outside_the_folder_is_refused_for_a_saved_model_too(string location, string reason)
    {
        var inner = folder.Folder("inner");
        folder.Write("outside.bin", TinyModel.Numbers(3));
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights on Windows");
        File.CreateSymbolicLink(inner["link.bin"], "../outside.bin");
        inner.Write("w.bin", TinyModel.Numbers(3));
        var proto = TinyModel.Of(TinyModel.Graph([TinyModel.Node("Add", ["x", "w"], ["y"])], TinyModel.External("w", 3, ("location", "w.bin"))));
        var model = OnnxModel.Load(inner.Write("m.onnx", proto.ToByteArray()));

        // a reference that is changed after loading meets the same rule when it is followed
        model.Proto.Graph.Initializer[0].ExternalData[0].Value = location == "/" ? folder["outside.bin"] : location;
        Assert.Contains(reason, Assert.Throws<InvalidModelException>(() => model.ReadRaw(model.Proto.Graph.Initializer[0])).Message);
        Assert.Contains(reason, Assert.Throws<InvalidModelException>(() => model.Save(folder["stolen.onnx"])).Message);
        Assert.Equal(["outside.bin"], folder.Names);
    }

    /// <summary>image [N,135000] -> products with four matrices that lie in one sparse file -> head of 2 classes.</summary>
    string Write()
    {
        var nodes = new List<NodeProto>();
        var weights = new List<TensorProto>();
        for (var i = 0; i < Layers; i++)
        {
            var weight = TinyModel.External($"w{i}", 0, ("location", "weights.bin"), ("offset", $"{i * Bytes}"), ("length", $"{Bytes}"));
            weight.Dims.Clear();
            weight.Dims.Add(i % 2 == 0 ? [Width, Features] : [Features, Width]);
            weights.Add(weight);
            nodes.Add(Node("MatMul", [i == 0 ? "image" : $"h{i - 1}", $"w{i}"], [i == 0 ? "first" : $"p{i}"]));
            nodes.Add(Node("Relu", [i == 0 ? "first" : $"p{i}"], [$"h{i}"]));
        }
        nodes.Add(Node("MatMul", [$"h{Layers - 1}", "head"], ["scores"]));
        var model = Model(Image("N", Width), [.. nodes], ["scores"], [.. weights, Floats("head", Width, 2)]);
        using (var file = new FileStream(folder["weights.bin"], FileMode.CreateNew))
        {
            for (var i = 0; i < Layers; i++)
            {
                file.Seek(((i + 1) * Bytes) - 8, SeekOrigin.Begin);
                file.Write([1, 2, 3, 4, 5, 6, 7, (byte)i]);
            }
        }
        return folder.Write("m.onnx", model.ToBytes());
    }

    /// <summary>The last eight bytes of a weight, read as a stream of any length.</summary>
    static byte[] Last(OnnxModel model, string name)
    {
        using var tail = new Tail();
        model.CopyRaw(model.Proto.Graph.Initializer.Single(tensor => tensor.Name == name), tail);
        Assert.Equal(Bytes, tail.Length);
        return tail.Bytes;
    }

    /// <summary>Counts what is written and keeps the last eight bytes.</summary>
    sealed class Tail : Stream
    {
        long length;

        public byte[] Bytes { get; private set; } = [];

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => length;

        public override long Position { get => length; set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            length += buffer.Length;
            Bytes = [.. Bytes.Concat(buffer.Length > 8 ? buffer[^8..].ToArray() : buffer.ToArray()).TakeLast(8)];
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

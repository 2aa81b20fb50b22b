using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Graphs.Tests.Files;

public sealed class ExternalDataTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Data_is_read_by_offset_and_length()
    {
        var data = TinyModel.Numbers(3000);
        folder.Write("w.bin", data);
        var model = Load(
            TinyModel.External("a", 1000, ("location", "w.bin"), ("offset", "4000"), ("length", "4000")),
            TinyModel.External("b", 1000, ("location", "./w.bin"), ("length", "4000")),
            TinyModel.External("c", 3000, ("location", "w.bin")));

        Assert.Equal(data[4000..8000], model.ReadRaw(Initializer(model, "a")));
        Assert.Equal(data[..4000], model.ReadRaw(Initializer(model, "b")));
        Assert.Equal(data, model.ReadRaw(Initializer(model, "c")));
    }

    [Fact]
    public void Offsets_beyond_4_GiB_work()
    {
        const long Far = 5L << 30;
        try
        {
            using var file = new FileStream(folder["far.bin"], FileMode.CreateNew);
            file.Seek(Far, SeekOrigin.Begin);
            file.Write(TinyModel.Numbers(3));
        }
        catch (IOException e)
        {
            Assert.Skip($"needs room for a sparse file of 5 GiB: {e.Message}");
        }
        var model = Load(TinyModel.External("w", 3, ("location", "far.bin"), ("offset", $"{Far}"), ("length", "12")));
        Assert.Equal(TinyModel.Numbers(3), model.ReadRaw(Initializer(model, "w")));

        var past = Assert.Throws<InvalidModelException>(() => Load(TinyModel.External("w", 3, ("location", "far.bin"), ("offset", $"{Far + 1}"))));
        Assert.Contains($"expected 12 bytes at byte {Far + 1} of 'far.bin', got a file of {Far + 12} bytes", past.Message);
    }

    [Fact]
    public void A_tensor_of_more_than_2_GiB_loads_and_is_too_much_to_read_at_once()
    {
        const int Elements = 600_000_000;
        using (var file = new FileStream(folder["big.bin"], FileMode.CreateNew)) file.SetLength(4L * Elements);
        var model = Load(TinyModel.External("w", Elements, ("location", "big.bin")));

        Assert.Contains("to read at once, got 2400000000", Assert.Throws<InputException>(() => model.ReadRaw(Initializer(model, "w"))).Message);
        model.Save(model.Path!);
        Assert.Equal(["big.bin", "m.onnx"], folder.Names);
    }

    [Theory]
    [InlineData("/etc/passwd", "an absolute path")]
    [InlineData("../w.bin", "one with '..'")]
    [InlineData("a/../../w.bin", "one with '..'")]
    [InlineData("sub/..", "one with '..'")]
    [InlineData("..", "one with '..'")]
    [InlineData(@"..\w.bin", @"one with '\'")]
    [InlineData(@"\\server\share\w.bin", @"one with '\'")]
    [InlineData("//server/share/w.bin", "an absolute path")]
    [InlineData("C:w.bin", "a path with a drive")]
    [InlineData("c:/w.bin", "a path with a drive")]
    [InlineData("file:///etc/passwd", "a URL")]
    [InlineData("w.bin\0.txt", "one with control characters")]
    [InlineData("*/_ORT_MEM_ADDR_/*", "a runtime's mark for memory")]
    [InlineData("", "expected external data with a 'location'")]
    [InlineData("nothing.bin", "expected a file, got none of that name")]
    [InlineData("sub", "expected a file, got a folder")]
    [InlineData(".", "got '.'")]
    public void A_location_that_is_no_file_of_the_models_folder_is_refused(string location, string reason)
    {
        var inner = folder.Folder("inner");
        inner.Folder("sub");
        folder.Write("w.bin", TinyModel.Numbers(3));
        var path = inner.Write("m.onnx", Model(TinyModel.External("w", 3, ("location", location))).ToByteArray());

        var e = Assert.Throws<InvalidModelException>(() => OnnxModel.Load(path));
        Assert.StartsWith($"'{path}', initializer 'w'", e.Message);
        Assert.Contains(reason, e.Message);
    }

    [Theory]
    [InlineData("file..bin")]
    [InlineData("..bin")]
    [InlineData("sub/deeper/w.bin")]
    [InlineData("with space.bin")]
    [InlineData("gewicht-ü.bin")]
    public void An_unusual_name_within_the_folder_is_fine(string location)
    {
        folder.Write(location, TinyModel.Numbers(3));
        var model = Load(TinyModel.External("w", 3, ("location", location)));
        Assert.Equal(TinyModel.Numbers(3), model.ReadRaw(Initializer(model, "w")));
    }

    [Fact]
    public void Links_out_of_the_folder_are_refused_and_links_within_it_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights on Windows");
        var inner = folder.Folder("inner");
        folder.Write("secret.bin", TinyModel.Numbers(3));
        folder.Write("outside/w.bin", TinyModel.Numbers(3));
        folder.Write("inner-not/w.bin", TinyModel.Numbers(3));
        inner.Write("real.bin", TinyModel.Numbers(3));
        File.CreateSymbolicLink(inner["file-out.bin"], "../secret.bin");
        File.CreateSymbolicLink(inner["twice-out.bin"], inner["file-out.bin"]);
        File.CreateSymbolicLink(inner["absolute-out.bin"], folder["secret.bin"]);
        File.CreateSymbolicLink(inner["sibling.bin"], "../inner-not/w.bin");
        File.CreateSymbolicLink(inner["loop.bin"], "loop.bin");
        Directory.CreateSymbolicLink(inner["folder-out"], "../outside");
        File.CreateSymbolicLink(inner["within.bin"], "../inner/real.bin");

        foreach (var location in new[] { "file-out.bin", "twice-out.bin", "absolute-out.bin", "sibling.bin", "folder-out/w.bin", "loop.bin" })
            Assert.Throws<InvalidModelException>(() => LoadIn(inner, location));
        Assert.Contains($"a link to '{folder["secret.bin"]}'", Assert.Throws<InvalidModelException>(() => LoadIn(inner, "file-out.bin")).Message);
        Assert.Equal(TinyModel.Numbers(3), LoadIn(inner, "within.bin"));
    }

    [Fact]
    public void A_model_and_its_data_may_both_be_links_into_one_store()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights on Windows");
        var snapshot = folder.Folder("snapshot");
        folder.Write("blobs/1", Model(TinyModel.External("w", 3, ("location", "model.onnx_data"))).ToByteArray());
        folder.Write("blobs/2", TinyModel.Numbers(3));
        File.CreateSymbolicLink(snapshot["model.onnx"], "../blobs/1");
        File.CreateSymbolicLink(snapshot["model.onnx_data"], "../blobs/2");

        var model = OnnxModel.Load(snapshot["model.onnx"]);
        Assert.Equal(TinyModel.Numbers(3), model.ReadRaw(Initializer(model, "w")));
    }

    [Fact]
    public void Pipes_and_devices_are_refused_at_once()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs mkfifo");
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", folder["pipe.bin"])) mkfifo.WaitForExit();
        var e = Assert.Throws<InvalidModelException>(() => Load(TinyModel.External("w", 3, ("location", "pipe.bin"))));
        Assert.Contains("expected a regular file, got a pipe or a device", e.Message);
        Assert.Contains("got a pipe", Assert.Throws<InputException>(() => OnnxModel.Load(folder["pipe.bin"])).Message);
        Assert.Throws<InvalidModelException>(() => OnnxModel.Load("/dev/null"));
        Assert.Throws<InvalidModelException>(() => OnnxModel.Load("/dev/zero"));
    }

    [Theory]
    [InlineData("offset", "-1", "expected a number of bytes as the external data's 'offset', got '-1'")]
    [InlineData("offset", "0x10", "'offset', got '0x10'")]
    [InlineData("offset", "9223372036854775808", "'offset', got '9223372036854775808'")]
    [InlineData("offset", "9223372036854775807", "expected 12 bytes at byte 9223372036854775807 of 'w.bin', got a file of 16 bytes")]
    [InlineData("offset", "5", "expected 12 bytes at byte 5 of 'w.bin', got a file of 16 bytes; is it cut off?")]
    [InlineData("length", "13", "expected 12 bytes of external data for its type and shape, got a 'length' of 13")]
    [InlineData("length", "8", "got a 'length' of 8")]
    [InlineData("location", "w.bin", "expected external data with one 'location', got 'w.bin' and 'w.bin'")]
    public void Numbers_that_do_not_fit_the_shape_and_the_file_are_refused(string key, string value, string message)
    {
        folder.Write("w.bin", new byte[16]);
        var e = Assert.Throws<InvalidModelException>(() => Load(TinyModel.External("w", 3, ("location", "w.bin"), (key, value))));
        Assert.Contains(message, e.Message);
    }

    [Fact]
    public void Many_files_are_read_without_holding_all_of_them_open()
    {
        var tensors = Enumerable.Range(0, 200).Select(i => TinyModel.External($"w{i}", 3, ("location", $"w{i}"))).ToArray();
        for (var i = 0; i < tensors.Length; i++) folder.Write($"w{i}", TinyModel.Numbers(3, i));
        var model = Load(tensors);
        for (var i = 0; i < tensors.Length; i++) Assert.Equal(TinyModel.Numbers(3, i), model.ReadRaw(Initializer(model, $"w{i}")));
    }

    OnnxModel Load(params TensorProto[] initializers) => OnnxModel.Load(folder.Write("m.onnx", Model(initializers).ToByteArray()));

    static byte[] LoadIn(TempFolder folder, string location)
    {
        var model = OnnxModel.Load(folder.Write("m.onnx", Model(TinyModel.External("w", 3, ("location", location))).ToByteArray()));
        return model.ReadRaw(Initializer(model, "w"));
    }

    static ModelProto Model(params TensorProto[] initializers) =>
        TinyModel.Of(TinyModel.Graph([TinyModel.Node("Sum", ["x", .. initializers.Select(i => i.Name)], ["y"])], initializers));

    static TensorProto Initializer(OnnxModel model, string name) => model.Proto.Graph.Initializer.Single(i => i.Name == name);
}

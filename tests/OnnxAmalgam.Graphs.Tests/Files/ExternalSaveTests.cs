using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Graphs.Tests.Files;

public sealed class ExternalSaveTests : IDisposable
{
    readonly TempFolder folder = new();
    readonly byte[] data = TinyModel.Numbers(5000);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void In_another_folder_model_and_data_are_the_same_bytes_under_the_same_names()
    {
        var model = TwoTensors();
        var other = folder.Folder("other");
        model.Save(other["m.onnx"]);

        Assert.Equal(["m.onnx", "w.bin"], other.Names);
        Assert.Equal(File.ReadAllBytes(folder["m.onnx"]), File.ReadAllBytes(other["m.onnx"]));
        Assert.Equal(data, File.ReadAllBytes(other["w.bin"]));
    }

    [Fact]
    public void Only_the_bytes_that_were_written_change()
    {
        var model = TwoTensors();
        model.WriteRaw(Initializer(model, "b"), TinyModel.Numbers(2000, seed: 2));
        Assert.Equal(TinyModel.Numbers(2000, seed: 2), model.ReadRaw(Initializer(model, "b")));
        var other = folder.Folder("other");
        model.Save(other["m.onnx"]);

        var expected = data.ToArray();
        TinyModel.Numbers(2000, seed: 2).CopyTo(expected, 12_000);
        Assert.Equal(expected, File.ReadAllBytes(other["w.bin"]));
        Assert.Equal(File.ReadAllBytes(folder["m.onnx"]), File.ReadAllBytes(other["m.onnx"]));
        Assert.Equal(data, File.ReadAllBytes(folder["w.bin"]));
    }

    [Fact]
    public void Over_itself_changed_data_goes_to_a_new_file_and_the_old_one_stays()
    {
        var model = TwoTensors();
        var untouched = model.Clone();
        model.WriteRaw(Initializer(model, "a"), new byte[8000]);
        model.Save(model.Path!);

        Assert.Equal(["m.onnx", "m.onnx.data", "w.bin"], folder.Names);
        Assert.Equal(data, File.ReadAllBytes(folder["w.bin"]));
        var again = OnnxModel.Load(folder["m.onnx"]);
        Assert.Equal(new byte[8000], again.ReadRaw(Initializer(again, "a")));
        Assert.Equal(data[12_000..], again.ReadRaw(Initializer(again, "b")));
        Assert.Equal(data[..8000], untouched.ReadRaw(Initializer(untouched, "a")));

        again.WriteRaw(Initializer(again, "a"), data.AsSpan(0, 8000));
        again.Save(again.Path!);
        Assert.Equal(["m.onnx", "m.onnx.1.data", "m.onnx.data", "w.bin"], folder.Names);
    }

    [Fact]
    public void Over_itself_untouched_data_is_used_on()
    {
        var model = TwoTensors();
        var before = File.ReadAllBytes(folder["m.onnx"]);
        model.Save(model.Path!);
        Assert.Equal(["m.onnx", "w.bin"], folder.Names);
        Assert.Equal(before, File.ReadAllBytes(folder["m.onnx"]));
    }

    [Fact]
    public void Beside_the_input_the_input_keeps_its_data()
    {
        var model = TwoTensors();
        model.Save(folder["copy.onnx"]);
        Assert.Equal(["copy.onnx", "copy.onnx.data", "m.onnx", "w.bin"], folder.Names);
        File.Delete(folder["w.bin"]);
        var copy = OnnxModel.Load(folder["copy.onnx"]);
        Assert.Equal(data[..8000], copy.ReadRaw(Initializer(copy, "a")));
        Assert.Equal(data[12_000..], copy.ReadRaw(Initializer(copy, "b")));
    }

    [Fact]
    public void Data_that_no_tensor_uses_any_more_is_left_out_and_shared_data_stays_shared()
    {
        folder.Write("w.bin", TinyModel.Numbers(100_000));
        var model = Load(
            TinyModel.External("a", 2000, ("location", "w.bin"), ("offset", "392000"), ("length", "8000")),
            TinyModel.External("tied", 2000, ("location", "w.bin"), ("offset", "392000"), ("length", "8000")),
            TinyModel.External("b", 10, ("location", "w.bin"), ("checksum", Sha1(folder["w.bin"]))));
        var other = folder.Folder("other");
        model.Save(other["m.onnx"]);

        Assert.True(new FileInfo(other["w.bin"]).Length < 20_000);
        var saved = OnnxModel.Load(other["m.onnx"]);
        foreach (var name in new[] { "a", "tied", "b" }) Assert.Equal(model.ReadRaw(Initializer(model, name)), saved.ReadRaw(Initializer(saved, name)));
        Assert.Equal(Initializer(saved, "a").ExternalData, Initializer(saved, "tied").ExternalData);
        Assert.Equal("4096", Initializer(saved, "a").ExternalData.Single(e => e.Key == "offset").Value);
        Assert.DoesNotContain(Initializer(saved, "b").ExternalData, e => e.Key == "checksum");
    }

    static string Sha1(string file)
    {
#pragma warning disable CA5350 // the format knows no other
        return Convert.ToHexString(System.Security.Cryptography.SHA1.HashData(File.ReadAllBytes(file)));
#pragma warning restore CA5350
    }

    [Fact]
    public void Data_of_another_sum_than_stated_is_refused()
    {
        folder.Write("w.bin", TinyModel.Numbers(10));
        var sum = Sha1(folder["w.bin"]);
        Load(TinyModel.External("a", 10, ("location", "w.bin"), ("checksum", sum)));
        folder.Write("w.bin", TinyModel.Numbers(11).AsSpan(4).ToArray());
        var error = Assert.Throws<InvalidModelException>(() => Load(TinyModel.External("a", 10, ("location", "w.bin"), ("checksum", sum))));
        Assert.Contains($"expected external data 'w.bin' with the SHA-1 {sum}, got ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_does_not_take_the_name_of_its_own_data()
    {
        folder.Write("w.bin", TinyModel.Numbers(10));
        var model = Load(TinyModel.External("a", 10, ("location", "w.bin")));
        var other = folder.Folder("other");
        model.Save(other["w.bin"]);
        Assert.Equal(model.ReadRaw(Initializer(model, "a")), OnnxModel.Load(other["w.bin"]) is var saved ? saved.ReadRaw(Initializer(saved, "a")) : []);
    }

    [Fact]
    public void Of_two_tensors_that_share_data_one_can_change_alone()
    {
        folder.Write("w.bin", data);
        var model = Load(TinyModel.External("a", 5000, ("location", "w.bin")), TinyModel.External("b", 5000, ("location", "w.bin")));
        model.WriteRaw(Initializer(model, "b"), new byte[20_000]);
        var other = folder.Folder("other");
        model.Save(other["m.onnx"]);

        var saved = OnnxModel.Load(other["m.onnx"]);
        Assert.Equal(data, saved.ReadRaw(Initializer(saved, "a")));
        Assert.Equal(new byte[20_000], saved.ReadRaw(Initializer(saved, "b")));
    }

    [Theory]
    [InlineData("Makefile")]
    [InlineData(".bashrc.data")]
    [InlineData("sub/w.bin")]
    public void A_name_that_a_model_should_not_place_in_a_folder_is_not_used(string location)
    {
        folder.Write(location, data);
        var model = Load(TinyModel.External("w", 5000, ("location", location)));
        var other = folder.Folder("other");
        model.Save(other["m.onnx"]);
        Assert.Equal(["m.onnx", "m.onnx.data"], other.Names);
        Assert.Equal(data, File.ReadAllBytes(other["m.onnx.data"]));
    }

    [Fact]
    public void A_file_in_the_way_is_not_overwritten()
    {
        var model = TwoTensors();
        var other = folder.Folder("other");
        other.Write("w.bin", [1]);
        other.Write("m.onnx.data", [2]);
        model.Save(other["m.onnx"]);
        Assert.Equal(["m.onnx", "m.onnx.1.data", "m.onnx.data", "w.bin"], other.Names);
        Assert.Equal([1], File.ReadAllBytes(other["w.bin"]));
        Assert.Equal([2], File.ReadAllBytes(other["m.onnx.data"]));
    }

    [Fact]
    public void When_the_model_cannot_be_written_its_data_is_taken_back()
    {
        var model = TwoTensors();
        var other = folder.Folder("other");
        other.Folder("m.onnx");
        Assert.Throws<InputException>(() => model.Save(other["m.onnx"]));
        Assert.Empty(other.Names);
        Assert.Throws<InputException>(() => model.Save(folder["missing/m.onnx"]));
    }

    [Fact]
    public void As_bytes_changed_external_tensors_are_inline()
    {
        var model = TwoTensors();
        Assert.Equal(File.ReadAllBytes(folder["m.onnx"]), model.ToBytes());
        model.WriteRaw(Initializer(model, "a"), new byte[8000]);

        var parsed = new OnnxModel(ModelProto.Parser.ParseFrom(model.ToBytes()), "bytes");
        Assert.Equal(new byte[8000], parsed.ReadRaw(Initializer(parsed, "a")));
        Assert.Equal(Initializer(model, "b"), Initializer(parsed, "b"));
        Assert.Throws<InputException>(() => parsed.ReadRaw(Initializer(parsed, "b")));
    }

    [Fact]
    public void Inline_weights_can_move_out()
    {
        var path = folder.Write("inline.onnx", TinyModel.Add(5000).ToByteArray());
        var model = OnnxModel.Load(path);
        model.MoveToExternalData();
        Assert.Equal(data, model.ReadRaw(Initializer(model, "w")));
        model.Save(folder["outside.onnx"]);

        Assert.Equal(["inline.onnx", "outside.onnx", "outside.onnx.data"], folder.Names);
        Assert.True(new FileInfo(folder["outside.onnx"]).Length < 300);
        var saved = OnnxModel.Load(folder["outside.onnx"]);
        Assert.Equal(data, saved.ReadRaw(Initializer(saved, "w")));
        Assert.Equal(TinyModel.Add(5000).ToByteArray(), OnnxModel.Load(path).ToBytes());
    }

    [Fact]
    public void More_than_2_GiB_inline_is_refused_with_the_remedy()
    {
        SparseModel.Write(folder["big.onnx"], tensors: 3, elements: 200_000_000);
        var model = OnnxModel.Load(folder["big.onnx"]);
        var e = Assert.Throws<InputException>(() => model.Save(folder["out.onnx"]));
        Assert.Contains("expected at most 2147483647 bytes in one ONNX file, got 2400000", e.Message);
        Assert.Contains("external data", e.Message);
        Assert.Throws<InputException>(() => model.ToBytes());
        Assert.Equal(["big.onnx"], folder.Names);
    }

    OnnxModel TwoTensors()
    {
        folder.Write("w.bin", data);
        return Load(
            TinyModel.External("a", 2000, ("location", "w.bin"), ("offset", "0"), ("length", "8000")),
            TinyModel.External("b", 2000, ("location", "w.bin"), ("offset", "12000"), ("length", "8000")));
    }

    OnnxModel Load(params TensorProto[] initializers) => OnnxModel.Load(folder.Write("m.onnx",
        TinyModel.Of(TinyModel.Graph([TinyModel.Node("Sum", ["x", .. initializers.Select(i => i.Name)], ["y"])], initializers)).ToByteArray()));

    static TensorProto Initializer(OnnxModel model, string name) => model.Proto.Graph.Initializer.Single(i => i.Name == name);
}

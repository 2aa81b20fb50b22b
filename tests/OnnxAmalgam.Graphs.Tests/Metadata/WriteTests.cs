using Onnx;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Tests.Shared;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Metadata;

public sealed class WriteTests
{
    static readonly InputDescription Plain = new() { Channels = 3, Height = 8, Width = 8 };

    static readonly string[] Awkward =
    [
        "cat", "dog's", "say \"hi\"", "both ' and \"", "back\\slash", "tab\tnew\nline\rreturn", "naïve", "犬", "😀", "\u0001\u007f\u0085", "\u2028\u2029", " blanks ", "{0: 'x'}", "__import__('os')",
    ];

    [Fact]
    public void Labels_of_any_kind_come_back_as_they_were()
    {
        var model = Classifier();
        ModelMetadata.Write(model, Awkward, Plain, new Dictionary<string, string>());
        using var folder = new TempFolder();
        model.Save(folder["m.onnx"]);
        Assert.Equal(Awkward, ModelMetadata.Labels(OnnxModel.Load(folder["m.onnx"]))!);
    }

    [Fact]
    public void Names_are_written_as_Python_writes_them()
    {
        var model = Classifier();
        ModelMetadata.Write(model, ["cat", "dog's", "a \"b\" 'c'", "\u0001é"], Plain, new Dictionary<string, string>());
        Assert.Equal("""{0: 'cat', 1: "dog's", 2: 'a "b" \'c\'', 3: '\x01é'}""", Metadata(model)["names"]);
    }

    public static TheoryData<InputDescription> Inputs =>
    [
        Plain,
        Plain with { Order = ColorOrder.Bgr, Mean = [0.485, 0.456, 0.406], Std = [0.229, 0.224, 0.225], Interpolation = Interpolation.Bicubic, Antialias = false },
        new InputDescription { Channels = 1, Height = 28, Width = 32, Mean = [0.1307], Std = [0.3081], Resize = ResizeMode.Stretch, Interpolation = Interpolation.Nearest },
        new InputDescription { Layout = ImageLayout.Nhwc, Dtype = ImageDtype.UInt8, Channels = 3, Height = 224, Width = 224, Scale = 1 },
        Plain with { Dtype = ImageDtype.Float16, Scale = 1 / 127.5, Mean = [1] },
        Plain with { Scale = 0.1 + 0.2, Mean = [1e-300, double.Epsilon, -0.0], Std = [double.MaxValue, 1.0 / 3, -2] },
    ];

    [Theory]
    [MemberData(nameof(Inputs))]
    public void An_input_description_comes_back_to_the_last_bit(InputDescription input)
    {
        var model = Model(Image(["N", .. input.ShapeOf(1).Skip(1).Cast<object>()]), [Node("Relu", ["image"], ["y"])], ["y"]);
        model.Proto.Graph.Input[0].Type.TensorType.ElemType = (int)(input.Dtype switch
        {
            ImageDtype.Float16 => TensorProto.Types.DataType.Float16,
            ImageDtype.UInt8 => TensorProto.Types.DataType.Uint8,
            _ => TensorProto.Types.DataType.Float,
        });
        ModelMetadata.Write(model, ["a"], input, new Dictionary<string, string>());
        using var folder = new TempFolder();
        model.Save(folder["m.onnx"]);
        var read = ModelMetadata.Input(OnnxModel.Load(folder["m.onnx"]));
        Assert.Equal(input, read);
        Assert.Equal("metadata 'onnx_amalgam.preprocessing'", ModelMetadata.InputSource(OnnxModel.Load(folder["m.onnx"])));
    }

    [Theory]
    [InlineData(1, 0, 1, "NominalRange_0_255")]
    [InlineData(1.0 / 255, 0, 1, "Normalized_0_1")]
    [InlineData(1.0 / 255, 0.5, 0.5, "Normalized_1_1")]
    [InlineData(1 / 127.5, 1, 1, "Normalized_1_1")]
    [InlineData(219.0 / 255, -16, 1, "NominalRange_16_235")]
    [InlineData(1.0 / 255, 0.485, 0.229, null)]
    public void ONNXs_word_for_the_range_is_written_where_there_is_one(double scale, double mean, double std, string? word)
    {
        var model = Classifier();
        model.Proto.MetadataProps.Add(new StringStringEntryProto { Key = "image.nominalpixelrange", Value = "old" });
        ModelMetadata.Write(model, ["a"], Plain with { Scale = scale, Mean = [mean], Std = [std] }, new Dictionary<string, string>());
        Assert.Equal(word, Metadata(model).GetValueOrDefault("Image.NominalPixelRange"));
        Assert.DoesNotContain("image.nominalpixelrange", Metadata(model).Keys);
    }

    [Fact]
    public void Ultralytics_five_keys_are_all_there_and_theirs_are_replaced()
    {
        var model = Classifier();
        model.Proto.MetadataProps.Add([
            new StringStringEntryProto { Key = "names", Value = "{0: 'old'}" }, new StringStringEntryProto { Key = "author", Value = "somebody" }, new StringStringEntryProto { Key = "names", Value = "twice" }]);
        ModelMetadata.Write(model, ["a", "b"], Plain with { Order = ColorOrder.Bgr }, new Dictionary<string, string> { ["z"] = "1", ["b"] = "2" });

        Assert.Equal(
            ["author", "stride", "task", "batch", "imgsz", "names", "channels", "Image.BitmapPixelFormat", "Image.ColorSpaceGamma", "Image.NominalPixelRange", "onnx_amalgam.preprocessing", "b", "z"],
            model.Proto.MetadataProps.Select(entry => entry.Key));
        var metadata = Metadata(model);
        Assert.Equal(["1", "classify", "1", "[8, 8]", "{0: 'a', 1: 'b'}", "3", "Bgr8"], new[] { "stride", "task", "batch", "imgsz", "names", "channels", "Image.BitmapPixelFormat" }.Select(key => metadata[key]));
        Assert.DoesNotContain("date", metadata.Keys);
    }

    [Fact]
    public void Writing_twice_gives_the_same_bytes()
    {
        var (once, twice) = (Classifier(), Classifier());
        var provenance = new Dictionary<string, string> { ["onnx_amalgam.version"] = "1.0.0" };
        ModelMetadata.Write(once, Awkward, Plain, provenance);
        ModelMetadata.Write(twice, ["x"], Plain with { Scale = 2 }, provenance);
        ModelMetadata.Write(twice, Awkward, Plain, provenance);
        Assert.Equal(once.ToBytes(), twice.ToBytes());
    }

    [Fact]
    public void The_description_is_written_with_a_recipes_keys()
    {
        var model = Classifier();
        ModelMetadata.Write(model, ["a"], Plain with { Scale = 1 }, new Dictionary<string, string>());
        Assert.Equal(
            """{"layout":"nchw","dtype":"float32","channels":3,"size":[8,8],"order":"rgb","scale":1,"mean":[0],"std":[1],"resize":"shorter_side","interpolation":"bilinear","antialias":true}""",
            Metadata(model)["onnx_amalgam.preprocessing"]);
    }

    [Theory]
    [InlineData("\"size\":[8,8]", "\"size\":8")]
    [InlineData("\"size\":[8,8]", "\"height\":8,\"width\":8")]
    [InlineData("\"size\":[8,8]", "\"size\":[8,8],\"height\":8,\"width\":8")]
    [InlineData("\"mean\":[0]", "\"mean\":0")]
    public void Other_forms_of_the_size_and_one_number_for_all_channels_are_read(string from, string to)
    {
        var input = Plain with { Scale = 1, Order = ColorOrder.Bgr };
        Assert.Equal(input, ModelMetadata.Input(Tampered(input, from, to)));
    }

    [Theory]
    [InlineData("\"scale\":1", "\"scale\":1e999", "scale: expected a number, got 1e999")]
    [InlineData("\"channels\":3", "\"channels\":4", "channels: expected 1 or 3, got 4")]
    [InlineData("\"channels\":3", "\"channels\":1", "layout, channels and size: expected what the graph's input has, [n, 3, 8, 8], got [n, 1, 8, 8]")]
    [InlineData("\"size\":[8,8]", "\"size\":[0,8]", "size: expected [height, width] or one number, in pixels, got [0,8]")]
    [InlineData("\"size\":[8,8]", "\"size\":[8,8,8]", "size: expected [height, width] or one number, in pixels, got [8,8,8]")]
    [InlineData("\"size\":[8,8]", "\"size\":[9,8]", "layout, channels and size: expected what the graph's input has, [n, 3, 8, 8], got [n, 3, 9, 8]")]
    [InlineData("\"size\":[8,8]", "\"size\":8,\"height\":8,\"width\":9", "size: expected what height and width say, [8, 9], got 8")]
    [InlineData("\"size\":[8,8]", "\"height\":8", "width: expected a number of pixels, got none")]
    [InlineData("\"size\":[8,8],", "", "size: expected [height, width], got none")]
    [InlineData("\"layout\":\"nchw\"", "\"layout\":\"nchwx\"", "layout: expected nchw or nhwc, got \"nchwx\"")]
    [InlineData("\"layout\":\"nchw\"", "\"layout\":\"nhwc\"", "layout, channels and size: expected what the graph's input has, [n, 3, 8, 8], got [n, 8, 8, 3]")]
    [InlineData("\"dtype\":\"float32\"", "\"dtype\":\"uint8\"", "dtype: expected what the graph's input has, float32, got uint8")]
    [InlineData("\"std\":[1]", "\"std\":[0]", "std: expected 1 or 3 numbers other than 0, got [0]")]
    [InlineData("\"std\":[1]", "\"std\":[1,1]", "std: expected 1 or 3 numbers other than 0, got [1,1]")]
    [InlineData("\"mean\":[0]", "\"mean\":[1e999]", "mean: expected 1 or 3 numbers, got [1e999]")]
    [InlineData("\"antialias\":true", "\"antialias\":\"yes\"", "antialias: expected true or false, got \"yes\"")]
    [InlineData("\"antialias\":true", "\"antialias\":\"\\ud800\"", "expected a JSON object, got text that is none")]
    [InlineData("\"resize\":\"shorter_side\",", "", "resize: expected stretch or shorter_side, got none")]
    [InlineData("}", "", "expected a JSON object, got text that is none")]
    public void A_description_that_cannot_be_followed_is_refused_and_no_other_source_taken(string from, string to, string message)
    {
        var model = Tampered(Plain with { Scale = 1 }, from, to);
        var refused = Assert.Throws<InputException>(() => ModelMetadata.Input(model));
        Assert.StartsWith($"'{model.Name}', metadata 'onnx_amalgam.preprocessing'", refused.Message);
        Assert.Contains($"{message}; correct the key", refused.Message);
        Assert.Throws<InputException>(() => ModelMetadata.InputSource(model));
    }

    /// <summary>A classifier whose written description was changed by hand.</summary>
    static OnnxModel Tampered(InputDescription input, string from, string to)
    {
        var model = Classifier();
        ModelMetadata.Write(model, ["a"], input, new Dictionary<string, string>());
        var entry = model.Proto.MetadataProps.Single(one => one.Key == "onnx_amalgam.preprocessing");
        Assert.Contains(from, entry.Value);
        entry.Value = entry.Value.Replace(from, to, StringComparison.Ordinal);
        return model;
    }

    static Dictionary<string, string> Metadata(OnnxModel model) => model.Proto.MetadataProps.ToDictionary(entry => entry.Key, entry => entry.Value);
}

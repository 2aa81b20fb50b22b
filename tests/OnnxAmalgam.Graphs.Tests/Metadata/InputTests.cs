using Onnx;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Tests.Shared;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Metadata;

public sealed class InputTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    // What the classifier of Network states by itself.
    static readonly InputDescription Plain = new() { Channels = 3, Height = 8, Width = 8 };

    [Fact]
    public void A_model_that_says_nothing_has_no_description_and_its_graph_gives_one()
    {
        Assert.Null(ModelMetadata.Input(Classifier()));
        Assert.Null(ModelMetadata.InputSource(Classifier()));
        Assert.Equal(Plain, ModelMetadata.FromGraph(Classifier()));
    }

    [Theory]
    [InlineData("[8, 8]", 8, 8)]
    [InlineData("8", 8, 8)]
    [InlineData("[640, 480]", 640, 480)]
    public void Ultralytics_classifiers_state_their_size(string size, int height, int width)
    {
        var free = height != 8;
        var model = With(free ? Free() : Classifier(), ("task", "classify"), ("imgsz", size), ("stride", "1"), ("names", "{0: 'a'}"), ("batch", "1"));
        Assert.Equal(Plain with { Height = height, Width = width }, ModelMetadata.Input(model));
        Assert.Equal("metadata 'imgsz'", ModelMetadata.InputSource(model));
    }

    [Theory]
    [InlineData("task", "detect")]
    [InlineData("imgsz", "[__import__('os')]")]
    [InlineData("imgsz", "[0, 0]")]
    [InlineData("imgsz", "[8, 8, 8]")]
    [InlineData("imgsz", "[1e9, 8]")]
    [InlineData("imgsz", "[8.5, 8]")]
    public void Ultralytics_metadata_of_another_task_or_without_sense_is_passed_over(string key, string value)
    {
        var stated = new Dictionary<string, string> { ["task"] = "classify", ["imgsz"] = "[640, 480]", ["channels"] = "3", [key] = value };
        Assert.Null(ModelMetadata.Input(With(Free(channels: "C"), [.. stated.Select(pair => (pair.Key, pair.Value))])));
    }

    [Theory]
    [InlineData("Rgb8", "NominalRange_0_255", ColorOrder.Rgb, 1, 0)]
    [InlineData("BGR8", "Normalized_0_1", ColorOrder.Bgr, 1.0 / 255, 0)]
    [InlineData("bgr8", "normalized_1_1", ColorOrder.Bgr, 2.0 / 255, 1)]
    [InlineData("Rgb8", "NominalRange_16_235", ColorOrder.Rgb, 219.0 / 255, -16)]
    [InlineData("Rgb8", null, ColorOrder.Rgb, 1, 0)]
    [InlineData(null, "Normalized_0_1", ColorOrder.Rgb, 1.0 / 255, 0)]
    public void ONNXs_own_image_keys_are_read_whatever_their_case(string? format, string? range, ColorOrder order, double scale, double mean)
    {
        (string, string)[] keys = [.. format is null ? [] : new[] { ("image.bitmappixelformat", format) }, .. range is null ? [] : new[] { ("Image.NominalPixelRange", range) }];
        var model = With(Classifier(), keys);
        Assert.Equal(Plain with { Order = order, Scale = scale, Mean = [mean] }, ModelMetadata.Input(model));
        Assert.Equal("metadata 'Image'", ModelMetadata.InputSource(model));
    }

    [Theory]
    [InlineData("Gray8", "NominalRange_0_255")]
    [InlineData("Rgba8", "NominalRange_0_255")]
    [InlineData("Rgb8", "NominalRange_0_1023")]
    public void Image_keys_that_contradict_the_graph_or_mean_nothing_are_passed_over(string format, string range)
    {
        var model = With(Free(channels: "C"), ("Image.BitmapPixelFormat", format), ("Image.NominalPixelRange", range));
        Assert.Null(ModelMetadata.Input(model));
    }

    [Fact]
    public void A_grey_image_is_of_one_channel()
    {
        var model = With(Model(Image("N", 1, 8, 8), [Node("Relu", ["image"], ["y"])], ["y"]), ("Image.BitmapPixelFormat", "Gray8"));
        Assert.Equal(1, ModelMetadata.Input(model)!.Channels);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Custom_Vision_states_its_preprocessing_in_the_model_or_beside_it(bool beside)
    {
        (string, string)[] stated =
        [
            ("CustomVision.Preprocess.NormalizeMean", "[0.0, 0.0, 0.0]"), ("CustomVision.Preprocess.NormalizeStd", "[1.0, 1.0, 1.0]"),
            ("CustomVision.Preprocess.ResizeMethod", "ByMinSize"), ("CustomVision.Preprocess.CropMethod", "CenterCrop"),
            ("CustomVision.Preprocess.TargetHeight", "224"), ("CustomVision.Preprocess.TargetWidth", "224"),
            ("CustomVision.Postprocess.Method", "ClassificationMultiClass"),
            ("Image.BitmapPixelFormat", "Bgr8"), ("Image.NominalPixelRange", "NominalRange_0_255"),
        ];
        With(Free(), beside ? [] : stated).Save(folder["m.onnx"]);
        if (beside)
            folder.Write("metadata_properties.json", System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(stated.ToDictionary(pair => pair.Item1, pair => pair.Item2)));
        var model = OnnxModel.Load(folder["m.onnx"]);

        Assert.Equal(
            new InputDescription { Channels = 3, Height = 224, Width = 224, Order = ColorOrder.Bgr, Scale = 1, Mean = [0, 0, 0], Std = [1, 1, 1], Resize = ResizeMode.ShorterSide },
            ModelMetadata.Input(model));
        Assert.Equal("metadata 'CustomVision.Preprocess'", ModelMetadata.InputSource(model));
    }

    [Theory]
    [InlineData("[0.0, 0.0, 0.0]", "[1.0, 0.0, 1.0]")]
    [InlineData("[0.0, 0.0]", "[1.0, 1.0]")]
    [InlineData("open('/etc/passwd')", "[1.0, 1.0, 1.0]")]
    public void Custom_Vision_numbers_that_do_not_fit_are_passed_over(string mean, string std) =>
        Assert.NotEqual("metadata 'CustomVision.Preprocess'", ModelMetadata.InputSource(With(Classifier(),
            ("CustomVision.Preprocess.NormalizeMean", mean), ("CustomVision.Preprocess.NormalizeStd", std), ("Image.BitmapPixelFormat", "Rgb8"))));

    [Fact]
    public void Hugging_Faces_file_beside_the_model_is_read()
    {
        var model = Beside("preprocessor_config.json", """
            {"do_resize": true, "size": {"shortest_edge": 256}, "resample": 3, "do_center_crop": true, "crop_size": {"height": 224, "width": 224},
             "do_rescale": true, "rescale_factor": 0.00392156862745098, "do_normalize": true, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.2, 0.1]}
            """);
        Assert.Equal(
            new InputDescription { Channels = 3, Height = 224, Width = 224, Scale = 0.00392156862745098, Mean = [0.5, 0.4, 0.3], Std = [0.2, 0.2, 0.1], Interpolation = Interpolation.Bicubic },
            ModelMetadata.Input(model));
        Assert.Equal("preprocessor_config.json", ModelMetadata.InputSource(model));
    }

    [Theory]
    [InlineData("""{"size": 160, "do_normalize": false}""", 160, ResizeMode.Stretch, Interpolation.Bilinear, 1.0 / 255)]
    [InlineData("""{"size": {"height": 160, "width": 160}, "resample": 0, "do_rescale": false, "do_normalize": false}""", 160, ResizeMode.Stretch, Interpolation.Nearest, 1)]
    [InlineData("""{"size": {"shortest_edge": 160}, "do_center_crop": false, "do_normalize": false, "image_mean": [0.5], "image_std": [0.5]}""", 160, ResizeMode.ShorterSide, Interpolation.Bilinear, 1.0 / 255)]
    public void Hugging_Faces_shorter_forms_are_read(string json, int size, ResizeMode resize, Interpolation filter, double scale)
    {
        var input = ModelMetadata.Input(Beside("preprocessor_config.json", json))!;
        Assert.Equal((size, size, resize, filter, scale), (input.Height, input.Width, input.Resize, input.Interpolation, input.Scale));
        Assert.Equal([0.0], input.Mean);
    }

    [Theory]
    [InlineData("""{"feature_extractor_type": "CLIPFeatureExtractor", "size": 224, "crop_size": 224, "do_normalize": false}""", ResizeMode.ShorterSide)]
    [InlineData("""{"image_processor_type": "CLIPImageProcessorFast", "size": 224, "crop_size": 224, "do_normalize": false}""", ResizeMode.ShorterSide)]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "size": 224, "do_normalize": false}""", ResizeMode.Stretch)]
    [InlineData("""{"feature_extractor_type": "BeitFeatureExtractor", "size": 256, "crop_size": 224, "do_normalize": false}""", ResizeMode.Stretch)]
    [InlineData("""{"feature_extractor_type": "ConvNextFeatureExtractor", "size": 224, "do_normalize": false}""", ResizeMode.ShorterSide)]
    [InlineData("""{"feature_extractor_type": "ConvNextFeatureExtractor", "size": 384, "do_normalize": false}""", ResizeMode.Stretch)]
    [InlineData("""{"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}, "do_normalize": false}""", ResizeMode.Stretch)]
    public void Hugging_Faces_processors_read_a_bare_size_each_in_its_way(string json, ResizeMode resize) =>
        Assert.Equal(resize, ModelMetadata.Input(Beside("preprocessor_config.json", json))!.Resize);

    [Theory]
    [InlineData("""{"size": 8, "image_processor_type": "EfficientNetImageProcessor", "image_mean": [0.5], "image_std": [0.3]}""", 1.0 / 255, 0.5, 0.09)]
    [InlineData("""{"size": 8, "image_processor_type": "EfficientNetImageProcessor", "include_top": false, "image_mean": [0.5], "image_std": [0.3]}""", 1.0 / 255, 0.5, 0.3)]
    [InlineData("""{"size": 8, "image_processor_type": "EfficientNetImageProcessor", "do_normalize": false, "image_mean": [0.5], "image_std": [0.3]}""", 1.0 / 255, 0, 0.3)]
    [InlineData("""{"size": 8, "image_processor_type": "EfficientNetImageProcessor", "rescale_factor": 0.0078125, "rescale_offset": true, "include_top": false, "do_normalize": false}""", 0.0078125, 1, 1)]
    [InlineData("""{"size": 8, "image_processor_type": "ViTImageProcessor", "image_mean": 0.5, "image_std": 0.25}""", 1.0 / 255, 0.5, 0.25)]
    public void Hugging_Faces_arithmetic_is_that_of_the_processor(string json, double scale, double mean, double std)
    {
        var input = ModelMetadata.Input(Beside("preprocessor_config.json", json))!;
        Assert.Equal((scale, mean), (input.Scale, Assert.Single(input.Mean)));
        Assert.Equal(std, Assert.Single(input.Std), 1e-12);
    }

    [Theory]
    [InlineData("""{"image_processor_type": "CLIPImageProcessor", "size": 64}""", 64, Interpolation.Bicubic, ResizeMode.ShorterSide)]
    [InlineData("""{"image_processor_type": "ViTImageProcessor", "size": 64}""", 64, Interpolation.Bilinear, ResizeMode.Stretch)]
    [InlineData("""{"image_processor_type": "EfficientNetImageProcessor", "include_top": false, "size": 64, "crop_size": 32}""", 64, Interpolation.Nearest, ResizeMode.Stretch)]
    [InlineData("""{"image_processor_type": "EfficientNetImageProcessorFast", "include_top": false, "size": 64, "crop_size": 32, "do_center_crop": true}""", 32, Interpolation.Bicubic, ResizeMode.Stretch)]
    [InlineData("""{"image_processor_type": "PoolFormerImageProcessor", "size": {"height": 64, "width": 64}}""", 64, Interpolation.Bicubic, ResizeMode.ShorterSide)]
    [InlineData("""{"image_processor_type": "PoolFormerImageProcessor", "size": {"height": 64, "width": 64}, "crop_pct": null}""", 64, Interpolation.Bicubic, ResizeMode.Stretch)]
    public void Hugging_Faces_defaults_are_those_of_the_processor(string json, int size, Interpolation filter, ResizeMode resize)
    {
        var input = ModelMetadata.Input(Beside("preprocessor_config.json", json.Replace("\"image_processor_type\"", "\"do_normalize\": false, \"image_processor_type\"", StringComparison.Ordinal)))!;
        Assert.Equal((size, filter, resize), (input.Height, input.Interpolation, input.Resize));
    }

    [Fact]
    public void MobileViT_takes_blue_first() => Assert.Equal(
        [ColorOrder.Bgr, ColorOrder.Rgb, ColorOrder.Rgb],
        new[] { """{"size": 8, "feature_extractor_type": "MobileViTFeatureExtractor"}""", """{"size": 8, "feature_extractor_type": "MobileViTFeatureExtractor", "do_flip_channel_order": false}""", """{"size": 8, "do_normalize": false}""" }
            .Select(json => ModelMetadata.Input(Beside("preprocessor_config.json", json))!.Order));

    [Theory]
    [InlineData("""{"size": 160, "resample": 4, "do_normalize": false}""")]
    [InlineData("""{"size": 160}""")]
    [InlineData("""{"size": 160, "image_mean": [0.5, 0.5]}""")]
    [InlineData("""{"size": 160, "image_std": [0, 1, 1]}""")]
    [InlineData("""{"size": 160, "image_mean": [1e999, 0, 0]}""")]
    [InlineData("""{"size": -3}""")]
    [InlineData("""{"size": 1e999}""")]
    [InlineData("""{"size": "large"}""")]
    [InlineData("""{"size": 160, "image_mean": "\ud800", "image_std": 1}""")]
    [InlineData("""[160]""")]
    [InlineData("""{"size": 160""")]
    public void Files_of_preprocessing_without_sense_are_passed_over(string json) => Assert.Null(ModelMetadata.Input(Beside("preprocessor_config.json", json)));

    [Fact]
    public void Timms_file_beside_the_model_is_read()
    {
        var model = Beside("config.json", """
            {"architecture": "resnet18", "pretrained_cfg": {"input_size": [3, 224, 224], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
             "interpolation": "bicubic", "crop_pct": 0.875, "crop_mode": "squash"}}
            """);
        Assert.Equal(
            new InputDescription { Channels = 3, Height = 224, Width = 224, Mean = [0.485, 0.456, 0.406], Std = [0.229, 0.224, 0.225], Interpolation = Interpolation.Bicubic, Resize = ResizeMode.Stretch },
            ModelMetadata.Input(model));
        Assert.Equal("config.json", ModelMetadata.InputSource(model));
    }

    [Fact]
    public void The_document_lists_every_source_in_the_order_in_which_they_are_asked()
    {
        var model = With(Free(), ("task", "classify"), ("imgsz", "[8, 8]"), ("Image.BitmapPixelFormat", "Rgb8"), ("CustomVision.Preprocess.NormalizeMean", "[0]"),
            ("CustomVision.Preprocess.NormalizeStd", "[1]"), ("CustomVision.Preprocess.TargetHeight", "8"), ("CustomVision.Preprocess.TargetWidth", "8"));
        ModelMetadata.Write(model, ["a"], Plain, new Dictionary<string, string>());
        // ONNX's keys state no size: the graph does
        model.Proto.Graph.Input[0] = Image("N", 3, 8, 8);
        model.Save(folder["m.onnx"]);
        folder.Write("preprocessor_config.json", """{"size": 8, "do_normalize": false}"""u8.ToArray());
        folder.Write("config.json", """{"pretrained_cfg": {"mean": [0.5], "std": [0.5]}}"""u8.ToArray());
        model = OnnxModel.Load(folder["m.onnx"]);

        var order = new List<string>();
        while (ModelMetadata.InputSource(model) is { } source)
        {
            order.Add(source.Replace("metadata ", "", StringComparison.Ordinal).Trim('\''));
            var entries = model.Proto.MetadataProps.Where(entry => !entry.Key.StartsWith(order[^1], StringComparison.Ordinal)).ToArray();
            model.Proto.MetadataProps.Clear();
            model.Proto.MetadataProps.Add(entries);
            File.Delete(folder[order[^1]]);
        }

        Assert.Equal(["onnx_amalgam.preprocessing", "CustomVision.Preprocess", "imgsz", "Image", "preprocessor_config.json", "config.json"], order);
        var row = File.ReadLines(Path.Combine(Tools.Python.Root, "docs/teachers.md")).Single(line => line.StartsWith("| preprocessing |", StringComparison.Ordinal));
        var places = order.Select(source => row.IndexOf($"`{source}", StringComparison.Ordinal)).ToArray();
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
    }

    [Theory]
    [InlineData("", ImageLayout.Nchw, 3, 8, 8)]
    [InlineData("nhwc", ImageLayout.Nhwc, 3, 8, 10)]
    [InlineData("denoted", ImageLayout.Nhwc, 3, 3, 10)]
    [InlineData("transposed", ImageLayout.Nhwc, 3, 3, 3)]
    public void The_layout_follows_sizes_denotations_and_the_first_transpose(string kind, ImageLayout layout, int channels, int height, int width)
    {
        OnnxModel Of(ValueInfoProto image) => Model(image,
            [Node("Sub", ["image", "mean"], ["centred"]), Node("Transpose", ["centred"], ["t"], Ints("perm", 0, 3, 1, 2)), Node("Conv", ["t", "w"], ["y"])],
            ["y"], Scalar("mean", 1), Floats("w", 2, 3, 1, 1));
        var model = kind switch
        {
            "" => Classifier(),
            "nhwc" => Of(Image("N", 8, 10, 3)),
            "denoted" => Of(Image("N", 3, 10, 3)),
            _ => Of(Image("N", 3, 3, 3)),
        };
        if (kind == "denoted")
            model.Proto.Graph.Input[0].Type.TensorType.Shape.Dim[3].Denotation = "DATA_CHANNEL";
        var input = ModelMetadata.FromGraph(model);
        Assert.Equal((layout, channels, height, width), (input.Layout, input.Channels, input.Height, input.Width));
        Assert.Equal(layout == ImageLayout.Nhwc ? [2, height, width, 3] : [2, 3, height, width], input.ShapeOf(2));
    }

    [Fact]
    public void Free_sizes_must_be_stated_and_fixed_ones_must_not_be_contradicted()
    {
        Assert.Contains("expected a stated height, because the graph leaves it free", Assert.Throws<InputException>(() => ModelMetadata.FromGraph(Free())).Message);
        Assert.Equal((96, 96), (ModelMetadata.FromGraph(Free(), size: 96).Height, ModelMetadata.FromGraph(Free(), size: 96).Width));
        Assert.Contains("expected height 8, which the graph fixes, got 9; leave it out", Assert.Throws<InputException>(() => ModelMetadata.FromGraph(Classifier(), size: 9)).Message);
        Assert.Equal(3, ModelMetadata.FromGraph(Free(channels: "C"), size: 96).Channels);
    }

    [Fact]
    public void Bytes_are_fed_as_they_are_and_what_is_no_image_says_so()
    {
        var bytes = Model(Image("N", 8, 8, 3), [Node("Cast", ["image"], ["y"], Int("to", 1))], ["y"]);
        bytes.Proto.Graph.Input[0].Type.TensorType.ElemType = (int)TensorProto.Types.DataType.Uint8;
        Assert.Equal((ImageDtype.UInt8, 1.0), (ModelMetadata.FromGraph(bytes).Dtype, ModelMetadata.FromGraph(bytes).Scale));

        bytes.Proto.Graph.Input[0].Type.TensorType.ElemType = (int)TensorProto.Types.DataType.Int64;
        Assert.Contains("expected elements of Float, Float16 or Uint8, got Int64", Assert.Throws<InputException>(() => ModelMetadata.FromGraph(bytes)).Message);
        Assert.Contains("expected a tensor of rank 4", Assert.Throws<InputException>(() => ModelMetadata.FromGraph(Export("sklearn_zipmap"))).Message);
        Assert.Contains("expected 1 or 3 channels, got 5", Assert.Throws<InputException>(() => ModelMetadata.FromGraph(Model(Image("N", 5, 8, 8), [Node("Relu", ["image"], ["y"])], ["y"]))).Message);
    }

    [Fact]
    public void Families_are_found_by_name_and_an_unknown_one_is_answered_with_the_list()
    {
        Assert.Equal([0.485, 0.456, 0.406], InputPresets.Find("torchvision").Mean);
        Assert.Equal(InputPresets.Find("keras-caffe"), InputPresets.Find("keras_caffe"));
        Assert.Equal((ImageLayout.Nhwc, ColorOrder.Bgr, 1.0), (InputPresets.Find("keras-caffe").Layout, InputPresets.Find("keras-caffe").Order, InputPresets.Find("keras-caffe").Scale));
        Assert.All(InputPresets.Names, name => Assert.True(InputPresets.Find(name).Std.All(value => value > 0)));
        var e = Assert.Throws<InputException>(() => InputPresets.Find("torchvison"));
        Assert.Contains("closest: 'torchvision'", e.Message);
    }

    OnnxModel Beside(string file, string json)
    {
        Free().Save(folder["m.onnx"]);
        folder.Write(file, System.Text.Encoding.UTF8.GetBytes(json));
        return OnnxModel.Load(folder["m.onnx"]);
    }

    /// <summary>A classifier of any size.</summary>
    static OnnxModel Free(object? channels = null)
    {
        var model = Classifier();
        model.Proto.Graph.Input[0] = Image("N", channels ?? 3, "H", "W");
        return model;
    }

    static OnnxModel With(OnnxModel model, params (string Key, string Value)[] metadata)
    {
        model.Proto.MetadataProps.Add(metadata.Select(pair => new StringStringEntryProto { Key = pair.Key, Value = pair.Value }));
        return model;
    }
}

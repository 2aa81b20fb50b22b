using Onnx;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Classifiers;

public sealed class TapTests
{
    [Theory]
    [InlineData("digits_resnet", TapKind.Spatial, 1, 80)]
    [InlineData("fashion_mixer", TapKind.Spatial, 1, 96)]
    [InlineData("cifar_animals", TapKind.Spatial, 1, 64)]
    public void By_default_a_teacher_is_tapped_at_its_last_map_before_the_pool(string teacher, TapKind kind, int axis, int channels)
    {
        var model = Teacher(teacher);
        var tap = Graphs.Anatomy.AutoTap(model);

        Assert.Equal((kind, axis, channels, true), (tap.Kind, tap.ChannelAxis, tap.Channels, tap.Dominates));
        var user = Assert.Single(new GraphView(model.Proto.Graph).Consumers(tap.Value));
        Assert.Contains(user.OpType, new[] { "GlobalAveragePool", "ReduceMean" });
    }

    [Fact]
    public void Taps_on_the_path_lie_behind_a_layer_on_every_way_to_the_head()
    {
        var model = Model(Image("N", 3, 8, 8),
            [
                Node("Relu", ["image"], ["bright"]), Node("Conv", ["bright", "w"], ["map"], Ints("pads", 1, 1, 1, 1)), Node("Relu", ["map"], ["left"]),
                Node("Sigmoid", ["map"], ["right"]), Node("Add", ["left", "right"], ["sum"]), Node("Identity", ["sum"], ["same"]),
                Node("GlobalAveragePool", ["same"], ["pool"]), Node("Flatten", ["pool"], ["flat"]), Node("Gemm", ["flat", "fc"], ["scores"]),
            ],
            ["scores"], Floats("w", 5, 3, 3, 3), Floats("fc", 5, 2));
        // Not bright (before any weights), left and right (a way round each), same (passes on), scores (no feature).
        Assert.Equal(["map", "sum", "pool", "flat"], Graphs.Anatomy.TapsOnPath(model).Select(t => t.Value));
        Assert.All(Graphs.Anatomy.TapsOnPath(model), t => Assert.True(t.Dominates));
    }

    [Fact]
    public void The_map_is_tapped_after_its_activation()
    {
        var tap = Graphs.Anatomy.AutoTap(Classifier());
        Assert.Equal(new Tap("features", TapKind.Spatial, 1, 6, true), tap);
    }

    [Theory]
    [InlineData("vit_opset13", 16)]
    [InlineData("vit_opset17", 16)]
    public void A_transformer_is_tapped_at_its_tokens(string file, int channels)
    {
        var model = Export(file);
        var tap = Graphs.Anatomy.AutoTap(model);

        Assert.Equal((TapKind.Tokens, 2, channels, true), (tap.Kind, tap.ChannelAxis, tap.Channels, tap.Dominates));
        Assert.Equal(["batch", "17", "16"], Graphs.Facts.Infer(model)[tap.Value].Shape!.Select(dim => dim.ToString()));
        Assert.Equal("Gather", Assert.Single(new GraphView(model.Proto.Graph).Consumers(tap.Value)).OpType);
    }

    [Fact]
    public void Without_places_the_classifiers_input_is_tapped()
    {
        var model = Model(Image("N", 5),
            [Node("Gemm", ["image", "a"], ["hidden"]), Node("Relu", ["hidden"], ["h"]), Node("Gemm", ["h", "b"], ["scores"])],
            ["scores"], Floats("a", 5, 7), Floats("b", 7, 3));
        Assert.Equal(new Tap("h", TapKind.Pooled, 1, 7, true), Graphs.Anatomy.AutoTap(model));
    }

    [Fact]
    public void A_map_of_one_place_is_no_map()
    {
        var model = Model(Image("N", 3, 4, 4),
            [
                Node("Conv", ["image", "w"], ["point"]), Node("Relu", ["point"], ["r"]), Node("Flatten", ["r"], ["flat"]),
                Node("Gemm", ["flat", "fc"], ["scores"]),
            ],
            ["scores"], Floats("w", 5, 3, 4, 4), Floats("fc", 5, 2));
        Assert.Equal(new Tap("flat", TapKind.Pooled, 1, 5, true), Graphs.Anatomy.AutoTap(model));
    }

    [Fact]
    public void A_value_that_a_shortcut_goes_round_is_not_chosen()
    {
        var model = Model(Image("N", 3, 8, 8),
            [
                Node("Conv", ["image", "w1"], ["a"]), Node("Relu", ["a"], ["b"]),
                Node("Conv", ["b", "w2"], ["branch"]), Node("Add", ["branch", "b"], ["sum"]), Node("Relu", ["sum"], ["c"]),
                Node("GlobalAveragePool", ["c"], ["pool"]), Node("Flatten", ["pool"], ["flat"]), Node("Gemm", ["flat", "fc"], ["scores"]),
            ],
            ["scores"], Floats("w1", 4, 3, 1, 1), Floats("w2", 4, 4, 1, 1), Floats("fc", 4, 2));

        Assert.Equal("c", Graphs.Anatomy.AutoTap(model).Value);
        var taps = Graphs.Anatomy.Taps(model).ToDictionary(tap => tap.Value);
        Assert.Equal(["a", "b", "branch", "sum", "c", "pool", "flat", "scores"], taps.Keys);
        Assert.Equal(["branch"], taps.Values.Where(tap => !tap.Dominates).Select(tap => tap.Value));
    }

    [Fact]
    public void A_map_that_is_flattened_into_places_is_tapped_as_the_map_it_was()
    {
        var model = Model(Image("N", 3, 8, 8),
            [
                Node("Conv", ["image", "w"], ["a"]), Node("Relu", ["a"], ["features"]),
                Node("Reshape", ["features", "shape"], ["line"]), Node("ReduceMean", ["line"], ["pool"], Ints("axes", 2), Int("keepdims", 0)),
                Node("Gemm", ["pool", "fc"], ["scores"]),
            ],
            ["scores"], Floats("w", 4, 3, 1, 1), Integers("shape", 0, 4, 64), Floats("fc", 4, 2));
        Assert.Equal(new Tap("features", TapKind.Spatial, 1, 4, true), Graphs.Anatomy.AutoTap(model));
    }

    [Fact]
    public void A_normalised_image_is_no_feature()
    {
        var model = Model(Image("N", 3, 8, 8),
            [Node("Sub", ["image", "mean"], ["centred"]), Node("Flatten", ["centred"], ["flat"]), Node("Gemm", ["flat", "fc"], ["scores"])],
            ["scores"], Floats("mean", 1, 3, 1, 1), Floats("fc", 192, 2));
        // no layer with weights before the head: what it reads is all there is
        Assert.Equal("flat", Graphs.Anatomy.AutoTap(model).Value);
    }

    [Fact]
    public void An_NHWC_model_keeps_track_of_its_channel()
    {
        var model = Export("nhwc_tf2onnx");
        var taps = Graphs.Anatomy.Taps(model).ToDictionary(tap => tap.Value);

        Assert.Equal(new Tap("StatefulPartitionedCall/model/re_lu/Relu6:0", TapKind.Spatial, 1, 8, true), taps["StatefulPartitionedCall/model/re_lu/Relu6:0"]);
        var last = new Tap("StatefulPartitionedCall/model/depthwise/nhwc:0", TapKind.Spatial, 3, 8, true);
        Assert.Equal(last, taps[last.Value]);
        Assert.Equal(last, Graphs.Anatomy.AutoTap(model));
    }

    [Fact]
    public void The_teacher_with_an_NHWC_input_is_tapped_at_a_map_with_its_channels_where_they_are()
    {
        var model = Teacher("cifar_vehicles");
        var tap = Graphs.Anatomy.AutoTap(model);
        var shape = Graphs.Facts.Infer(model)[tap.Value].Shape!;

        Assert.Equal((TapKind.Spatial, true), (tap.Kind, tap.Dominates));
        Assert.Equal(shape[tap.ChannelAxis].Size, tap.Channels);
        Assert.Equal(Graphs.Anatomy.Head(model)!.Features, tap.Channels);
    }

    [Theory]
    [InlineData("Transpose 0,2,3,1", 3)]
    [InlineData("Transpose 0,2,3,1;Relu", 3)]
    [InlineData("Transpose 0,2,3,1;Relu;Transpose 0,3,1,2", 1)]
    [InlineData("Transpose 0,3,2,1;Relu", 3)]
    [InlineData("Relu;Identity", 1)]
    public void The_channel_follows_transposes(string operators, int axis)
    {
        var nodes = operators.Split(';').Select((text, i) => text.Split(' ') is [var type, .. var perm]
            ? Node(type, [i == 0 ? "map" : $"t{i - 1}"], [$"t{i}"], perm.Length == 0 ? [] : [Ints("perm", [.. perm[0].Split(',').Select(long.Parse)])])
            : throw new ArgumentException(operators)).ToArray();
        var last = nodes[^1].Output[0];
        var model = Model(Image("N", 3, 6, 6),
            [Node("Conv", ["image", "w"], ["map"]), .. nodes, Node("ReduceMean", [last], ["pool"], Ints("axes", axis == 3 ? [1, 2] : [2, 3]), Int("keepdims", 0)), Node("Gemm", ["pool", "fc"], ["scores"])],
            ["scores"], Floats("w", 6, 3, 1, 1), Floats("fc", 6, 2));

        // as many channels as places: sizes alone could not tell
        Assert.Equal(new Tap(last, TapKind.Spatial, axis, 6, true), Graphs.Anatomy.Tap(model, last));
    }

    [Fact]
    public void A_map_reshaped_to_tokens_has_its_channel_where_its_size_shows()
    {
        var model = Model(Image("N", 3, 8, 8),
            [
                Node("Conv", ["image", "w"], ["map"]), Node("Reshape", ["map", "shape"], ["line"]), Node("Transpose", ["line"], ["tokens"], Ints("perm", 0, 2, 1)),
                Node("ReduceMean", ["tokens"], ["pool"], Ints("axes", 1), Int("keepdims", 0)), Node("Gemm", ["pool", "fc"], ["scores"]),
            ],
            ["scores"], Floats("w", 16, 3, 1, 1), Integers("shape", 0, 16, -1), Floats("fc", 16, 2));
        Assert.Equal((1, 16), (Graphs.Anatomy.Tap(model, "line").ChannelAxis, Graphs.Anatomy.Tap(model, "line").Channels));
        Assert.Equal((2, 16), (Graphs.Anatomy.Tap(model, "tokens").ChannelAxis, Graphs.Anatomy.Tap(model, "tokens").Channels));
    }

    [Fact]
    public void Taps_are_the_float_values_of_rank_2_to_4_that_depend_on_the_image()
    {
        var model = Classifier(
            Node("Cast", ["features"], ["integers"], Int("to", (long)TensorProto.Types.DataType.Int64)),
            Node("Shape", ["features"], ["sizes"]),
            Node("Cast", ["sizes"], ["sizes.float"], Int("to", 1)),
            Node("Add", ["fc.bias", "fc.bias"], ["constant"]),
            Node("ReduceSum", ["scores"], ["total"], Int("keepdims", 0)),
            Node("Softmax", ["scores"], ["p"]));
        Assert.Equal(["map", "features", "pool", "flat", "scores", "p"], Graphs.Anatomy.Taps(model).Select(tap => tap.Value));
    }

    [Theory]
    [InlineData("feature", "tap 'feature' does not exist in 'tiny.onnx'; closest: 'features' (see: onnx-amalgam inspect tiny.onnx)")]
    [InlineData("Flat", "tap 'Flat' does not exist in 'tiny.onnx'; closest: 'flat' (see: onnx-amalgam inspect tiny.onnx)")]
    [InlineData("zzzzzzzzzzzzzz", "tap 'zzzzzzzzzzzzzz' does not exist in 'tiny.onnx' (see: onnx-amalgam inspect tiny.onnx)")]
    [InlineData("fc.weight", "tap 'fc.weight' in 'tiny.onnx': expected a value that depends on the image input 'image', got one that does not; choose a value on the way from image to scores (see: onnx-amalgam inspect tiny.onnx)")]
    [InlineData("doubled", "tap 'doubled' in 'tiny.onnx': expected a value that depends on the image input 'image', got one that does not; choose a value on the way from image to scores (see: onnx-amalgam inspect tiny.onnx)")]
    [InlineData("label", "tap 'label' in 'tiny.onnx': expected a float value of rank 2 to 4 behind the input, got Int64[N,1]; choose another value (see: onnx-amalgam inspect tiny.onnx)")]
    [InlineData("image", "tap 'image' in 'tiny.onnx': expected a float value of rank 2 to 4 behind the input, got Float[N,3,8,8]; choose another value (see: onnx-amalgam inspect tiny.onnx)")]
    public void A_tap_that_cannot_be_says_why(string tap, string message)
    {
        var model = Classifier(Node("Add", ["fc.bias", "fc.bias"], ["doubled"]), Node("ArgMax", ["scores"], ["label"], Int("axis", 1)));
        Assert.Equal(message, Assert.Throws<InputException>(() => Graphs.Anatomy.Tap(model, tap)).Message);
    }

    [Fact]
    public void A_classical_model_has_nothing_to_tap()
    {
        var e = Assert.Throws<InputException>(() => Graphs.Anatomy.AutoTap(Export("sklearn_zipmap")));
        Assert.Contains("expected features that can be tapped before the class scores, got none; use the model with 'taps: none'", e.Message);
    }

    [Fact]
    public void A_model_with_two_heads_must_be_told_its_tap()
    {
        var model = Classifier(Node("Gemm", ["flat", "fc.weight"], ["other"], Int("transB", 1)));
        model.Proto.Graph.Output.Add(new ValueInfoProto { Name = "scores" });
        Assert.Contains("name a tap", Assert.Throws<InputException>(() => Graphs.Anatomy.AutoTap(model)).Message);
        Assert.Equal("features", Graphs.Anatomy.Tap(model, "features").Value);
    }

    [Theory]
    [InlineData("stem", "/stem/stem.2/HardSwish_output_0")]
    [InlineData("stem.0", "/stem/stem.0/Conv_output_0")]
    [InlineData("expand", "/expand/expand.2/Clip_output_0")]
    [InlineData("depthwise/depthwise.0", "/depthwise/depthwise.0/Conv_output_0")]
    [InlineData("se.expand", "/se/expand/Conv_output_0")]
    [InlineData("se", "/se/Mul_output_0")]
    public void A_module_path_means_the_last_value_that_the_module_makes(string path, string value) =>
        Assert.Equal(value, Graphs.Anatomy.Tap(Export("mobilenet_opset17"), path).Value);

    [Fact]
    public void Module_paths_are_the_same_from_both_of_torchs_exporters()
    {
        var torchScript = Graphs.Anatomy.ModulePaths(Export("softmax_tail"));
        var dynamo = Graphs.Anatomy.ModulePaths(Export("dynamo"));

        Assert.Equal("conv", torchScript["/conv/Conv_output_0"]);
        Assert.Equal("fc", torchScript["/fc/Gemm_output_0"]);
        Assert.Equal("conv", dynamo["conv2d"]);
        Assert.Equal("fc", dynamo["logits"]);
        Assert.Equal("conv2d", Graphs.Anatomy.Tap(Export("dynamo"), "conv").Value);
        Assert.Equal("/conv/Conv_output_0", Graphs.Anatomy.Tap(Export("softmax_tail"), "conv").Value);
    }

    [Fact]
    public void Nested_sequentials_and_deep_scopes_give_torchs_own_paths()
    {
        var model = Classifier(
            Named(Node("Relu", ["scores"], ["a"]), "/layer3/layer3.0/conv1/Relu"),
            Named(Node("Relu", ["a"], ["b"]), "/encoder/layers/encoder_layer_0/mlp/mlp.3/Relu"),
            Scoped(Node("Relu", ["b"], ["c"]), "['', 'layer4', 'layer4.1', 'layer4.1.bn2', 'relu']"),
            Scoped(Node("Relu", ["c"], ["d"]), "__import__('os').getcwd()"),
            Node("Relu", ["d"], ["e"]));
        var paths = Graphs.Anatomy.ModulePaths(model);

        Assert.Equal(["layer3.0.conv1", "encoder.layers.encoder_layer_0.mlp.3", "layer4.1.bn2"], new[] { "a", "b", "c" }.Select(value => paths[value]));
        Assert.DoesNotContain("d", paths.Keys);
        Assert.Equal("a", Graphs.Anatomy.Tap(model, "layer3.0").Value);
        Assert.Equal("c", Graphs.Anatomy.Tap(model, "layer4").Value);
        Assert.Contains("closest: 'layer4.1'", Assert.Throws<InputException>(() => Graphs.Anatomy.Tap(model, "layer4.2")).Message);
    }

    static NodeProto Named(NodeProto node, string name)
    {
        node.Name = name;
        return node;
    }

    static NodeProto Scoped(NodeProto node, string scopes)
    {
        node.MetadataProps.Add(new StringStringEntryProto { Key = "pkg.torch.onnx.name_scopes", Value = scopes });
        return node;
    }
}

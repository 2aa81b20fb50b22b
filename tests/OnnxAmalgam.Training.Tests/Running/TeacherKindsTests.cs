using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Ensemble;
using static Onnx.AttributeProto.Types;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>Whole tiny runs with every kind of teacher: each becomes part of a student whose written file is verified.</summary>
public sealed class TeacherKindsTests : IDisposable
{
    const string Resnet = "zoo:resnet(widths=[4,8], blocks=[1,1])";
    const string Both = "[{soft_target: {weight: 1}}, {mmd: {weight: 1, bandwidths: median}}, {reconstruction: {weight: 1}}]";

    readonly TinyWorld world = new TinyWorld().Images("left", 40).Images("right", 40);

    public void Dispose() => world.Dispose();

    static string Recipe(string teachers, string losses = Both, string student = Resnet, string studentTaps = "auto", string labels = "joint") => $$"""
        name: tiny
        teachers:
        {{teachers}}
        student: {model: "{{student}}", taps: {{studentTaps}}}
        data: {unlabelled: [{folder: left}, {folder: right}]}
        amalgamation:
          labels: {{labels}}
          common_space: {channels: 4, blocks: 1}
          losses: {{losses}}
        train: {epochs: 4, batch: 8, learning_rate: 5e-3, weight_decay: 0}
        """;

    [Fact]
    public void A_teacher_of_features_joins_the_common_space_and_not_the_labels()
    {
        world.Network("a", Resnet, 3).Network("b", Resnet, 5);
        TinyResult result = world.Run(Recipe("""
              - {model: a.onnx, labels: [x, y, z]}
              - {model: b.onnx, logits: none}
            """));
        result.Learned();
        result.Learned("reconstruction[b]");
        Assert.Equal(["x", "y", "z"], result.Labels);
        Assert.DoesNotContain(result.Report.Evaluation, r => r.Task == "b" || r.Model == "b");
        Assert.Contains(result.Report.Evaluation, r => r is { Model: "student", Task: "a", Metric: "agreement" });
    }

    [Fact]
    public void A_linear_classifier_with_ZipMap_teaches_by_its_scores()
    {
        world.Save("linear", LinearClassifier()).Network("a", Resnet, 2);
        List<string> said = [];
        TinyResult result = world.Run(Recipe("""
              - {model: linear.onnx, taps: none}
              - {model: a.onnx, labels: [x, y]}
            """), said.Add);
        result.Learned();
        result.Learned("soft_target");
        Assert.Equal(["dark", "light", "blue", "x", "y"], result.Labels);
        Assert.DoesNotContain("train/reconstruction[linear]", result.Epochs[0].Keys);
        Assert.Contains(result.Report.Benchmark, r => r.Model.EndsWith("linear.onnx", StringComparison.Ordinal));
        Assert.Contains("linear", Assert.Single(said), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_features_says_how_it_can_still_teach()
    {
        world.Save("linear", LinearClassifier());
        var error = Assert.Throws<InputException>(() => world.Open(Recipe("  - {model: linear.onnx}"), _ => { }));
        Assert.Contains("'taps: none'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Three_teachers_with_overlapping_labels_merge_them_except_in_concat_mode()
    {
        world.Network("a", Resnet, 3).Network("b", "zoo:mobilenet(widths=[4,8,8], blocks=[1,1,1], expansion=2)", 2).Network("c", "zoo:convmixer(dim=8, depth=1, patch=2)", 2);
        const string teachers = """
              - {model: a.onnx, labels: [x, y, z]}
              - {model: b.onnx, labels: [y, w]}
              - {model: c.onnx, labels: [z, x]}
            """;
        foreach (string mode in (string[])["joint", "restricted"])
        {
            TinyResult merged = world.Run(Recipe(teachers, labels: mode));
            merged.Learned();
            Assert.Equal(["x", "y", "z", "w"], merged.Labels);
            Assert.Equal(["a", "b", "c"], merged.Report.Evaluation.Where(r => r is { Model: "student", Metric: "agreement" }).Select(r => r.Task).Except(["union"]));
        }

        TinyResult apart = world.Run(Recipe(teachers, labels: "concat"));
        apart.Learned();
        Assert.Equal(["x", "y", "z", "b/y", "w", "c/z", "c/x"], apart.Labels);
        Assert.Equal(7, Graphs.Metadata.ModelMetadata.Labels(apart.Student)!.Count);
    }

    [Theory]
    [InlineData("zoo:vit(dim=8, depth=1, heads=2, patch=2)", "auto", Resnet, "auto")]
    [InlineData(Resnet, "auto", "zoo:vit(dim=8, depth=1, heads=2, patch=2)", "auto")]
    [InlineData("zoo:vit(dim=8, depth=1, heads=2, patch=2)", "auto", "zoo:vit(dim=8, depth=1, heads=2, patch=2)", "auto")]
    [InlineData(Resnet, "[/Flatten_output_0]", Resnet, "auto")]
    [InlineData(Resnet, "auto", Resnet, "[/Flatten_output_0]")]
    public void Grids_tokens_and_pooled_features_meet_in_the_common_space(string teacher, string taps, string student, string studentTaps)
    {
        world.Network("a", teacher, 3).Network("b", Resnet, 2);
        TinyResult result = world.Run(Recipe($$"""
              - {model: a.onnx, labels: [x, y, z], taps: {{taps}}}
              - {model: b.onnx, labels: [u, v]}
            """, "[{soft_target: {weight: 1}}, {cosine: {weight: 1}}, {reconstruction: {weight: 100}}]", student, studentTaps));
        result.Learned("cosine");
        result.Learned("reconstruction[a]");
    }

    [Fact]
    public void Teachers_of_other_sizes_layouts_and_dtypes_see_the_same_images()
    {
        world.Network("plain", Resnet, 2)
            .Network("bytes", Resnet, 2, side: 12, change: model => Fed(model, DataType.Uint8, nhwc: true))
            .Network("half", Resnet, 2, side: 6, channels: 1, change: model => Fed(model, DataType.Float16, nhwc: false));
        const string recipe = """
              - {model: plain.onnx, labels: [a, b]}
              - {model: bytes.onnx, labels: [c, d], input: {layout: nhwc, scale: 1}}
              - {model: half.onnx, labels: [e, f], input: {mean: [0.5], std: [0.25]}}
            """;
        using (AmalgamationSetup setup = world.Open(Recipe(recipe)))
        {
            Assert.Equal((3, 12, 12), (setup.Train.Channels, setup.Train.Height, setup.Train.Width));
            Assert.Equal((Graphs.Metadata.ImageDtype.UInt8, Graphs.Metadata.ImageLayout.Nhwc), (setup.Teachers[1].Input.Dtype, setup.Teachers[1].Input.Layout));
            Assert.Equal((Graphs.Metadata.ImageDtype.Float16, 1, 6), (setup.Teachers[2].Input.Dtype, setup.Teachers[2].Input.Channels, setup.Teachers[2].Input.Height));
        }

        world.Run(Recipe(recipe)).Learned();
    }

    /// <summary>Feeds a network through a Cast and, for NHWC, a Transpose.</summary>
    static void Fed(ModelProto model, DataType type, bool nhwc)
    {
        GraphProto graph = model.Graph;
        ValueInfoProto input = graph.Input[0];
        string inner = input.Name;
        input.Name = "raw";
        input.Type.TensorType.ElemType = (int)type;
        if (nhwc)
        {
            var d = input.Type.TensorType.Shape.Dim;
            (d[1], d[2], d[3]) = (d[2], d[3], d[1]);
            graph.Node.Insert(0, new NodeProto { OpType = "Transpose", Name = "to_nchw", Input = { "floats" }, Output = { inner }, Attribute = { new AttributeProto { Name = "perm", Type = AttributeType.Ints, Ints = { 0, 3, 1, 2 } } } });
        }

        graph.Node.Insert(0, new NodeProto { OpType = "Cast", Name = "to_float", Input = { "raw" }, Output = { nhwc ? "floats" : inner }, Attribute = { new AttributeProto { Name = "to", Type = AttributeType.Int, I = (long)DataType.Float } } });
    }

    /// <summary>As converters of scikit-learn write it: LinearClassifier, then ZipMap, whose keys are the labels.</summary>
    static OnnxModel LinearClassifier()
    {
        const int Features = 3 * 8 * 8, Classes = 3;
        AttributeProto Strings(string name) => new() { Name = name, Type = AttributeType.Strings, Strings = { Google.Protobuf.ByteString.CopyFromUtf8("dark"), Google.Protobuf.ByteString.CopyFromUtf8("light"), Google.Protobuf.ByteString.CopyFromUtf8("blue") } };
        AttributeProto Floats(string name, IEnumerable<float> values) => new() { Name = name, Type = AttributeType.Floats, Floats = { values } };
        ValueInfoProto Value(string name, TypeProto type) => new() { Name = name, Type = type };
        TypeProto TensorOf(DataType type, params long[] rest) => new()
        {
            TensorType = new()
            {
                ElemType = (int)type,
                Shape = new() { Dim = { new TensorShapeProto.Types.Dimension[] { new() { DimParam = "batch" } }.Concat(rest.Select(r => new TensorShapeProto.Types.Dimension { DimValue = r })) } },
            },
        };
        var scores = new TypeProto { SequenceType = new() { ElemType = new() { MapType = new() { KeyType = (int)DataType.String, ValueType = new() { TensorType = new() { ElemType = (int)DataType.Float } } } } } };
        var graph = new GraphProto
        {
            Name = "linear",
            Input = { Value("image", TensorOf(DataType.Float, 3, 8, 8)) },
            Output = { Value("output_label", TensorOf(DataType.String)), Value("output_probability", scores) },
            Node =
            {
                new NodeProto { OpType = "Flatten", Name = "flatten", Input = { "image" }, Output = { "flat" } },
                new NodeProto
                {
                    OpType = "LinearClassifier", Domain = "ai.onnx.ml", Name = "classifier", Input = { "flat" }, Output = { "output_label", "probabilities" },
                    Attribute =
                    {
                        Strings("classlabels_strings"),
                        Floats("coefficients", Enumerable.Range(0, Classes * Features).Select(i => (float)(Randomness.ToUnit(Randomness.Draw(1, "linear", 0, i)) - 0.5) / 4)),
                        Floats("intercepts", [0.1f, 0, -0.1f]),
                        new AttributeProto { Name = "post_transform", Type = AttributeType.String, S = Google.Protobuf.ByteString.CopyFromUtf8("SOFTMAX") },
                        new AttributeProto { Name = "multi_class", Type = AttributeType.Int, I = 1 },
                    },
                },
                new NodeProto { OpType = "ZipMap", Domain = "ai.onnx.ml", Name = "zipmap", Input = { "probabilities" }, Output = { "output_probability" }, Attribute = { Strings("classlabels_strings") } },
            },
        };
        return new OnnxModel(new ModelProto
        {
            IrVersion = 8,
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 }, new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 3 } },
            Graph = graph,
        }, "linear");
    }
}

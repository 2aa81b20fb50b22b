using Onnx;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Classifiers;

public sealed class LogitsTests
{
    public static TheoryData<string, string> Tails => new()
    {
        { "", "" },
        { "Softmax", "Softmax" },
        { "LogSoftmax", "LogSoftmax" },
        { "Sigmoid", "Sigmoid" },
        { "HardSigmoid", "HardSigmoid" },
        { "ArgMax", "ArgMax" },
        { "Softmax ArgMax", "Softmax, ArgMax" },
        { "Softmax ArgMax Squeeze", "Softmax, ArgMax" },
        { "Softmax Cast", "Softmax" },
        { "Softmax Identity Identity", "Softmax" },
        { "Softmax Unsqueeze Squeeze", "Softmax" },
        { "Softmax ArgMax Cast Identity", "Softmax, ArgMax" },
        { "Softmax ZipMap", "Softmax, ZipMap" },
        { "Softmax Identity ZipMap", "Softmax, ZipMap" },
        { "Sigmoid Cast ZipMap", "Sigmoid, ZipMap" },
    };

    [Theory]
    [MemberData(nameof(Tails))]
    public void Scores_are_found_before_whatever_squashes_picks_or_packs_them(string tail, string skipped)
    {
        var logits = Graphs.Anatomy.Logits(Classifier(Chain("scores", tail)));

        Assert.Equal(("scores", false, 4), (logits.Value, logits.IsProbability, logits.Classes));
        Assert.Equal(skipped.Length == 0 ? null : $"read before {skipped}", logits.Note);
    }

    [Theory]
    [InlineData("Identity Softmax", "t0")]
    [InlineData("Cast Identity LogSoftmax ArgMax", "t1")]
    [InlineData("Identity", "t0")]
    public void What_changes_no_score_stays_before_the_cut(string tail, string value)
    {
        var logits = Graphs.Anatomy.Logits(Classifier(Chain("scores", tail)));
        Assert.Equal((value, false, 4), (logits.Value, logits.IsProbability, logits.Classes));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_softmax_written_out_is_a_softmax(bool shifted)
    {
        NodeProto[] shift = shifted
            ? [Node("ReduceMax", ["scores"], ["largest"], Ints("axes", 1)), Node("Sub", ["scores", "largest"], ["centred"])]
            : [];
        var logits = Graphs.Anatomy.Logits(Classifier(
        [
            .. shift,
            Node("Exp", [shifted ? "centred" : "scores"], ["exp"]),
            Node("ReduceSum", ["exp"], ["sum"]),
            Node("Div", ["exp", "sum"], ["probabilities"]),
        ]));
        Assert.Equal(("scores", false, 4), (logits.Value, logits.IsProbability, logits.Classes));
    }

    [Fact]
    public void A_division_that_is_no_softmax_is_part_of_the_scores()
    {
        var model = Classifier(Node("Div", ["scores", "fc.bias"], ["scaled"]));
        Assert.Equal("scaled", Graphs.Anatomy.Logits(model).Value);
    }

    [Fact]
    public void Label_and_probabilities_of_one_softmax_are_one_set_of_scores()
    {
        var model = Classifier([.. Chain("scores", "Softmax"), Node("ArgMax", ["t0"], ["label"], Int("axis", 1)), Node("ZipMap", ["t0"], ["map"])]);
        model.Proto.Graph.Output.Add(new ValueInfoProto { Name = "label" });
        Assert.Equal("scores", Graphs.Anatomy.Logits(model).Value);
    }

    [Fact]
    public void Scores_and_a_label_chosen_from_them_are_one_set_of_scores()
    {
        var model = Classifier(Node("Identity", ["scores"], ["logits"]), Node("ArgMax", ["scores"], ["label"], Int("axis", 1)));
        model.Proto.Graph.Output.Insert(0, new ValueInfoProto { Name = "logits" });
        Assert.Equal(("logits", false), (Graphs.Anatomy.Logits(model).Value, Graphs.Anatomy.Logits(model).IsProbability));
    }

    [Theory]
    [InlineData("SOFTMAX", true)]
    [InlineData("LOGISTIC", true)]
    [InlineData("NONE", false)]
    public void A_classical_classifier_offers_probabilities_or_scores_as_it_says(string transform, bool probability)
    {
        var model = Model(Image("N", 3), [LinearClassifier(transform)], ["label", "scores"]);
        model.Proto.Graph.Output.RemoveAt(0);
        var logits = Graphs.Anatomy.Logits(model);

        Assert.Equal(("scores", probability), (logits.Value, logits.IsProbability));
        Assert.Equal(probability ? "only probabilities are offered: their logarithm is used" : null, logits.Note);
    }

    [Fact]
    public void A_classical_classifier_that_gives_its_label_alone_is_read_at_its_scores()
    {
        var model = Model(Image("N", 3), [LinearClassifier("SOFTMAX")], ["label", "scores"]);
        model.Proto.Graph.Output.RemoveAt(1);

        Assert.Equal(("scores", true), (Graphs.Anatomy.Logits(model).Value, Graphs.Anatomy.Logits(model).IsProbability));
    }

    [Fact]
    public void A_label_and_a_map_of_one_classical_classifier_are_one_set_of_probabilities()
    {
        var logits = Graphs.Anatomy.Logits(Export("sklearn_zipmap"));

        Assert.Equal(("probabilities", true, 3), (logits.Value, logits.IsProbability, logits.Classes));
        Assert.Contains("only probabilities are offered: their logarithm is used", logits.Note);
    }

    [Theory]
    [InlineData("digits_resnet", 10)]
    [InlineData("fashion_mixer", 10)]
    [InlineData("cifar_animals", 6)]
    [InlineData("cifar_vehicles", 4)]
    public void The_delivered_teachers_end_in_their_scores(string teacher, int classes) =>
        Assert.Equal(new LogitsOutput("logits", false, classes, null), Graphs.Anatomy.Logits(Teacher(teacher)));

    [Theory]
    [InlineData("softmax_tail", "/fc/Gemm_output_0", 4)]
    [InlineData("nhwc_tf2onnx", "StatefulPartitionedCall/model/dense/BiasAdd:0", 4)]
    [InlineData("dynamo", "logits", 4)]
    [InlineData("vit_opset17", "logits", 5)]
    public void Exporters_files_give_their_scores(string file, string value, int classes)
    {
        var logits = Graphs.Anatomy.Logits(Export(file));
        Assert.Equal((value, false, classes), (logits.Value, logits.IsProbability, logits.Classes));
    }

    [Fact]
    public void A_convolutional_head_counts_classes_on_the_channel_axis()
    {
        var model = Model(Image("N", 3, 8, 8),
            [Node("Conv", ["image", "w"], ["map"]), Node("GlobalAveragePool", ["map"], ["scores"])], ["scores"], Floats("w", 5, 3, 1, 1));
        Assert.Equal(new LogitsOutput("scores", false, 5, null), Graphs.Anatomy.Logits(model));
    }

    [Fact]
    public void Of_several_outputs_the_one_with_scores_is_taken()
    {
        var model = Classifier();
        model.Proto.Graph.Output.Insert(0, new ValueInfoProto { Name = "features" });
        Assert.Equal("scores", Graphs.Anatomy.Logits(model).Value);
    }

    [Fact]
    public void Two_heads_are_asked_about_and_named_in_the_answer()
    {
        var model = Classifier(Node("Gemm", ["flat", "fc.weight"], ["other"], Int("transB", 1)));
        model.Proto.Graph.Output.Add(new ValueInfoProto { Name = "scores" });

        var e = Assert.Throws<InputException>(() => Graphs.Anatomy.Logits(model));
        Assert.StartsWith("'tiny.onnx': expected one output with class scores, got 'other' (Float[N,4]), 'scores' (Float[N,4]); name it with 'logits:'", e.Message);
        Assert.Equal("other", Graphs.Anatomy.Logits(model, "other").Value);
    }

    [Theory]
    [InlineData("scores", false)]
    [InlineData("t0", true)]
    [InlineData("t1", true)]
    public void What_is_asked_for_by_name_is_what_it_is(string value, bool probability)
    {
        var logits = Graphs.Anatomy.Logits(Classifier(Chain("scores", "Softmax Identity")), value);
        Assert.Equal(new LogitsOutput(value, probability, 4, null), logits);
    }

    [Fact]
    public void A_name_that_does_not_exist_is_refused_with_the_closest()
    {
        var e = Assert.Throws<InputException>(() => Graphs.Anatomy.Logits(Classifier(), "score"));
        Assert.Equal("logits 'score' does not exist in 'tiny.onnx'; closest: 'scores' (see: onnx-amalgam inspect tiny.onnx)", e.Message);
        e = Assert.Throws<InputException>(() => Graphs.Anatomy.Logits(Classifier(), "fc.bias"));
        Assert.Contains("logits 'fc.bias' in 'tiny.onnx': expected a value that depends on the image input 'image'", e.Message);
    }

    [Fact]
    public void An_output_that_does_not_depend_on_the_image_is_no_candidate()
    {
        var model = Classifier(Node("Identity", ["fc.bias"], ["constant"]));
        model.Proto.Graph.Output.Add(new ValueInfoProto { Name = "scores" });
        Assert.Equal("scores", Graphs.Anatomy.Logits(model).Value);
    }

    [Fact]
    public void Of_two_inputs_the_image_is_the_one_of_rank_4_and_otherwise_both_are_named()
    {
        var model = Classifier(Node("Add", ["scores", "shift"], ["shifted"]));
        model.Proto.Graph.Input.Insert(0, Value("shift", "N", 4));
        Assert.Equal("image", Graphs.Anatomy.ImageInput(model).Name);

        model.Proto.Graph.Input[0] = Value("shift", "N", 4, 1, 1);
        var e = Assert.Throws<InputException>(() => Graphs.Anatomy.ImageInput(model));
        Assert.Contains("expected one image input (the only input, or the only one of rank 4), got 'shift' (rank 4), 'image' (rank 4)", e.Message);
    }

    [Fact]
    public void An_initializer_that_is_declared_as_input_is_not_the_image() =>
        Assert.Equal("images", Graphs.Anatomy.ImageInput(Export("weights_as_inputs")).Name);

    static NodeProto LinearClassifier(string transform) => Node("LinearClassifier", ["image"], ["label", "scores"],
        Texts("classlabels_strings", "a", "b"), Reals("coefficients", 1, 2, 3, 4, 5, 6), Reals("intercepts", 1, 2), Text("post_transform", transform));

    /// <summary>Operators one after another; their values are t0, t1, ...</summary>
    static NodeProto[] Chain(string from, string operators)
    {
        var types = operators.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return [.. types.Select((type, i) => Node(type, [i == 0 ? from : $"t{i - 1}", .. type is "Unsqueeze" or "Squeeze" && types.Contains("Unsqueeze") ? new[] { "axis" } : []], [$"t{i}"], Attributes(type)))];
    }

    static AttributeProto[] Attributes(string type) => type switch
    {
        "ArgMax" => [Int("axis", 1)],
        "Cast" => [Int("to", (long)TensorProto.Types.DataType.Float)],
        "ZipMap" => [Texts("classlabels_strings", "a", "b", "c", "d")],
        _ => [],
    };
}

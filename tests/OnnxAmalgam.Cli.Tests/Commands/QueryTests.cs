using System.Text.Json;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Teachers;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary><c>query</c> and <c>extract</c>.</summary>
public sealed class QueryTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    static string Digits => Bundled.Teacher("digits_resnet");

    [Fact]
    public void A_query_lists_what_it_selects_with_shapes_and_leaves_columns_out_that_say_nothing()
    {
        CliResult result = InProcess.Run("query", Digits, "op[type=GlobalAveragePool] <~ feeds").Ends(0);
        string[] lines = result.Output.TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Matches("^kind +name +type +dtype +shape +channels +stride +depth +distance +dominator +module$", lines[0]);
        Assert.Matches(@"^tensor  /f/f\.4/Relu_1_output_0 +Relu +float32 +\[N,80,7,7\] +80 +4 +17 +3 +yes +f\.4$", lines[1]);
        Assert.Equal("", result.Error);
    }

    [Fact]
    public void An_explanation_lists_what_was_dropped_with_shapes_and_the_part_of_the_condition_that_failed()
    {
        string output = InProcess.Run("query", Digits, "tensor[rank=4 & dominator] by hw last", "--explain").Ends(0).Output;
        Assert.Contains("\n[rank=4 & dominator]: 23 -> 9\n", output, StringComparison.Ordinal);
        Assert.Matches(@"\n  tensor  /f/f\.2/Relu_output_0 +\[N,16,28,28\] +not dominator\n", output);
        Assert.Matches(@"\n  tensor  /Flatten_output_0 +\[N,80\] +rank is 2\n", output);
        Assert.Contains("\nby hw last: 9 -> 4\n", output, StringComparison.Ordinal);
        Assert.Matches(@"\n  tensor  /f/f\.4/Add_output_0 +\[N,80,7,7\] +last is '/f/f\.4/Relu_1_output_0'\n", output);
    }

    [Fact]
    public void As_JSON_every_dropped_element_is_there_and_without_explain_no_steps()
    {
        JsonElement report = JsonDocument.Parse(InProcess.Run("query", Digits, "initializer[head & rank=2]", "--json", "--explain").Ends(0).Output).RootElement;
        Assert.Equal(1, report.GetProperty("schemaVersion").GetInt32());
        Assert.Equal("initializer[head & rank=2]", report.GetProperty("query").GetString());
        JsonElement match = Assert.Single(report.GetProperty("matches").EnumerateArray());
        Assert.Equal(("initializer", "fc.weight", "weight", 800), (match.GetProperty("kind").GetString(), match.GetProperty("name").GetString(), match.GetProperty("role").GetString(), match.GetProperty("parameters").GetInt32()));
        Assert.Equal(["10", "80"], match.GetProperty("shape").EnumerateArray().Select(d => d.GetString()));
        JsonElement step = report.GetProperty("steps")[1];
        Assert.Equal(step.GetProperty("before").GetInt32() - 1, step.GetProperty("dropped").GetArrayLength());
        Assert.Contains(step.GetProperty("dropped").EnumerateArray(), d => d.GetProperty("name").GetString() == "fc.bias" && d.GetProperty("reason").GetString() == "rank is 1");

        Assert.Equal(JsonValueKind.Null, JsonDocument.Parse(InProcess.Run("query", Digits, "op", "--json").Ends(0).Output).RootElement.GetProperty("steps").ValueKind);
    }

    [Fact]
    public void As_CSV_every_column_is_there()
    {
        Table table = Table.Read(InProcess.Run("query", Digits, "op[type=Conv & attr(strides)=[2,2]]", "--csv", "-").Ends(0).Output);
        Assert.Equal("model,kind,name,type,dtype,shape,channels,stride,depth,distance,dominator,parameters,role,module,value", string.Join(',', table.Columns));
        Assert.Equal(["/f/f.3/a/a.0/Conv", "/f/f.3/d/d.0/Conv", "/f/f.4/a/a.0/Conv", "/f/f.4/d/d.0/Conv"], table.Rows.Select(r => r["name"]));
        Assert.Equal("4640", table.Rows[0]["parameters"]);
    }

    [Fact]
    public void No_match_is_said_with_what_came_nearest()
    {
        CliResult result = InProcess.Run("query", Digits, "op[type=Gemmm]").Ends(0);
        Assert.Equal("", result.Output);
        Assert.StartsWith("no match; nearest, dropped by [type=Gemmm]: op '/fc/Gemm' Gemm (type is Gemm)", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("op[typ=Gemm]", "column 4: expected a property")]
    [InlineData("op[type=Conv] single", "expected a single element, got 9: op '/f/f.0/f.0.0/Conv' Conv")]
    public void A_query_that_cannot_be_answered_ends_with_2(string query, string message) =>
        Assert.Contains(message, Assert.Single(InProcess.Run("query", Digits, query).Ends(2).ErrorLines), StringComparison.Ordinal);

    [Fact]
    public void With_a_recipe_pairs_of_taps_are_ranked()
    {
        CliResult result = InProcess.Run("query", Bundled.Recipe, "tensor[rank=4 & dominator & height > 1] last", "--images", "32", "--csv", "-", "--threads", "1").Ends(0);
        Table table = Table.Read(result.Output);
        Assert.Equal("teacher,tap,shape,stride,depth,distance,mean,std,sparsity,rank_me,student_tap,student_shape,student_rank_me,cka", string.Join(',', table.Columns));
        Assert.Equal(["digits", "clothes"], table.Rows.Select(r => r["teacher"]));
        Assert.Equal("/f/f.4/Relu_1_output_0", table.Rows[0]["tap"]);
        Assert.All(table.Rows, r => Assert.InRange(double.Parse(r["cka"], System.Globalization.CultureInfo.InvariantCulture), 0, 1));
    }

    [Fact]
    public void A_query_for_labels_meets_all_teachers_of_a_recipe_together()
    {
        string six = Path.Combine(Repository.Root, "models", "recipes", "six", "gated.yaml");
        (string Model, string Name)[] Selected(string query, params string[] options) =>
            [.. Table.Read(InProcess.Run(["query", six, query, "--csv", "-", .. options]).Ends(0).Output).Rows.Select(r => (r["model"], r["name"]))];

        Assert.Equal([("six_a", "deer"), ("six_a", "dog"), ("six_b", "deer"), ("six_b", "dog")], Selected("label[any(~> same-as)]"));
        Assert.Equal(
            [("six_a", "airplane"), ("six_a", "automobile"), ("six_a", "bird"), ("six_a", "cat"), ("six_b", "frog"), ("six_b", "horse"), ("six_b", "ship"), ("six_b", "truck")],
            Selected("model ~> predicts - label[any(~> same-as)]"));
        Assert.Empty(Selected("initializer[any(~> same-as) & size > 1000]"));
        Assert.Equal(["six_a", "six_b"], Selected("tensor[logits]", "--explain").Select(s => s.Model));
    }

    [Fact]
    public void Extract_writes_the_subgraph_whose_outputs_ONNX_Runtime_computes_as_in_the_whole()
    {
        string file = place["part.onnx"];
        CliResult result = InProcess.Run("extract", Digits, "--outputs", "tensor[rank=4 & dominator & height > 1] by hw last", "-o", file).Ends(0);
        Assert.Matches(@"(?m)^nodes +\d+ of \d+$", result.Output);

        OnnxModel part = OnnxModel.Load(file), whole = OnnxModel.Load(Digits);
        string[] outputs = [.. part.Proto.Graph.Output.Select(o => o.Name)];
        Assert.Equal(["/f/f.2/Relu_1_output_0", "/f/f.3/Relu_1_output_0", "/f/f.4/Relu_1_output_0"], outputs);
        Assert.DoesNotContain(part.Proto.Graph.Node, n => n.OpType is "Gemm" or "GlobalAveragePool");
        Assert.DoesNotContain(part.Proto.Graph.Initializer, t => t.Name.StartsWith("fc.", StringComparison.Ordinal));
        Assert.Equal(Values(GraphEdits.ExposeOutputs(whole, outputs), outputs), Values(part, outputs));
    }

    [Theory]
    [InlineData("logits")]
    [InlineData("/f/f.4/Relu_1_output_0")]
    [InlineData("\"logits\"")]
    [InlineData("(tensor[logits])")]
    public void Extract_takes_a_name_too(string name)
    {
        InProcess.Run("extract", Digits, "--outputs", name, "-o", place["part.onnx"]).Ends(0);
        Assert.Equal(name[0] == '/' ? name : "logits", Assert.Single(OnnxModel.Load(place["part.onnx"]).Proto.Graph.Output).Name);
    }

    [Theory]
    [InlineData("tensor[rank=4 & dominator & height > 1] last", false)]
    [InlineData("tensor[logits]", true)]
    public void Extract_keeps_the_class_names_of_class_scores_alone(string outputs, bool kept)
    {
        InProcess.Run("extract", Path.Combine(Repository.Root, "models", "teachers", "five_a.onnx"), "--outputs", outputs, "-o", place["part.onnx"]).Ends(0);
        Assert.Equal(kept, ModelMetadata.Labels(OnnxModel.Load(place["part.onnx"])) is not null);
        Assert.Equal(kept, InProcess.Run("inspect", place["part.onnx"]).Ends(0).Output.Contains(" classes", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("logit", "expected a value of", "closest: 'logits'")]
    [InlineData("op[type=Relu]", "expected tensors, got op", "add '~> produces'")]
    [InlineData("tensor[rank=9]", "expected at least one match, got none", "rank is 4")]
    public void Extract_refuses_what_is_no_value(string outputs, string message, string remedy)
    {
        string error = Assert.Single(InProcess.Run("extract", Digits, "--outputs", outputs, "-o", place["part.onnx"]).Ends(2).ErrorLines);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Contains(remedy, error, StringComparison.Ordinal);
        Assert.Empty(place.Entries);
    }

    [Fact]
    public void Extract_does_not_write_over_the_model_itself()
    {
        string copy = place["copy.onnx"];
        File.Copy(Digits, copy);
        Assert.Contains("expected another file than the model itself", InProcess.Run("extract", copy, "--outputs", "logits", "-o", copy).Ends(2).Error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Digits), File.ReadAllBytes(copy));
    }

    [Fact]
    public void Extract_does_not_write_over_the_models_weights()
    {
        var model = Onnx.ModelProto.Parser.ParseFrom(File.ReadAllBytes(Digits));
        var tensor = model.Graph.Initializer.First(t => t.HasRawData && t.RawData.Length > 0);
        byte[] weights = tensor.RawData.ToByteArray();
        place.Write("m.onnx.data", weights);
        tensor.ClearRawData();
        tensor.DataLocation = Onnx.TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new Onnx.StringStringEntryProto { Key = "location", Value = "m.onnx.data" });
        File.WriteAllBytes(place["m.onnx"], Google.Protobuf.MessageExtensions.ToByteArray(model));
        Assert.Contains("expected another file than the model itself and its data", InProcess.Run("extract", place["m.onnx"], "--outputs", "logits", "-o", place["m.onnx.data"]).Ends(2).Error, StringComparison.Ordinal);
        Assert.Contains("expected another file than the model itself and its data", InProcess.Run("export", place["m.onnx"], "--opset", "21", "-o", place["m.onnx.data"]).Ends(2).Error, StringComparison.Ordinal);
        Assert.Equal(weights, File.ReadAllBytes(place["m.onnx.data"]));
    }

    /// <summary>Outputs for two fixed images.</summary>
    static double[][] Values(OnnxModel model, string[] outputs)
    {
        using var session = new PlainSession(model, new FrozenModelOptions { Optimise = false, Threads = 1 });
        float[] images = [.. Enumerable.Range(0, 2 * 28 * 28).Select(i => MathF.Sin(i))];
        using var run = session.Prepare(new Dictionary<string, TensorData> { ["image"] = TensorData.Of(images, 2, 1, 28, 28) });
        IReadOnlyList<TensorData> all = run.Read();
        return [.. outputs.Select(name => all[session.Outputs.Index().Single(o => o.Item.Name == name).Index].ToDoubles())];
    }
}

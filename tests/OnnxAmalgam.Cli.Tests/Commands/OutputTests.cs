using System.Globalization;
using System.Text.Json;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary>What the commands that look at models print: for people, as JSON, as CSV.</summary>
[Collection(TrainedRunTests.Name)]
public sealed class OutputTests(TrainedRun run) : IDisposable
{
    const string BenchmarkHeader = "model,provider,device,threads,precision,batch,input,warmup,runs,mean_ms,p50_ms,p90_ms,p95_ms,p99_ms,samples_per_sec,peak_memory_bytes,file_bytes,param_count,macs";

    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void Inspect_tells_people_what_a_model_is_and_where_it_can_be_tapped()
    {
        CliResult result = InProcess.Run("inspect", Bundled.Teacher("digits_resnet")).Ends(0);
        Assert.Equal("", result.Error);
        Assert.Contains("103,482", result.Output, StringComparison.Ordinal);
        Assert.Contains("/f/f.4/Relu_1_output_0", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_as_JSON_names_inputs_taps_and_whether_it_can_be_trained()
    {
        JsonElement report = Json(InProcess.Run("inspect", Bundled.Teacher("digits_resnet"), "--json"));
        Assert.Equal(["N", "1", "28", "28"], report.GetProperty("inputs")[0].GetProperty("shape").EnumerateArray().Select(d => d.GetString()));
        Assert.Equal(103_482, report.GetProperty("parameters").GetInt64());
        JsonElement auto = Assert.Single(report.GetProperty("taps").EnumerateArray(), t => t.GetProperty("isAuto").GetBoolean());
        Assert.Equal("/f/f.4/Relu_1_output_0", auto.GetProperty("value").GetString());
        Assert.True(report.GetProperty("trainable").GetProperty("isPossible").GetBoolean());
        Assert.Equal("logits", report.GetProperty("logits").GetProperty("value").GetString());
    }

    [Fact]
    public void Inspect_finds_labels_and_preprocessing_in_the_student_that_train_wrote()
    {
        JsonElement report = Json(InProcess.Run("inspect", run.Student, "--json"));
        Assert.Equal(20, report.GetProperty("labels").GetProperty("names").GetArrayLength());
        Assert.Equal(0.2087, report.GetProperty("preprocessing").GetProperty("input").GetProperty("mean")[0].GetDouble(), 6);
    }

    [Fact]
    public void Check_passes_the_bundled_models_one_JSON_object_a_line()
    {
        CliResult result = InProcess.Run("check", Bundled.Teacher("digits_resnet"), run.Student, "--json", "--threads", "1").Ends(0);
        string[] lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        foreach (string line in lines)
        {
            JsonElement row = JsonDocument.Parse(line).RootElement;
            Assert.Equal(1, row.GetProperty("schemaVersion").GetInt32());
            Assert.Equal("pass", row.GetProperty("status").GetString());
            Assert.InRange(row.GetProperty("maxDifference").GetDouble(), 0, 1e-4);
            Assert.InRange(row.GetProperty("maxDifferenceAfterTraining").GetDouble(), 0, 1e-4);
            Assert.True(row.GetProperty("lossAfter").GetDouble() < row.GetProperty("lossBefore").GetDouble());
        }
    }

    [Fact]
    public void Check_takes_the_images_of_a_folder_and_writes_a_CSV()
    {
        string images = Path.GetDirectoryName(Bundled.Digits(place, 3)[0])!;
        InProcess.Run("check", run.Student, "--data", images, "--steps", "0", "--csv", place["check.csv"], "--threads", "1").Ends(0);
        Table table = Table.Read(File.ReadAllText(place["check.csv"]));
        Dictionary<string, string> row = Assert.Single(table.Rows);
        Assert.Equal(("pass", ""), (row["status"], row["max_difference_after_training"]));
    }

    [Fact]
    public void Check_ends_with_2_where_a_file_is_no_model()
    {
        string broken = place.Write("broken.onnx", "not a model");
        CliResult result = InProcess.Run("check", broken, "--json").Ends(2);
        Assert.Equal("invalid", JsonDocument.Parse(result.Output).RootElement.GetProperty("status").GetString());
    }

    [Fact]
    public void Check_names_every_operator_that_cannot_be_trained_and_is_strict_when_asked()
    {
        string foreign = place.Write("foreign.onnx", Models.WithForeignOperators());
        CliResult lenient = InProcess.Run("check", foreign, "--json").Ends(0);
        JsonElement row = JsonDocument.Parse(lenient.Output).RootElement;
        Assert.Equal("unsupported", row.GetProperty("status").GetString());
        Assert.Equal(2, row.GetProperty("unsupported").GetArrayLength());
        InProcess.Run("check", foreign, "--strict").Ends(3);
    }

    [Fact]
    public void Inspect_says_of_a_model_that_train_would_refuse_what_check_says_of_it()
    {
        string shared = place.Write("shared.onnx", Models.WithSharedStatistics());
        JsonElement row = JsonDocument.Parse(InProcess.Run("check", shared, "--json").Ends(0).Output).RootElement;
        Assert.Equal("unsupported", row.GetProperty("status").GetString());

        JsonElement trainable = Json(InProcess.Run("inspect", shared, "--json")).GetProperty("trainable");
        Assert.False(trainable.GetProperty("isPossible").GetBoolean());
        string reason = Assert.Single(trainable.GetProperty("reasons").EnumerateArray()).GetString()!;
        Assert.EndsWith(reason, row.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("node 'BatchNormalization_normed' (BatchNormalization-14): expected each initializer to be either a weight or a running statistic, got both from 'one', 'zero'", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_says_of_preprocessing_that_cannot_be_followed_which_key_is_wrong_and_predict_refuses_it()
    {
        string model = place.Write("model.onnx", Models.With(m => m.MetadataProps.Add(new Onnx.StringStringEntryProto { Key = "onnx_amalgam.preprocessing", Value = """{"channels": 1, "size": "large"}""" })));
        const string Refusal = "metadata 'onnx_amalgam.preprocessing', size: expected [height, width] or one number, in pixels, got \"large\"";
        Assert.Contains(Refusal, Json(InProcess.Run("inspect", model, "--json")).GetProperty("preprocessing").GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.Contains(Refusal, Assert.Single(InProcess.Run("predict", model, Bundled.Digits(place, 1)[0]).Ends(2).ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void Predict_shows_labels_from_the_students_own_metadata()
    {
        string[] images = Bundled.Digits(place, 2);
        JsonElement report = Json(InProcess.Run(["predict", run.Student, .. images, "--top", "3", "--json", "--threads", "1"]));
        JsonElement first = report.GetProperty("images")[0];
        Assert.Equal(images[0], first.GetProperty("image").GetString());
        Assert.Equal(3, first.GetProperty("predictions").GetArrayLength());
    }

    [Fact]
    public void Predict_recognises_digits_with_the_recipe_that_describes_the_teacher()
    {
        string[] images = Bundled.Digits(place, 4);
        CliResult result = InProcess.Run(["predict", Bundled.Teacher("digits_resnet"), .. images, "--recipe", Bundled.Recipe, "--top", "1", "--csv", "-", "--threads", "1"]).Ends(0);
        Table table = Table.Read(result.Output);
        Assert.Equal("image,rank,label,probability", string.Join(',', table.Columns));
        Assert.Equal(["7", "2", "1", "0"], table.Rows.Select(r => r["label"]));
        Assert.All(table.Rows, r => Assert.Equal("1", r["rank"]));
        Assert.All(table.Rows, r => Assert.InRange(double.Parse(r["probability"], CultureInfo.InvariantCulture), 0.9, 1));
    }

    [Fact]
    public void Predict_says_what_is_missing_where_a_model_does_not_describe_its_input()
    {
        CliResult result = InProcess.Run("predict", Bundled.Teacher("digits_resnet"), Bundled.Digits(place, 1)[0]).Ends(2);
        Assert.Contains(
            "expected preprocessing (scale, mean, std) in the model's metadata, got none; state it under input: in a recipe and run: onnx-amalgam predict MODEL IMAGE --recipe RECIPE [--as TEACHER]",
            Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Contains("check them with predict MODEL IMAGE --recipe RECIPE [--as TEACHER]", InProcess.Run("inspect", Bundled.Teacher("digits_resnet")).Ends(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Predict_takes_what_the_recipe_states_before_the_models_own_metadata()
    {
        OnnxModel model = OnnxModel.Load(Bundled.Teacher("digits_resnet"));
        ModelMetadata.Write(model, [.. "abcdefghij".Select(letter => $"{letter}")], ModelMetadata.FromGraph(model) with { Mean = [50] }, new Dictionary<string, string>());
        model.Save(place["wrong.onnx"]);
        string[] predict = ["predict", place["wrong.onnx"], Bundled.Digits(place, 1)[0], "--top", "1", "--csv", "-", "--threads", "1"];

        Assert.Contains(Table.Read(InProcess.Run(predict).Ends(0).Output).Rows.Single()["label"], "abcdefghij", StringComparison.Ordinal);
        Dictionary<string, string> row = Table.Read(InProcess.Run([.. predict, "--recipe", Bundled.Recipe, "--as", "digits"]).Ends(0).Output).Rows.Single();
        Assert.Equal("7", row["label"]);
        Assert.InRange(double.Parse(row["probability"], CultureInfo.InvariantCulture), 0.9, 1);
    }

    [Fact]
    public void Bench_measures_models_in_turn()
    {
        string[] models = [Bundled.Teacher("digits_resnet"), Bundled.Teacher("fashion_mixer")];
        CliResult result = InProcess.Run(["bench", .. models, "--batch", "1,2", "--runs", "3", "--warmup", "1", "--csv", "-", "--threads", "1", "--device", "cpu"]).Ends(0);
        Table table = Table.Read(result.Output);
        Assert.Equal(BenchmarkHeader, string.Join(',', table.Columns));
        Assert.Equal(4, table.Rows.Count);
        Dictionary<string, string> row = table.Rows.Single(r => r["model"] == models[0] && r["batch"] == "2");
        Assert.Equal(("CPUExecutionProvider", "cpu", "1", "fp32", "1x28x28", "3", "103482"), (row["provider"], row["device"], row["threads"], row["precision"], row["input"], row["runs"], row["param_count"]));
        Assert.Equal(new FileInfo(models[0]).Length, long.Parse(row["file_bytes"], CultureInfo.InvariantCulture));
        Assert.True(double.Parse(row["p99_ms"], CultureInfo.InvariantCulture) >= double.Parse(row["p50_ms"], CultureInfo.InvariantCulture));

        JsonElement report = Json(InProcess.Run(["bench", models[0], "--batch", "1", "--runs", "2", "--json", "--threads", "1"]));
        Assert.Equal(1, report.GetProperty("rows")[0].GetProperty("batch").GetInt32());
    }

    [Fact]
    public void Bench_times_the_batch_that_it_says()
    {
        string model = Bundled.Teacher("digits_resnet");
        string input = OnnxModel.Load(model).Proto.Graph.Input[0].Name;
        string Refused(string shape) => InProcess.Run("bench", model, "--batch", "1,2", "--runs", "1", "--threads", "1", "--shape", shape).Ends(2).Error;
        Assert.Contains($"--shape: expected 2 on the first axis of '{input}', the batch that is timed, got 1; state the same with --batch", Refused($"{input}=1x1x28x28"), StringComparison.Ordinal);
        Assert.Contains("--shape nowhere: expected an input or a named dimension of a model", Refused("nowhere=3"), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_finds_what_train_found()
    {
        string written = place.Write("short.yaml", File.ReadAllText(Path.Combine(run.Folder, "recipe.yaml")));
        CliResult result = InProcess.Run("evaluate", run.Folder, "--recipe", written, "--csv", "-", "--threads", "1").Ends(0);
        Assert.Equal(File.ReadAllText(Path.Combine(run.Folder, "evaluation.csv")), result.Output);

        JsonElement report = Json(InProcess.Run("evaluate", run.Student, "--recipe", written, "--json", "--threads", "1"));
        Assert.Contains(report.GetProperty("rows").EnumerateArray(), r => r.GetProperty("model").GetString() == "concatenated");
    }

    [Fact]
    public void Doctor_says_what_there_is()
    {
        JsonElement report = Json(InProcess.Run("doctor", "--json"));
        Assert.Empty(report.GetProperty("problems").EnumerateArray());
        Assert.True(report.GetProperty("onnxRuntime").GetProperty("telemetryIsOff").GetBoolean());
        Assert.Contains("cpu", report.GetProperty("devices").EnumerateArray().Select(d => d.GetString()));
        Assert.EndsWith("Nothing is missing.\n", InProcess.Run("doctor").Ends(0).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train")]
    [InlineData("evaluate")]
    [InlineData("export")]
    [InlineData("predict")]
    [InlineData("bench")]
    public void A_GPU_that_is_absent_names_the_package_and_is_never_silently_the_processor(string command)
    {
        Assert.SkipUnless(JsonDocument.Parse(InProcess.Run("doctor", "--json").Output).RootElement.GetProperty("devices").GetArrayLength() == 1, "there is a CUDA device");
        string[] arguments = command switch
        {
            "train" => ["train", Bundled.Recipe, "-o", place["run"]],
            "evaluate" => ["evaluate", run.Folder, "--recipe", Bundled.Recipe],
            "export" => ["export", run.Folder, "-o", place["student.onnx"]],
            "predict" => ["predict", run.Student, Bundled.Digits(place, 1)[0]],
            _ => [command, run.Student],
        };
        string[] before = place.Entries;
        CliResult result = InProcess.Run([.. arguments, "--device", "cuda"]).Ends(2);
        string line = Assert.Single(result.ErrorLines);
        Assert.StartsWith("onnx-amalgam: --device cuda:0: expected ", line, StringComparison.Ordinal);
        Assert.Contains("Microsoft.ML.OnnxRuntime.Gpu", line, StringComparison.Ordinal);
        Assert.Equal("", result.Output);
        Assert.Equal(before, place.Entries);
    }

    [Fact]
    public void Check_compares_on_the_processor_and_says_so() =>
        Assert.Contains("--device cuda:0: expected cpu, on which this command compares, got a GPU", InProcess.Run("check", run.Student, "--device", "cuda").Ends(1).Error, StringComparison.Ordinal);

    static JsonElement Json(CliResult result)
    {
        JsonElement root = JsonDocument.Parse(result.Ends(0).Output).RootElement;
        Assert.Equal(1, root.GetProperty("schemaVersion").GetInt32());
        return root;
    }
}

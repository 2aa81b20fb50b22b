using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Runs;
using TorchSharp;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary><c>export</c>: a run's selected weights as one file.</summary>
[Collection(TrainedRunTests.Name)]
public sealed class ExportTests(TrainedRun run) : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void An_export_is_what_train_wrote_and_says_how_well_it_was_verified()
    {
        string file = place.Write("student.onnx", "an old file");
        CliResult result = InProcess.Run("export", run.Folder, "-o", file, "--threads", "1").Ends(0);
        Assert.Equal(File.ReadAllBytes(run.Student), File.ReadAllBytes(file));
        Assert.Equal("", result.Error);
        Assert.Matches(@"verified +max difference \d\.\de-\d to the trained graph on (25[6-9]|[3-9]\d\d) images\n", result.Output);
        Assert.Matches(@"weights +best on the validation part, after epoch [12] of 2\n", result.Output);
        Assert.Equal(["student.onnx"], place.Entries);
    }

    [Fact]
    public void A_file_with_its_preprocessing_takes_bytes_and_predicts_the_same()
    {
        CliResult result = InProcess.Run("export", run.Folder, "-o", place["bytes.onnx"], "--embed-preprocessing", "--fold", "--opset", "21", "--threads", "1").Ends(0);
        Assert.Matches(@"input +bytes \[batch, 28, 28, 1\]\n", result.Output);
        OnnxModel written = OnnxModel.Load(place["bytes.onnx"]);
        Assert.Equal((int)Onnx.TensorProto.Types.DataType.Uint8, Assert.Single(written.Proto.Graph.Input).Type.TensorType.ElemType);
        Assert.DoesNotContain(written.Proto.Graph.Initializer, i => i.Name.StartsWith("preprocessing", StringComparison.Ordinal));
        string[] images = Bundled.Digits(place, 4);
        string[] predicted = [.. new[] { run.Student, place["bytes.onnx"] }.Select(file => InProcess.Run(["predict", file, .. images, "--top", "1", "--csv", "-", "--threads", "1"]).Ends(0).Output)];
        double[][] numbers = [.. predicted.Select(p => Table.Read(p).Rows.Select(r => double.Parse(r["probability"], System.Globalization.CultureInfo.InvariantCulture)).ToArray())];
        Assert.Equal(Table.Read(predicted[0]).Rows.Select(r => r["label"]), Table.Read(predicted[1]).Rows.Select(r => r["label"]));
        Assert.All(numbers[0].Zip(numbers[1]), n => Assert.Equal(n.First, n.Second, 1e-4));
        Assert.Contains("--embed-preprocessing: expected a run to go with it, got the model", InProcess.Run("export", run.Student, "-o", place["b.onnx"], "--opset", "21", "--embed-preprocessing").Ends(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void In_half_precision_a_file_is_verified_measured_and_fed_as_before()
    {
        CliResult result = InProcess.Run("export", run.Folder, "-o", place["half.onnx"], "--precision", "fp16", "--threads", "1").Ends(0);
        Assert.Matches(@"precision +fp16; \d+\.\d\d ms an image here, student\.onnx \d+\.\d\d(: slower here)?\n", result.Output);
        Assert.Matches(@"verified +max difference [1-9]\.\de-[345] to the trained graph", result.Output);
        Assert.InRange((double)new FileInfo(place["half.onnx"]).Length / new FileInfo(run.Student).Length, 0.4, 0.75);
        string[] predicted = [.. new[] { run.Student, place["half.onnx"] }.Select(file => InProcess.Run(["predict", file, .. Bundled.Digits(place, 4), "--top", "1", "--csv", "-", "--threads", "1"]).Ends(0).Output)];
        Assert.Equal(Table.Read(predicted[0]).Rows.Select(r => r["label"]), Table.Read(predicted[1]).Rows.Select(r => r["label"]));
        InProcess.Run("export", run.Folder, "-o", place["both.onnx"], "--precision", "fp16", "--embed-preprocessing", "--threads", "1").Ends(0);
        Assert.Contains("fp8", InProcess.Run("export", run.Folder, "-o", place["b.onnx"], "--precision", "fp8").Ends(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void In_integers_a_file_is_a_third_and_its_cost_is_said_by_layer_too()
    {
        CliResult result = InProcess.Run("export", run.Folder, "-o", place["int8.onnx"], "--precision", "int8", "--max-drop", "1", "--csv", place["layers.csv"], "--threads", "1").Ends(0);
        Assert.Matches(@"precision +int8(, \d+ operators kept in fp32 \(.*\))?; \d+\.\d\d ms an image here, student\.onnx \d+\.\d\d(: slower here)?\n", result.Output);
        Assert.Matches(@"cost +accuracy 0\.\d{4}, 0\.\d{4} in fp32; \d+\.\d % of the decisions changed, on \d+ images\n", result.Output);
        Assert.Matches(@"verified +max difference \d\.\de-[234] to the same integers in libtorch on \d+ images", result.Output);
        Assert.InRange((double)new FileInfo(place["int8.onnx"]).Length / new FileInfo(run.Student).Length, 0.25, 0.75);
        Table layers = Table.Read(File.ReadAllText(place["layers.csv"]));
        string costliest = layers.Rows[0]["layer"];
        CliResult kept = InProcess.Run("export", run.Folder, "-o", place["kept.onnx"], "--precision", "int8", "--max-drop", "1", "--keep", costliest, "--embed-preprocessing", "--csv", "-", "--threads", "1").Ends(0);
        Assert.Equal(layers.Rows.Count - 1, Table.Read(kept.Output).Rows.Count);
        InProcess.Run(["predict", place["kept.onnx"], .. Bundled.Digits(place, 2), "--threads", "1"]).Ends(0);
        Assert.Contains("closest: '", InProcess.Run("export", run.Folder, "-o", place["b.onnx"], "--precision", "int8", "--keep", costliest + "x").Ends(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_best_epochs_weights_are_exported_not_the_last_ones()
    {
        string folder = Copy();
        byte[][] students = [.. Steps(folder).Select((step, i) =>
        {
            Point(folder, "best", step);
            CliResult result = InProcess.Run("export", folder, "-o", place["student.onnx"], "--threads", "1").Ends(0);
            Assert.Contains($"best on the validation part, after epoch {i + 1} of 2\n", result.Output, StringComparison.Ordinal);
            Assert.Equal("", result.Error);
            return File.ReadAllBytes(place["student.onnx"]);
        })];
        Assert.NotEqual(students[0], students[1]);
    }

    [Fact]
    public void The_runs_own_student_may_be_written_again()
    {
        byte[] before = File.ReadAllBytes(run.Student);
        InProcess.Run("export", run.Folder, "-o", run.Student, "--threads", "1").Ends(0);
        Assert.Equal(before, File.ReadAllBytes(run.Student));
    }

    [Fact]
    public void An_unfinished_run_is_exported_from_its_best_epoch_and_that_is_said()
    {
        string folder = Unfinished();
        CliResult result = InProcess.Run("export", folder, "-o", place["student.onnx"], "--threads", "1").Ends(0);
        Assert.Contains("warning: this run is unfinished: 1 of 2 epochs", result.Error, StringComparison.Ordinal);
        Assert.Contains($"onnx-amalgam train --resume -o {folder}", result.Error, StringComparison.Ordinal);
        Assert.Equal(20, Graphs.Metadata.ModelMetadata.Labels(OnnxModel.Load(place["student.onnx"]))!.Count);
    }

    [Fact]
    public void A_command_that_is_named_can_be_pasted_into_a_shell()
    {
        string folder = place["mit leer ü"];
        Directory.Move(Unfinished(), folder);
        CliResult result = InProcess.Run("export", folder, "-o", place["student.onnx"], "--threads", "1").Ends(0);
        Assert.EndsWith($"onnx-amalgam train --resume -o {(OperatingSystem.IsWindows() ? $"\"{folder}\"" : $"'{folder}'")}\n", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inspect")]
    [InlineData("bench")]
    [InlineData("predict", "a.png")]
    public void A_run_folder_in_a_models_place_names_its_student_or_how_to_get_one(string command, params string[] rest)
    {
        CliResult finished = InProcess.Run([command, run.Folder, .. rest]).Ends(2);
        Assert.Equal($"onnx-amalgam: '{run.Folder}': expected an .onnx file, got a run folder; name its student: {run.Student}", Assert.Single(finished.ErrorLines));
        string folder = Unfinished();
        CliResult unfinished = InProcess.Run([command, folder, .. rest]).Ends(2);
        Assert.Contains($"got an unfinished run without student.onnx; go on with: onnx-amalgam train --resume -o {folder}, or write what it has by now: onnx-amalgam export {folder} -o student.onnx", Assert.Single(unfinished.ErrorLines), StringComparison.Ordinal);
        CliResult empty = InProcess.Run([command, Directory.CreateDirectory(place["empty"]).FullName, .. rest]).Ends(2);
        Assert.Contains("expected an .onnx file, got a folder; name a file in it", Assert.Single(empty.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_evaluated_says_why()
    {
        string recipe = Path.Combine(run.Folder, "recipe.yaml");
        string Said(string model) => Assert.Single(InProcess.Run("evaluate", model, "--recipe", recipe, "--threads", "1").Ends(2).ErrorLines);
        Assert.Contains("got an unfinished run without student.onnx; go on with: ", Said(Unfinished()), StringComparison.Ordinal);
        Assert.Contains("expected an .onnx file or a run folder (it holds student.onnx), got a folder without one", Said(Directory.CreateDirectory(place["empty"]).FullName), StringComparison.Ordinal);
        Assert.Contains("expected a student that names its classes, as train and export write it, got a model without class names", Said(place.Write("nameless.onnx", Models.With(_ => { }))), StringComparison.Ordinal);
        recipe = place.Write("other.yaml", File.ReadAllText(recipe).Replace("trouser", "jeans", StringComparison.Ordinal));
        Assert.Contains("expected the recipe's 20 labels, got 20, of which number 12 is 'trouser', not 'jeans'; evaluate it", Said(run.Student), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_no_picture() =>
        Assert.Contains($"'{place.Path}': expected an image file, got a folder; name the files in it", Assert.Single(InProcess.Run("predict", run.Student, place.Path).Ends(2).ErrorLines), StringComparison.Ordinal);

    [Fact]
    public void A_run_without_a_checkpoint_says_what_is_missing()
    {
        string folder = Unfinished();
        foreach (string file in Directory.EnumerateFiles(Path.Combine(folder, "checkpoints")))
        {
            File.Delete(file);
        }

        CliResult result = InProcess.Run("export", folder, "-o", place["student.onnx"], "--threads", "1").Ends(2);
        Assert.Contains("expected a run with a checkpoint, got one that ended in its first epoch", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.False(File.Exists(place["student.onnx"]));
    }

    [Theory]
    [InlineData("teacher")]
    [InlineData("teacher through a link")]
    [InlineData("recipe")]
    [InlineData("checkpoint")]
    [InlineData("images")]
    public void An_input_is_never_replaced(string kind)
    {
        string target = kind switch
        {
            "teacher" => Bundled.Teacher("digits_resnet"),
            "teacher through a link" => Link(Path.GetDirectoryName(Bundled.Teacher("digits_resnet"))!) + "/digits_resnet.onnx",
            "recipe" => Path.Combine(run.Folder, "recipe.yaml"),
            "checkpoint" => Path.Combine(run.Folder, "checkpoints", "last"),
            _ => Path.Combine(Path.GetDirectoryName(Bundled.Recipe)!, "data", "mnist", "t10k-images-idx3-ubyte.gz"),
        };
        byte[] before = File.ReadAllBytes(target);
        CliResult result = InProcess.Run("export", run.Folder, "-o", target, "--threads", "1").Ends(2);
        Assert.Contains("expected a file that is not an input of this run, got ", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(target));
    }

    [Fact]
    public void A_changed_teacher_is_not_exported_under_the_old_ones_hash()
    {
        string folder = Unfinished(), recipe = Path.Combine(folder, "recipe.yaml"), other = place["digits_resnet.onnx"];
        File.Copy(Bundled.Teacher("digits_resnet"), other);
        File.WriteAllText(recipe, File.ReadAllText(recipe).Replace(Bundled.Teacher("digits_resnet"), other, StringComparison.Ordinal));
        CliResult result = InProcess.Run("export", folder, "-o", place["student.onnx"], "--threads", "1").Ends(2);
        Assert.Contains("expected the files this run was started with, got others for recipe", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_student_that_computes_no_numbers_fails_its_verification_and_is_not_written()
    {
        string folder = Unfinished(), checkpoint = Assert.Single(Directory.EnumerateFiles(Path.Combine(folder, "checkpoints"), "step-*"));
        var (tensors, metadata) = TensorFile.Read(checkpoint);
        using (torch.no_grad())
        {
            tensors.First(t => t.Key.StartsWith("student/", StringComparison.Ordinal)).Value.fill_(float.NaN);
        }

        TensorFile.Write(checkpoint, tensors, metadata.Where(m => m.Key == "state").ToDictionary());
        foreach (torch.Tensor tensor in tensors.Values)
        {
            tensor.Dispose();
        }

        string file = place.Write("student.onnx", "an old file");
        CliResult result = InProcess.Run("export", folder, "-o", file, "--threads", "1").Ends(3);
        Assert.Contains($"'{file}': expected ONNX Runtime and the trained graph to agree within 0.0001 on ", Assert.Single(result.ErrorLines, l => l.StartsWith("onnx-amalgam: ", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal("an old file", File.ReadAllText(file));
    }

    string Link(string folder)
    {
        Directory.CreateSymbolicLink(place["teachers"], folder);
        return place["teachers"];
    }

    /// <summary>The trained run as it was after its first epoch: without the later checkpoint and what the end of a run writes.</summary>
    string Unfinished()
    {
        string folder = Copy();
        File.Delete(Path.Combine(folder, "student.onnx"));
        File.Delete(Path.Combine(folder, "evaluation.csv"));
        string[] steps = Steps(folder);
        File.Delete(steps[1]);
        Point(folder, "last", steps[0]);
        Point(folder, "best", steps[0]);
        return folder;
    }

    string Copy()
    {
        string folder = place["copy"];
        foreach (string file in Directory.EnumerateFiles(run.Folder, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(folder, Path.GetRelativePath(run.Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return folder;
    }

    /// <summary>The checkpoints of both epochs.</summary>
    static string[] Steps(string folder)
    {
        string[] steps = [.. Directory.EnumerateFiles(Path.Combine(folder, "checkpoints"), "step-*").Order(StringComparer.Ordinal)];
        Assert.Equal(2, steps.Length);
        return steps;
    }

    static void Point(string folder, string pointer, string checkpoint) => File.WriteAllText(Path.Combine(folder, "checkpoints", pointer), Path.GetFileName(checkpoint) + "\n");
}

using System.Globalization;
using System.Text.Json;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary>What <c>train</c> leaves behind and says.</summary>
[Collection(TrainedRunTests.Name)]
public sealed class TrainTests(TrainedRun run) : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void A_run_folder_holds_the_files_of_the_contract_and_no_other()
    {
        run.Result.Ends(0);
        string[] entries = [.. Directory.EnumerateFileSystemEntries(run.Folder).Select(e => Path.GetFileName(e)!)
            .Select(n => n.StartsWith("events.out.tfevents.", StringComparison.Ordinal) ? "events" : n).Order(StringComparer.Ordinal)];
        Assert.Equal([".lock", "benchmark.csv", "checkpoints", "confusion_matrix.png", "environment.json", "evaluation.csv", "events", "predictions.csv", "recipe.yaml", "report.html", "results.csv", "results.png", "student.onnx"], entries);
        string checkpoints = Path.Combine(run.Folder, "checkpoints");
        foreach (string pointer in (string[])["last", "best"])
        {
            Assert.True(File.Exists(Path.Combine(checkpoints, File.ReadAllText(Path.Combine(checkpoints, pointer)).Trim())), pointer);
        }
    }

    [Fact]
    public void Results_have_a_row_an_epoch_and_TensorBoard_sees_the_same_numbers()
    {
        Table results = Table.Read(File.ReadAllText(Path.Combine(run.Folder, "results.csv")));
        Assert.Equal(
            "epoch,time,train/loss,train/soft_target,train/mmd,train/mmd[digits],train/mmd[clothes],train/reconstruction,train/reconstruction[digits],train/reconstruction[clothes],"
            + "metrics/accuracy_top1,metrics/accuracy_top5,metrics/accuracy_top1[digits],metrics/accuracy_top1[clothes],lr/pg0,speed/images_per_second",
            string.Join(',', results.Columns.Where(c => c != "val/loss")));
        Assert.Equal(["1", "2"], results.Rows.Select(r => r["epoch"]));
        double Number(int row, string column) => double.Parse(results.Rows[row][column], CultureInfo.InvariantCulture);
        Assert.Equal(Number(0, "train/soft_target") + (10 * Number(0, "train/mmd")) + (10 * Number(0, "train/reconstruction")), Number(0, "train/loss"), 1e-4);
        Assert.True(Number(1, "train/loss") < Number(0, "train/loss"));

        var events = EventRecords.Read(Assert.Single(Directory.EnumerateFiles(run.Folder, "events.out.tfevents.*")));
        string[] tags = [.. results.Columns.Where(c => c != "epoch" && results.Rows[0][c].Length > 0)];
        Assert.Equal(2 * tags.Length, events.Count);
        // nine digits in one, float32 in the other
        Assert.All(tags, tag => Assert.Equal(Number(1, tag), events[(2, tag)], 1e-7 * Math.Max(1, Math.Abs(Number(1, tag)))));
    }

    [Fact]
    public void Evaluation_compares_student_teachers_and_concatenation_with_intervals()
    {
        Table table = Table.Read(File.ReadAllText(Path.Combine(run.Folder, "evaluation.csv")));
        Assert.Equal("model,task,metric,value,ci_low,ci_high,n", string.Join(',', table.Columns));
        Dictionary<string, string> digits = table.Rows.Single(r => (r["model"], r["task"], r["metric"]) == ("digits", "digits", "accuracy_top1"));
        Assert.Equal(("1.000000", "150"), (digits["value"], digits["n"]));
        Assert.True(double.Parse(digits["ci_low"], CultureInfo.InvariantCulture) is > 0.97 and < 1);
        Assert.Equal("300", table.Rows.Single(r => (r["model"], r["task"], r["metric"]) == ("concatenated", "union", "accuracy_top1"))["n"]);
        Assert.Contains(table.Rows, r => (r["model"], r["task"], r["metric"]) == ("student", "clothes", "agreement"));
        Assert.DoesNotContain(table.Rows, r => r["model"] is "digits" or "clothes" && r["task"] == "union");
    }

    [Fact]
    public void Benchmark_measures_the_student_beside_its_teachers()
    {
        Table table = Table.Read(File.ReadAllText(Path.Combine(run.Folder, "benchmark.csv")));
        Assert.Equal("model,provider,device,threads,precision,batch,input,warmup,runs,mean_ms,p50_ms,p90_ms,p95_ms,p99_ms,samples_per_sec,peak_memory_bytes,file_bytes,param_count,macs", string.Join(',', table.Columns));
        Assert.Equal(3, table.Rows.Select(r => r["model"]).Distinct().Count());
    }

    [Fact]
    public void The_environment_names_versions_seed_and_hashes()
    {
        JsonElement environment = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(run.Folder, "environment.json"))).RootElement;
        Assert.Equal(1, environment.GetProperty("schemaVersion").GetInt32());
        Assert.Equal(1, environment.GetProperty("seed").GetInt64());
        Assert.Equal("1 soft_target(T=1, gated) + 10 mmd(published) + 10 reconstruction", environment.GetProperty("equation").GetString());
        JsonElement hashes = environment.GetProperty("sha256");
        Assert.Equal("27b079459c6f461d2bad6b6f9ac5302e1bbb810e000b7bb0e9a4a155258e7329", hashes.GetProperty("teacher digits").GetString());
        Assert.Equal(64, hashes.GetProperty("recipe").GetString()!.Length);
    }

    [Fact]
    public void One_table_on_stdout_and_progress_on_stderr()
    {
        string[] lines = run.Result.Output.Split('\n');
        Assert.Matches("^model +union +digits +clothes +parameters +KiB +ms at batch 1$", lines[0]);
        Assert.Equal(["student", "digits", "clothes", "concatenated"], lines[1..5].Select(l => l.Split(' ')[0]));
        Assert.Contains("max difference", run.Result.Output, StringComparison.Ordinal);
        Assert.Contains("minimising 1 soft_target(T=1, gated) + 10 mmd(published) + 10 reconstruction\n", run.Result.Error, StringComparison.Ordinal);
        Assert.StartsWith($"writing to {run.Folder}\n", run.Result.Error, StringComparison.Ordinal);
        Assert.Matches(@"epoch 2/2  loss \d+\.\d{4}  accuracy ", run.Result.Error);
        Assert.DoesNotContain('\u001b', run.Result.Error);
    }

    [Fact]
    public void Quiet_says_nothing_but_the_result_and_the_seed_of_the_command_line_is_the_recipes()
    {
        CliResult result = InProcess.Run(["train", Bundled.Recipe, "-o", place["run"], .. Bundled.Short, "--set", "train.epochs=1", "--seed", "7", "-q"]).Ends(0);
        Assert.Equal("", result.Error);
        Assert.StartsWith("model ", result.Output, StringComparison.Ordinal);
        Assert.Contains("seed: 7", File.ReadAllText(Path.Combine(place["run"], "recipe.yaml")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_holds_something_is_not_trained_into()
    {
        CliResult result = InProcess.Run(["train", Bundled.Recipe, "-o", run.Folder, .. Bundled.Short]).Ends(2);
        Assert.Contains("expected a new or empty folder, got one that holds something", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_is_not_resumed_with_another_recipe()
    {
        CliResult result = InProcess.Run(["train", "--resume", Bundled.Recipe, "-o", run.Folder, .. Bundled.Short, "--set", "train.learning_rate=0.5"]).Ends(2);
        Assert.Contains("got other values for train.learning_rate (0.004, now 0.5);", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_finished_run_that_is_resumed_writes_the_same_student()
    {
        string copy = Path.Combine(place.Path, "copy");
        Copy(run.Folder, copy);
        File.Delete(Path.Combine(copy, "student.onnx"));
        CliResult result = InProcess.Run("train", "--resume", "-o", copy, "--threads", "1").Ends(0);
        Assert.Contains("all epochs of this run are done: it is only exported and evaluated again\n", result.Error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(run.Student), File.ReadAllBytes(Path.Combine(copy, "student.onnx")));
    }

    [Fact]
    public void A_dry_run_prints_plan_time_and_memory_and_writes_nothing()
    {
        CliResult result = InProcess.Run(["train", Bundled.Recipe, "-o", place["run"], .. Bundled.Short, "--dry-run"]).Ends(0);
        Assert.Empty(place.Entries);
        foreach (string expected in (string[])[
            @"^run folder +.*run$", @"^teacher digits +10 labels, taps /f/f\.4/Relu_1_output_0$", @"^student +zoo:resnet.*; 78,404 parameters; tap ", "^labels +20, gated$",
            "^images +256 images to train on, 100 to validate, 300 to test$", @"^minimises +1 soft_target\(T=1, gated\) \+ 10 mmd\(published\) \+ 10 reconstruction$",
            "^training +2 epochs of 8 steps, batch 32, adam, learning rate 0.004, seed 1$", "^computes on +cpu, 1 threads$",
            @"^time +about .+ to train \(\d+\.\d ms a step, mean of \d+\), then .+ to evaluate$", @"^memory +about \d{2,5} MiB$", @"^disk +about \d+ MiB$", "^dry run: nothing was written$"])
        {
            Assert.Contains(result.Output.Split('\n'), line => System.Text.RegularExpressions.Regex.IsMatch(line, expected));
        }
    }

    [Fact]
    public void A_dry_run_lists_groups_of_weights_with_their_numbers_and_what_is_frozen()
    {
        CliResult result = InProcess.Run(["train", Bundled.Recipe, "-o", place["run"], .. Bundled.Short,
            .. Bundled.Set("train.groups=[{query: 'initializer[depth < 4]', freeze: true}, {query: 'initializer[head]', learning_rate: 3x, weight_decay: 0, initialise: true}]"), "--dry-run"]).Ends(0);
        Assert.Matches(@"(?m)^frozen +groups\.0: \d+ tensors, [\d,]+ parameters$", result.Output);
        Assert.Matches(@"(?m)^trains +backbone: \d+ tensors, [\d,]+ parameters, learning rate x 1, weight decay 0\.0001$", result.Output);
        Assert.Matches(@"(?m)^trains +groups\.1: 2 tensors, 1,300 parameters, learning rate x 3, weight decay 0, drawn anew$", result.Output);
        Assert.Equal(78_404, System.Text.RegularExpressions.Regex.Matches(result.Output, @"([\d,]+) parameters(,|\n|$)").Sum(m => int.Parse(m.Groups[1].Value, System.Globalization.NumberStyles.AllowThousands, System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void A_dry_run_finds_what_would_stop_the_run()
    {
        CliResult result = InProcess.Run(["train", Bundled.Recipe, "-o", run.Folder, .. Bundled.Short, "--dry-run"]).Ends(2);
        Assert.Contains("expected a new or empty folder", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dry_run_says_how_an_estimated_gate_shares_the_images_out()
    {
        CliResult result = InProcess.Run(["train", Bundled.Recipe, "-o", place["run"], .. Bundled.Short, .. Bundled.Set("train.epochs=1", "amalgamation.gate={refined: {clusters: 4, ignore_domains: true}}"), "--dry-run"]).Ends(0);
        Assert.Matches(@"\ngate +estimated, images go to digits \d", result.Output);
        Assert.Contains(" 1 epoch of 8 steps,", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_recipe_and_no_run_is_named()
    {
        string nothing = place["nothing"];
        Assert.Equal($"onnx-amalgam: {nothing}: expected a recipe, got no file of that name", Assert.Single(InProcess.Run("train", nothing).Ends(2).ErrorLines));
        Assert.Equal($"onnx-amalgam: {place.Path}: expected a recipe, got a folder", Assert.Single(InProcess.Run("train", place.Path).Ends(2).ErrorLines));
        Assert.Contains("expected a run folder (it holds recipe.yaml), got nothing there", Assert.Single(InProcess.Run("train", "--resume", "-o", nothing).Ends(2).ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void Runs_are_numbered_under_the_current_directory()
    {
        place.Write("runs/digits-and-clothes/recipe.yaml", "");
        CliResult result = ChildProcess.Run(place.Path, ChildProcess.Program(["train", Bundled.Recipe, .. Bundled.Short, "--dry-run"])).Ends(0);
        Assert.Matches(@"run folder +.*runs.digits-and-clothes-2\n", result.Output);
        Assert.Equal(["runs", "runs/digits-and-clothes", "runs/digits-and-clothes/recipe.yaml"], place.Entries);
        string unfinished = Path.Combine("runs", "digits-and-clothes");
        Assert.Contains($"this is a new run, '{unfinished}' is unfinished; go on with that one: onnx-amalgam train --resume -o {unfinished}", result.ErrorLines);
    }

    static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}

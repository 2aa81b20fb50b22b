using CsCheck;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Comparison;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Comparison;

public sealed class RunLogTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Answers_are_unpacked_as_they_were_packed() =>
        Gen.Int[0, 400].SelectMany(rarity => Gen.Int[0, rarity].Select(i => i > 0).Array[0, 1200]).Sample(right => Assert.Equal(right, TestAnswers.Unpack(new TestAnswers("t", 0, right).Pack())));

    [Theory]
    [InlineData(254)]
    [InlineData(255)]
    [InlineData(510)]
    public void Long_stretches_of_right_answers_are_counted(int stretch)
    {
        bool[] right = [.. Enumerable.Repeat(true, stretch), false, .. Enumerable.Repeat(true, stretch)];
        Assert.Equal(right, TestAnswers.Unpack(new TestAnswers("t", 0, right).Pack()));
    }

    [Fact]
    public void Answers_of_earlier_builds_are_read_and_others_refused()
    {
        Assert.Equal([true, false, true, false], TestAnswers.Unpack("4:YwUA"));
        Assert.Throws<FormatException>(() => TestAnswers.Unpack("12:YwUA"));
        Assert.Throws<FormatException>(() => TestAnswers.Unpack("1-" + new TestAnswers("t", 0, [false, false]).Pack()[2..]));
        Assert.Throws<FormatException>(() => TestAnswers.Unpack("4"));
    }

    [Fact]
    public void A_run_is_found_by_recipe_models_seed_and_program_alone()
    {
        string path = Path.Combine(folder.Path, "runs.csv");
        var key = new RunKey("abc", "def", 3, "1.0");
        MethodRun run = new(3, [new("student", "union", "accuracy_top1", 0.5, 0.1, null, 4), new("student", "union", "ece", 0.2, null, null, 4)], new TestAnswers("t", 0, [true, false, true, false]));
        Assert.Null(new RunLog(path).Find(key));
        var log = new RunLog(path);
        log.Add("soft, \"gated\"", key, run with { Duration = TimeSpan.FromSeconds(61.4) });
        log.Add("other", key with { Recipe = "def" }, run with { Answers = run.Answers with { Right = [true, true, true, true] } });

        var read = new RunLog(path);
        MethodRun found = read.Find(key)!;
        Assert.Equal((run.Seed, run.Evaluation[0]), (found.Seed, Assert.Single(found.Evaluation)));
        Assert.Equal(TimeSpan.FromSeconds(61), found.Duration);
        Assert.Equal(run.Answers.Images, found.Answers.Images);
        Assert.Equal(run.Answers.Right, found.Answers.Right);
        Assert.Null(read.Find(key with { Recipe = "def" })!.Duration);
        Assert.Null(read.Find(key with { Seed = 4 }));
        Assert.Null(read.Find(key with { Program = "1.1" }));
        Assert.Null(read.Find(key with { Models = "fed" }));
    }

    [Fact]
    public void Comparisons_side_by_side_keep_each_others_runs()
    {
        string path = Path.Combine(folder.Path, "runs.csv");
        MethodRun run = new(1, [], new TestAnswers("t", 0, [true]));
        Parallel.For(0, 4, i =>
        {
            var log = new RunLog(path);
            foreach (int seed in Enumerable.Range(0, 10))
                log.Add($"m{i}", new RunKey($"m{i}", "def", seed, "1.0"), run with { Seed = seed });
        });
        var read = new RunLog(path);
        Assert.All(Enumerable.Range(0, 40), i => Assert.NotNull(read.Find(new RunKey($"m{i / 10}", "def", i % 10, "1.0"))));
        Assert.Equal([path], Directory.GetFiles(folder.Path).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_key_is_of_the_recipes_text_what_overrides_it_and_the_networks_it_names()
    {
        string models = Path.Combine(Repository.Root, "models"), path = folder.Write("a.yaml", "name: a\n");
        OnnxModel student = OnnxModel.Load(Path.Combine(models, "teachers", "digits_resnet.onnx"));
        student.Save(Path.Combine(folder.Path, "student.onnx"));
        Recipe recipe = RecipeReader.Read(Path.Combine(models, "demo", "recipe.yaml"), [$"student.model={Path.Combine(folder.Path, "student.onnx")}"]);
        RunKey key = RunKey.Of(path, [], recipe, "1.0");
        Assert.Equal(key, RunKey.Of(folder.Write("copy.yaml", "name: a\n"), [], recipe, "1.0"));
        Assert.NotEqual(key, RunKey.Of(path, ["train.epochs=2"], recipe, "1.0"));
        Assert.NotEqual(key, RunKey.Of(folder.Write("other.yaml", "name: b\n"), [], recipe, "1.0"));

        student.Proto.DocString = "another file";
        student.Save(Path.Combine(folder.Path, "student.onnx"));
        RunKey changed = RunKey.Of(path, [], recipe, "1.0");
        Assert.Equal(key, changed with { Models = key.Models });
        Assert.NotEqual(key.Models, changed.Models);
    }

    [Theory]
    [InlineData("[],t,0,4:////")]
    [InlineData("\"[[\"\"student\"\",\"\"union\"\"]]\",t,0,\"\"")]
    [InlineData("\"[{\"\"Model\"\":\"\"student\"\"}]\",t,0,\"\"")]
    [InlineData("\"[[1,2,3,4,5,6,7]]\",t,0,\"\"")]
    [InlineData("null,t,0,\"\"")]
    [InlineData("[null],t,0,\"\"")]
    [InlineData("[],t,99999999999,\"\"")]
    public void A_damaged_row_is_named(string results)
    {
        string path = folder.Write("runs.csv", $"method,recipe,models,seed,program,seconds,evaluation,test,nameless,right\nsoft,abc,def,1,1.0,9,{results}\n");
        string message = Assert.Throws<InputException>(() => new RunLog(path).Find(new RunKey("abc", "def", 1, "1.0"))).Message;
        Assert.StartsWith($"'{path}', method 'soft', seed 1: expected a run's results, got something else", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_file_is_a_log_without_runs_and_what_is_none_is_named_before_anything_is_trained()
    {
        string path = Path.Combine(folder.Path, "runs.csv");
        string Refused()
        {
            return Assert.Throws<InputException>(() => new RunLog(path)).Message;
        }

        File.WriteAllText(path, "");
        Assert.Null(new RunLog(path).Find(new RunKey("abc", "def", 3, "1.0")));
        File.WriteAllText(path, "a,b\n1,2\n");
        Assert.Contains("name another file for the log", Refused(), StringComparison.Ordinal);
        File.WriteAllText(path, "method,recipe,models,seed,program,seconds,evaluation,test,nameless,right\nx,1\n");
        Assert.Contains("line 2: expected a row of such a file", Refused(), StringComparison.Ordinal);
        path = Path.Combine(folder.Path, "none", "runs.csv");
        Assert.Contains("expected an existing folder", Refused(), StringComparison.Ordinal);
        path = folder.Path;
        Assert.Contains("got a folder", Refused(), StringComparison.Ordinal);
    }
}

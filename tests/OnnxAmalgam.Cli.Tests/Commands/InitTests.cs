using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Cli.Tests.Commands;

/// <summary>A recipe from teachers and images alone: it must read, and train.</summary>
public sealed class InitTests : IDisposable
{
    static readonly string[] Clothes = ["t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

    readonly TempFolder place = new();

    static string Data(string name) => Path.Combine(Path.GetDirectoryName(Bundled.Recipe)!, "data", name);

    public void Dispose() => place.Dispose();

    [Fact]
    public void The_demo_s_teachers_and_images_give_a_recipe_that_trains()
    {
        CliResult result = InProcess.Run("init", Bundled.Teacher("digits_resnet"), Bundled.Teacher("fashion_mixer"),
            "--data", $"digits_resnet={Data("mnist")}", "--data", $"fashion_mixer={Data("fashion-mnist")}", "-o", place["recipe.yaml"]).Ends(0);
        Assert.Contains("next: onnx-amalgam train ", result.Error, StringComparison.Ordinal);

        Recipe recipe = RecipeReader.Read(place["recipe.yaml"]);
        Assert.Equal("digits_resnet-fashion_mixer", recipe.Name);
        Assert.Equal([["digits_resnet"], ["fashion_mixer"]], recipe.Data.Unlabelled.Select(s => s.Domain));
        Assert.Equal(LabelMode.Gated, recipe.Amalgamation.Labels);
        // Neither file names its classes: equal numbers must not become one class.
        Assert.Empty(recipe.Teachers[0].Labels!.Intersect(recipe.Teachers[1].Labels!));

        string plan = InProcess.Run("train", place["recipe.yaml"], "--dry-run", "--threads", "1", "-o", place["run"],
            "--set", "data.unlabelled.0.limit=200", "--set", "data.unlabelled.1.limit=200", "--set", "data.test.0.limit=50", "--set", "data.test.1.limit=50").Ends(0).Output;
        Assert.Matches("labels +20, gated\n", plan);
        string student = result.Output.Split('\n').Single(l => l.StartsWith("student", StringComparison.Ordinal));
        Assert.Matches(System.Text.RegularExpressions.Regex.Match(student, "[0-9,]+ parameters").Value, plan);
    }

    [Fact]
    public void A_network_without_scores_teaches_its_features_and_its_images_are_nobody_s()
    {
        InProcess.Run("extract", Bundled.Teacher("digits_resnet"), "--outputs", "tensor[rank=4 & dominator & height > 1] last", "-o", place["backbone.onnx"]).Ends(0);
        InProcess.Run("init", Bundled.Teacher("digits_resnet"), place["backbone.onnx"], "--data", $"digits_resnet={Data("mnist")}", "--data", $"backbone={Data("fashion-mnist")}", "-o", place["recipe.yaml"]).Ends(0);
        string text = File.ReadAllText(place["recipe.yaml"]);
        Assert.All((string[])["logits: none", "- {hint: {weight: 0.5}}", "domain: none"], part => Assert.Contains(part, text, StringComparison.Ordinal));
        InProcess.Run("train", place["recipe.yaml"], "--dry-run", "--set", "data.unlabelled.0.limit=64", "--set", "data.unlabelled.1.limit=64", "--set", "train.batch=16").Ends(0);
    }

    [Fact]
    public void What_a_file_states_is_said_and_what_none_states_is_marked()
    {
        string stated = Stated("clothes.onnx", Clothes);
        string text = InProcess.Run("init", stated, Bundled.Teacher("digits_resnet"), "--data", Data("mnist"), "-o", "-").Ends(0).Output;
        Assert.Contains("    labels: metadata                        # from metadata 'names': t-shirt/top, trouser,", text, StringComparison.Ordinal);
        Assert.Contains("# fed as metadata 'onnx_amalgam.preprocessing' says: 28x28, scale: 0.00392156862745098, mean: [0.286], std: [0.353]", text, StringComparison.Ordinal);
        Assert.Contains("labels: [digits_resnet/0, digits_resnet/1,", text, StringComparison.Ordinal);
        Assert.Contains("CHECK: nothing in the file says how its images were scaled", text, StringComparison.Ordinal);
        Assert.Contains("auto is f.4 (80 channels of 7x7), the last values with a grid before the global pool", text, StringComparison.Ordinal);
        // Nobody says whose digits these are, so nothing says what their numbers mean.
        Assert.DoesNotContain("validate:  ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("  test:", text, StringComparison.Ordinal);
        Assert.DoesNotContain("flip, ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Folders_are_understood_by_their_names()
    {
        string first = Stated("first.onnx", Clothes), second = Stated("second.onnx", [.. Clothes.Select(c => "other " + c)]);
        foreach (string folder in (string[])["first", "second", "else"])
            Picture($"photos/{folder}/a.png");
        foreach (string folder in (string[])["train/bag", "train/coat", "val/bag", "val/coat", "test/bag", "test/umbrella"])
            Picture($"sorted/{folder}/a.png");

        InProcess.Run("init", first, second, "--data", place["photos"], "--data", place["sorted"], "-o", place["recipe.yaml"], "-q").Ends(0);
        Recipe recipe = RecipeReader.Read(place["recipe.yaml"]);
        Assert.Equal(
            [("else", null), ("first", "first"), ("second", "second"), ("train", null)],
            recipe.Data.Unlabelled.Select(s => (Path.GetFileName(s.Path), s.Domain?.Single())));
        Assert.Equal("val", Path.GetFileName(Assert.Single(recipe.Data.Validate!).Path));
        SourceRecipe test = Assert.Single(recipe.Data.Test!);
        Assert.Equal(("test", "bag"), (Path.GetFileName(test.Path), Assert.Single(test.Classes!)));
    }

    [Fact]
    public void Teachers_folders_within_a_training_folder_keep_their_domain()
    {
        string first = Stated("first.onnx", Clothes), second = Stated("second.onnx", [.. Clothes.Select(c => "other " + c)]);
        foreach (string folder in (string[])["train/first/bag", "train/second/other bag", "train/else", "val/bag", "test/both/bag", "test/first/bag", "test/second/other bag"])
            Picture($"photos/{folder}/a.png");
        Directory.CreateDirectory(place["photos/train/.thumbnails"]);
        Directory.CreateDirectory(place["photos/train/empty"]);
        InProcess.Run("init", first, second, "--data", place["photos"], "-o", place["recipe.yaml"], "-q").Ends(0);
        Recipe recipe = RecipeReader.Read(place["recipe.yaml"]);
        Assert.Equal(
            [("else", null), ("first", "first"), ("second", "second")],
            recipe.Data.Unlabelled.Select(s => (Path.GetFileName(s.Path), s.Domain?.Single())));
        Assert.Equal("val", Path.GetFileName(Assert.Single(recipe.Data.Validate!).Path));
        Assert.Equal(["both", "first", "second"], recipe.Data.Test!.Select(s => Path.GetFileName(s.Path)));

        Picture("photos/train/loose.png");
        Assert.Contains("within its folders, one of which is a teacher's, got others beside them ('loose.png', ...)",
            InProcess.Run("init", first, second, "--data", place["photos"], "-o", "-").Ends(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_file_calls_things_stays_within_its_comment()
    {
        string[] labels = ["cat\n    weight: 0 #", "dog\u2028", .. Clothes[2..]];
        string text = InProcess.Run("init", Stated("odd.onnx", labels), Bundled.Teacher("digits_resnet"), "--data", Data("mnist"), "-o", place["recipe.yaml"]).Ends(0).Output;
        Recipe recipe = RecipeReader.Read(place["recipe.yaml"]);
        Assert.Equal([1, 1], recipe.Teachers.Select(t => t.Weight));
        Assert.Contains(@"cat\u000A    weight: 0 #, dog\u2028, pullover", File.ReadAllText(place["recipe.yaml"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_that_is_kept_back_whole_is_warned_of()
    {
        for (int i = 0; i < 20; i++)
            Picture($"sorted/{(i < 18 ? "coat" : "sandal")}/{i:00}.png");
        InProcess.Run("init", Stated("clothes.onnx", Clothes), "--data", place["sorted"], "-o", place["recipe.yaml"], "-q").Ends(0);
        Assert.Contains("holds all that there are of 'sandal': training sees none; state data.validate",
            InProcess.Run("train", place["recipe.yaml"], "--dry-run", "--set", "train.batch=4").Ends(0).Error, StringComparison.Ordinal);
        Assert.DoesNotContain("training sees none",
            InProcess.Run("train", place["recipe.yaml"], "--dry-run", "--set", "train.batch=4", "--set", "train.select=last").Ends(0).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_teacher_whose_size_is_free_is_measured_at_the_size_that_it_is_fed()
    {
        OnnxModel free = OnnxModel.Load(Bundled.Teacher("digits_resnet"));
        foreach (int axis in (int[])[2, 3])
        {
            free.Proto.Graph.Input[0].Type.TensorType.Shape.Dim[axis].ClearDimValue();
            free.Proto.Graph.Input[0].Type.TensorType.Shape.Dim[axis].DimParam = $"side{axis}";
        }

        free.Save(place["free.onnx"]);
        string drafted = InProcess.Run("init", place["free.onnx"], "--data", $"free={Data("mnist")}", "-o", "-").Ends(0).Output;
        Assert.Contains(", size: 224}", drafted, StringComparison.Ordinal);
        InProcess.Run(["train", Bundled.Recipe, "-o", place["run"], .. Bundled.Short, .. Bundled.Set(
            $"teachers.0.model={place["free.onnx"]}", "teachers.0.input.size=28", "train.epochs=1", "amalgamation={labels: gated, losses: [{soft_target: {weight: 1}}]}")]).Ends(0);
        Assert.Equal(9, Table.Read(File.ReadAllText(Path.Combine(place["run"], "benchmark.csv"))).Rows.Count);
    }

    [Theory]
    [InlineData(100_000, "blocks=[2,2,2]")]
    [InlineData(6_000, "blocks=[1,1,1]")]
    public void The_student_is_the_widest_that_is_allowed(int most, string blocks)
    {
        string output = InProcess.Run("init", Bundled.Teacher("digits_resnet"), "--data", Data("mnist"), "-o", place["recipe.yaml"], "--parameters", $"{most}").Ends(0).Output;
        Assert.Contains(blocks, output, StringComparison.Ordinal);
        int found = int.Parse(System.Text.RegularExpressions.Regex.Match(output, "([0-9,]+) parameters").Groups[1].Value, System.Globalization.NumberStyles.AllowThousands, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(found, most / 3, most);
    }

    [Fact]
    public void What_cannot_be_drafted_is_said_and_no_recipe_is_overwritten()
    {
        place.Write("recipe.yaml", [1, 2, 3]);
        Assert.Contains("expected a file that does not exist", InProcess.Run("init", Bundled.Teacher("digits_resnet"), "--data", Data("mnist"), "-o", place["recipe.yaml"]).Ends(2).Error, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(place["recipe.yaml"]));
        Assert.Contains("expected a path, or TEACHER=PATH with one of the teachers 'digits_resnet', got 'digits_resent'; closest: 'digits_resnet'",
            InProcess.Run("init", Bundled.Teacher("digits_resnet"), "--data", $"digits_resent={Data("mnist")}", "-o", "-").Ends(2).Error, StringComparison.Ordinal);
        Assert.Contains("expected a folder of images, got no such folder", InProcess.Run("init", Bundled.Teacher("digits_resnet"), "--data", place["nowhere"], "-o", "-").Ends(2).Error, StringComparison.Ordinal);
        place.Write("texts/a.jpg", [1, 2, 3]);
        Assert.Contains("expected images that can be read, got one that cannot, the first: ", InProcess.Run("init", Bundled.Teacher("digits_resnet"), "--data", place["texts"], "-o", "-").Ends(2).Error, StringComparison.Ordinal);
        Assert.Contains("expected different files, got", InProcess.Run("init", Bundled.Teacher("digits_resnet"), Bundled.Teacher("digits_resnet"), "--data", Data("mnist"), "-o", "-").Ends(2).Error, StringComparison.Ordinal);
        Assert.Contains("--data", InProcess.Run("init", Bundled.Teacher("digits_resnet"), "-o", "-").Ends(1).Error, StringComparison.Ordinal);
    }

    /// <summary>A teacher whose file says everything.</summary>
    string Stated(string name, string[] labels)
    {
        OnnxModel model = OnnxModel.Load(Bundled.Teacher("fashion_mixer"));
        ModelMetadata.Write(model, labels, new InputDescription { Channels = 1, Height = 28, Width = 28, Mean = [0.286], Std = [0.353] }, new Dictionary<string, string>());
        model.Save(place[name]);
        return place[name];
    }

    void Picture(string name) => place.Write(name, Bundled.Png(28, 28, new byte[28 * 28]));
}

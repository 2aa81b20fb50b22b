using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Tests.Running;

namespace OnnxAmalgam.Training.Tests.Ensemble;

public sealed class TapRankingTests : IDisposable
{
    const string Query = "tensor[rank=4 & dominator & height > 1] by hw last";

    readonly TinyWorld world = new TinyWorld()
        .Network("a", "zoo:resnet(widths=[4,8], blocks=[1,1])", 3)
        .Network("b", "zoo:convmixer(dim=8, depth=1, kernel=3, patch=2)", 2)
        .Images("left", 40).Images("right", 40);

    public void Dispose() => world.Dispose();

    IReadOnlyList<TapPair> Rank(string query = Query, int images = 64)
    {
        TorchSharp.torch.set_num_threads(1);
        File.WriteAllText(world.Inside("recipe.yaml"), """
            name: ranked
            teachers: [{model: a.onnx, labels: [x, y, z]}, {model: b.onnx, labels: [u, v]}]
            student: {model: a.onnx}
            data: {unlabelled: [{folder: left}, {folder: right}]}
            amalgamation: {labels: joint, losses: [{soft_target: {weight: 1}}]}
            train: {epochs: 1}
            """);
        return TapRanking.Rank(RecipeReader.Read(world.Inside("recipe.yaml")), query, images, new ComputeOptions(ComputeDevice.Cpu, 1), _ => { });
    }

    [Fact]
    public void Pairs_of_each_teacher_come_together_the_most_alike_first()
    {
        var pairs = Rank();
        Assert.Equal(["a", "a", "a", "a", "b", "b"], pairs.Select(p => p.Teacher.Model));
        foreach (var teacher in pairs.GroupBy(p => p.Teacher.Model))
        {
            Assert.Equal(teacher.Select(p => p.Cka).OrderDescending(), teacher.Select(p => p.Cka));
        }

        Assert.All(pairs, p => Assert.InRange(p.Cka, 0, 1 + 1e-9));
        Assert.All(pairs, p => Assert.InRange(p.Teacher.RankMe, 1, p.Teacher.Element.Channels!.Value + 1e-3));
    }

    [Fact]
    public void A_student_with_the_teachers_own_weights_has_its_features()
    {
        var same = Rank().Where(p => p.Teacher.Model == "a" && p.Teacher.Element.Name == p.Student.Element.Name).ToArray();
        Assert.Equal(2, same.Length);
        foreach (TapPair pair in same)
        {
            Assert.Equal(1, pair.Cka, 6);
            Assert.Equal(pair.Teacher.Mean, pair.Student.Mean, 5);
            Assert.Equal(pair.Teacher.Std, pair.Student.Std, 5);
            Assert.Equal(pair.Teacher.RankMe, pair.Student.RankMe, 3);
        }
    }

    [Fact]
    public void Sparsity_is_the_share_of_zeros_that_a_ReLU_leaves()
    {
        var pairs = Rank("tensor[rank=4 & height > 1 & dominator] last");
        TapFeatures relu = pairs.First(p => p.Teacher.Model == "a").Teacher, mixer = pairs.First(p => p.Teacher.Model == "b").Teacher;
        Assert.Equal("Relu", relu.Element.Type);
        Assert.InRange(relu.Sparsity, 0.05, 0.95);
        Assert.NotEqual("Relu", mixer.Element.Type);
        Assert.InRange(mixer.Sparsity, 0, 0.01);
    }

    [Fact]
    public void No_tensor_stays_alive()
    {
        Rank();
        var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Rank();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_query_that_selects_nothing_in_one_of_the_models_is_refused() =>
        Assert.Contains("b.onnx': expected at least one match, got none", Assert.Throws<InputException>(() => Rank("tensor[type=Add & rank=4 & channels=8 & module ~ 'layer*']")).Message, StringComparison.Ordinal);
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Losses.Features;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

public sealed class PublishedBlockTests : IDisposable
{
    readonly PublishedOracle oracle = PublishedOracle.Load();
    readonly Tensor studentTap;
    readonly Tensor studentLogits;
    readonly AmalgamationLoss loss;

    public PublishedBlockTests()
    {
        studentTap = oracle.Tensor("student_feature").requires_grad_();
        studentLogits = oracle.Tensor("student_logits").requires_grad_();
        loss = Loss(Published);
        Fill(loss);
    }

    static AmalgamationRecipe Published => new()
    {
        Labels = LabelMode.Concat,
        CommonChannels = 2,
        Losses = [new SoftTargetTerm(1), new MmdTerm(10, MmdTerm.Published), new ReconstructionTerm(10)],
    };

    LossInputs Batch => new()
    {
        StudentLogits = studentLogits,
        StudentTaps = [studentTap],
        TeacherLogits = oracle.Tensors("teacher_logits"),
        TeacherTaps = oracle.Tensors("teacher_features"),
    };

    public void Dispose()
    {
        loss.Dispose();
        oracle.Dispose();
    }

    [Fact]
    public void Total_and_terms_are_the_published_ones()
    {
        var result = loss.Forward(Batch);
        Assert.Equal(["soft_target", "mmd", "mmd[a]", "mmd[b]", "reconstruction", "reconstruction[a]", "reconstruction[b]"], loss.TermNames);
        var (mmd, mse) = (oracle.Numbers("mmd"), oracle.Numbers("mse"));
        double[] expected = [oracle.Number("soft_target", "T1"), mmd.Sum(), .. mmd, mse.Sum(), .. mse];
        Tensors.Close(tensor(expected), result.Values);
        Assert.Equal(oracle.Number("total_published"), result.Total.Value(), 1e-9);
    }

    [Fact]
    public void Every_gradient_is_the_published_one()
    {
        loss.Forward(Batch).Total.backward();
        Tensors.Close(oracle.Tensor("gradients", "student_feature"), studentTap.grad!, what: "student tap");
        Tensors.Close(oracle.Tensor("gradients", "student_logits"), studentLogits.grad!, what: "student logits");
        var parameters = loss.named_parameters().ToArray();
        Assert.Equal(oracle["weights"].EnumerateObject().Count(), parameters.Length);
        foreach (var (name, parameter) in parameters)
            Tensors.Close(oracle.Tensor("gradients", BlockName(name)), parameter.grad!, what: name);
    }

    [Fact]
    public void Common_features_and_reconstructions_are_the_published_ones()
    {
        var block = loss.named_modules().Select(m => m.module).OfType<CommonSpaceBlock>().First();
        var common = block.Forward(studentTap, oracle.Tensors("teacher_features"));
        Tensors.Close(stack([oracle.Tensor("h_student"), .. oracle.Tensors("h_teachers")]), common.Features);
        foreach (var (expected, actual) in oracle.Tensors("reconstructions").Zip(common.Reconstructions)) Tensors.Close(expected, actual);
    }

    [Theory]
    [InlineData(1, "T1")]
    [InlineData(4, "T4")]
    public void Soft_targets_at_a_temperature_are_the_published_ones(double temperature, string key)
    {
        using var loss = Loss(Published with { Losses = [new SoftTargetTerm(1, temperature)] });
        Assert.Equal(oracle.Number("soft_target", key), loss.Forward(Batch).Total.Value(), 1e-9);
    }

    [Fact]
    public void Gated_soft_targets_follow_the_domain()
    {
        using var loss = Loss(Published with { Labels = LabelMode.Gated, Losses = [new SoftTargetTerm(1)] });
        var owners = oracle.Tensor("gated_soft_target", "domain").to_type(ScalarType.Int64);
        var weights = nn.functional.one_hot(owners, 2);
        Assert.Equal(oracle.Number("gated_soft_target", "value"), loss.Forward(Batch with { DomainWeights = weights }).Total.Value(), 1e-9);
    }

    [Fact]
    public void Discrepancy_of_plain_vectors_is_the_oracles()
    {
        MmdOptions options = new(oracle.Numbers("mmd_plain", "sigmas"));
        var (x, y) = (Unit("x"), Unit("y"));
        Assert.Equal(oracle.Number("mmd_plain", "value"), Mmd.Between(x, y, options).Value(), 1e-9);
        Assert.Equal(oracle.Number("mmd_plain", "same"), Mmd.Between(x, x, options).Value(), 1e-9);

        Tensor Unit(string name) => nn.functional.normalize(oracle.Tensor("mmd_plain", name));
    }

    [Fact]
    public void The_committed_oracle_is_the_fixtures_own()
    {
        var shared = Path.Combine(Root(), "..", "shared", "fixtures", "oracle", "cfl_block.json");
        Assert.SkipUnless(File.Exists(shared), "no shared fixtures beside the repository");
        Assert.Equal(File.ReadAllBytes(shared), PublishedOracle.Bytes());
    }

    static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "OnnxAmalgam.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    static string BlockName(string parameter) => PublishedOracle.NameOf(parameter["commonSpace.block.".Length..]);

    static AmalgamationLoss Loss(AmalgamationRecipe recipe)
    {
        LabelUnion union = new([new("a", ["0", "1", "2"]), new("b", ["3", "4"])], keepDuplicates: recipe.Labels == LabelMode.Concat);
        TeacherTap[] taps = [new(0, new("f", TapKind.Spatial, 1, [-1, 4, 3, 2])), new(1, new("g", TapKind.Spatial, 1, [-1, 5, 3, 2]))];
        return new(recipe, union, [new("s", TapKind.Spatial, 1, [-1, 3, 3, 2])], taps, new(1, CPU, ScalarType.Float64));
    }

    void Fill(AmalgamationLoss loss)
    {
        using var noGrad = no_grad();
        foreach (var (name, parameter) in loss.named_parameters()) parameter.copy_(oracle.Tensor("weights", BlockName(name)));
    }
}

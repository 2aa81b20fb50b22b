using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Gates;
using OnnxAmalgam.Training.Tests.Running;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Gates;

public sealed class StudentAgreementTests : IDisposable
{
    const string Recipe = """
        name: agreed
        teachers:
          - {model: a.onnx, labels: [x, y, z]}
          - {model: b.onnx, labels: [u, z]}
        student: {model: "zoo:resnet(widths=[4,8], blocks=[1,1])"}
        data: {unlabelled: [{folder: left, domain: a}, {folder: right, domain: b}, {folder: other, domain: none}]}
        amalgamation:
          labels: gated
          gate: {clusters: {clusters: 2, ignore_domains: true, agreement_after: 1}}
          losses: [{soft_target: {weight: 1}}]
        train: {epochs: 3, batch: 8, select: last}
        """;

    readonly TinyWorld world = new TinyWorld()
        .Network("a", "zoo:resnet(widths=[4,8], blocks=[1,1])", 3)
        .Network("b", "zoo:vit(dim=8, depth=1, heads=2, patch=2)", 2)
        .Images("left", 20).Images("right", 20).Images("other", 10);

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData("clusters")]
    [InlineData("refined")]
    public void The_student_and_its_clusters_decide_beside_a_refined_estimate_and_only_for_images_that_were_estimated(string kind)
    {
        using var scope = NewDisposeScope();
        using AmalgamationSetup setup = world.Open(Recipe.Replace("gate: {clusters:", $"gate: {{{kind}:", StringComparison.Ordinal).Replace("ignore_domains: true", "ignore_domains: false", StringComparison.Ordinal).Replace(", domain: b}", "}", StringComparison.Ordinal).Replace(", domain: none", "", StringComparison.Ordinal));
        GateGrounds[] grounds = setup.Gate!.GroundsOf(setup.Train);
        int[] clusters = [.. grounds.Select(g => g.Cluster)];
        Assert.All(clusters[..20], c => Assert.Equal(-1, c));
        Assert.All(clusters[20..], c => Assert.InRange(c, 0, 1));
        Tensor standing = tensor(grounds[20..].SelectMany(g => g.Standing).ToArray(), 30, 2);
        Tensors.Close(zeros(2), standing.mean([0]), 1e-3);
        Tensors.Close(ones(2), standing.std(0, unbiased: false), 1e-3);
        using Tensor weights = tensor(setup.Gate.Of(setup.Train), [50, 2]);
        using StudentAgreement agreement = new(setup, weights);
        using TrainableGraph student = new(setup.Student.Model);
        double[] before = weights.Values();

        double?[] result = agreement.Update(student);

        Assert.Equal(["gate/moved"], agreement.Columns);
        Assert.Equal(before[..40], weights.Values()[..40]);
        Assert.Equal(ones(50), weights.sum(1));
        Tensor mass = Masses(setup, student);
        Tensor means = stack([.. Enumerable.Range(0, 2).Select(k => mass[tensor(Of(k))].mean([0]))]);
        for (int i = 20; i < 50; i++)
            {
            Tensor witness = tensor(grounds[i].Standing.ToArray()) + tensor(before[(2 * i)..((2 * i) + 2)]).to(ScalarType.Float32) * Math.Log(9);
            Tensor own = mass[i].log() + means[clusters[i]].log();
            Assert.Equal((kind == "refined" ? own + witness : own).argmax().item<long>(), weights[i].argmax().item<long>());
        }

        Assert.Equal(Enumerable.Range(20, 30).Average(i => before[2 * i] == weights[i, 0].Value() ? 0.0 : 1), result[0]!.Value, 1e-12);
        Assert.Equal(0, agreement.Update(student)[0]);

        long[] Of(int cluster) => [.. Enumerable.Range(0, 50).Where(i => clusters[i] == cluster).Select(i => (long)i)];
    }

    [Fact]
    public void What_it_decides_is_counted_against_domains_that_are_ignored_and_shown_after_the_warm_up()
    {
        TinyResult result = world.Run(Recipe.Replace("agreement_after: 1", "agreement_after: 2", StringComparison.Ordinal));
        double?[] right = [.. result.Epochs.Select(e => e["gate/right"])];
        double?[] moved = [.. result.Epochs.Select(e => e["gate/moved"])];
        Assert.Equal(0, moved[0]);
        Assert.True(moved[1] > 0);
        Assert.Equal(0, moved[2]);
        Assert.All(right, r => Assert.InRange(r!.Value, 0, 1));
        Assert.Equal(right[1], right[2]);
    }

    [Fact]
    public void Deciding_leaves_nothing_alive()
    {
        using AmalgamationSetup setup = world.Open(Recipe);
        using Tensor weights = tensor(setup.Gate!.Of(setup.Train), [50, 2]);
        using TrainableGraph student = new(setup.Student.Model);
        using StudentAgreement agreement = new(setup, weights);
        agreement.Update(student);
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 3; i++)
            agreement.Update(student);
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    /// <summary>P[n, teachers] of the union x, y, z, u: z is half a's, half b's.</summary>
    static Tensor Masses(AmalgamationSetup setup, TrainableGraph student)
    {
        using var guard = no_grad();
        student.eval();
        var batch = Training.Data.BatchLoader.InOrder(setup.Train, 50).Single();
        var input = new Training.Data.Preprocess(setup.Student.Input).Apply(BatchTensors.Canvas(batch, setup.Train));
        Tensor p = student.Run(new Dictionary<string, Tensor> { [student.InputNames[0]] = input }, [setup.Student.Logits])[0].softmax(1);
        return p.matmul(tensor(new float[,] { { 1, 0 }, { 1, 0 }, { 0.5f, 0.5f }, { 0, 1 } }));
    }
}

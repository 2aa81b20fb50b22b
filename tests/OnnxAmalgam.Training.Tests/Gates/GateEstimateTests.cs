using OnnxAmalgam.Training.Gates;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Gates;

public sealed class GateEstimateTests
{
    const int Each = 200;

    [Fact]
    public void Energy_takes_the_largest_and_standardised_energy_the_largest_for_its_teacher()
    {
        using var scope = NewDisposeScope();
        // Teacher 0 is louder than teacher 1 on every image, and loudest on its own two.
        using var evidence = new GateEvidence(tensor(new float[,] { { 30, 1 }, { 28, 2 }, { 11, 9 }, { 12, 8 } }), zeros(4, 1), Same(4));
        Assert.Equal([0, 0, 0, 0], Owners(evidence, new GateRecipe(GateKind.Energy)));
        Assert.Equal([0, 0, 1, 1], Owners(evidence, new GateRecipe(GateKind.Standardised)));
    }

    [Fact]
    public void Neighbours_correct_an_image_whose_energy_misleads()
    {
        using var scope = NewDisposeScope();
        using GateEvidence evidence = Blobs(misled: 0.2);
        Assert.InRange(Share(Owners(evidence, new GateRecipe(GateKind.Standardised))), 0.7, 0.9);
        Assert.Equal(1.0, Share(Owners(evidence, new GateRecipe(GateKind.Clusters, Clusters: 6))));
    }

    [Fact]
    public void Refining_corrects_a_cluster_that_went_to_the_wrong_teacher()
    {
        using var scope = NewDisposeScope();
        // One in five of the images lies in a part of teacher 1's region where teacher 0 is louder.
        using GateEvidence evidence = Blobs(misled: 0.2, together: true);
        double clusters = Share(Owners(evidence, new GateRecipe(GateKind.Clusters, Clusters: 12)));
        double refined = Share(Owners(evidence, new GateRecipe(GateKind.Refined, Clusters: 12)));
        Assert.InRange(clusters, 0.7, 0.95);
        Assert.True(refined > clusters + 0.03, $"clusters {clusters}, refined {refined}");
    }

    [Fact]
    public void Refining_leaves_each_image_what_is_said_of_it_where_features_tell_nothing()
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(5);
        // Seven images in ten are teacher 0's, by energies alone: what is learnt from noise, and trusted, would give it all of them.
        Tensor own = arange(400).remainder(10).ge(7).to(ScalarType.Float32);
        using var evidence = new GateEvidence(stack([1 - own, own], 1), randn(400, 2, generator: generator) * 1e-3 + own.unsqueeze(1) * 1e-4, Same(400));
        Assert.Equal(own.to(ScalarType.Int64).data<long>(), Owners(evidence, new GateRecipe(GateKind.Refined, Clusters: 40)));
    }

    [Fact]
    public void Refining_lets_images_that_all_teachers_name_alike_decide_together()
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(7);
        // What teacher 0 sees in teacher 1's images is always its class 2, which it sees in none of its own; features tell nothing.
        Tensor owner = arange(400).remainder(2);
        Tensor energy = nn.functional.one_hot(owner, 2).to(ScalarType.Float32) + randn(400, 2, generator: generator);
        Tensor classes = stack([where(owner.eq(1), 2, arange(400).div(2, RoundingMode.floor).remainder(2)), zeros(400, ScalarType.Int64)], 1);
        using var evidence = new GateEvidence(energy, randn(400, 3, generator: generator), classes.to(ScalarType.Int64));
        double alone = Right(GateKind.Standardised);
        Assert.InRange(alone, 0.7, 0.85);
        Assert.InRange(Right(GateKind.Refined), alone + 0.1, 1);

        double Right(GateKind kind) => Owners(evidence, new GateRecipe(kind, Clusters: 5)).Select((o, i) => o == i % 2 ? 1.0 : 0).Average();
    }

    [Fact]
    public void The_same_seed_gives_the_same_owners()
    {
        using var scope = NewDisposeScope();
        using GateEvidence evidence = Blobs(misled: 0.3);
        var gate = new GateRecipe(GateKind.Refined, Clusters: 7);
        Assert.Equal(Owners(evidence, gate), Owners(evidence, gate));
    }

    [Fact]
    public void K_means_finds_blobs_that_lie_apart_and_is_not_disturbed_by_more_clusters_than_points()
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(3);
        Tensor centres = tensor(new float[,] { { 0, 0 }, { 10, 0 }, { 0, 10 } });
        Tensor points = centres.repeat_interleave(50, 0) + 0.1 * randn(150, 2, generator: generator);
        long[] assigned = KMeans.Assign(points, 3, seed: 1).data<long>().ToArray();
        for (int blob = 0; blob < 3; blob++)
        {
            Assert.Single(assigned.Skip(50 * blob).Take(50).Distinct());
        }

        Assert.Equal(3, assigned.Distinct().Count());
        Assert.Equal(4, KMeans.Assign(points[..4], 9, seed: 1).shape[0]);
        Assert.Single(KMeans.Assign(ones(5, 2), 3, seed: 1).data<long>().ToArray().Distinct());
    }

    static long[] Owners(GateEvidence evidence, GateRecipe gate)
    {
        using Tensor owners = GateEstimate.Owners(evidence, gate, seed: 5);
        return owners.data<long>().ToArray();
    }

    /// <summary>Both teachers put all images into their first class.</summary>
    static Tensor Same(int images) => zeros(images, 2, ScalarType.Int64);

    static double Share(long[] owners) => owners.Select((o, i) => o == i / Each ? 1.0 : 0).Average();

    /// <summary>Two regions of the plane, the images of teacher 0 left and of teacher 1 right; the right energy is larger but for a share of them.</summary>
    /// <param name="misled">Share of images whose energies are swapped.</param>
    /// <param name="together">Whether those lie side by side (in the right region's upper part), or anywhere.</param>
    static GateEvidence Blobs(double misled, bool together = false)
    {
        using Generator generator = new(11);
        Tensor owner = arange(2 * Each).div(Each, RoundingMode.floor);
        Tensor noise = rand(2 * Each, 2, generator: generator);
        Tensor features = stack([owner * 6 + noise.select(1, 0) * 2 - 4, noise.select(1, 1) * 4 - 2], 1);
        Tensor wrong = together
            ? owner.eq(1).logical_and(noise.select(1, 1) > 1 - 2 * misled)
            : rand(2 * Each, generator: generator) < misled;
        Tensor louder = where(wrong, 1 - owner, owner);
        Tensor energy = nn.functional.one_hot(louder.to(ScalarType.Int64), 2).to(ScalarType.Float32) * 4 + 0.1 * randn(2 * Each, 2, generator: generator);
        return new GateEvidence(energy, features.to(ScalarType.Float32), Same(2 * Each));
    }
}

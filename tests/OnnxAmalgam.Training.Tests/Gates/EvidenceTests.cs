using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Gates;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Gates;

/// <summary>What gates look at beside plain energies.</summary>
public sealed class EvidenceTests
{
    const int Each = 200;

    [Fact]
    public void Energies_at_temperatures_by_hand()
    {
        using var scope = NewDisposeScope();
        Tensor energies = EnergyCalibration.Energies(tensor(new double[,] { { 0, 2 * Math.Log(3) }, { 5, 5 } }));
        Assert.Equal([0.5, 1, 2, 4, 8], EnergyCalibration.Temperatures);
        Assert.Equal(Math.Log(1 + 9) - Math.Log(3), energies[0, EnergyCalibration.One].Value(), 1e-12);
        Assert.Equal(2 * Math.Log(1 + 3) - Math.Log(3), energies[0, 2].Value(), 1e-12);
        Assert.Equal(8 * Math.Log(2), energies[1, 4].Value(), 1e-12);
    }

    [Fact]
    public void Calibration_makes_up_for_the_scale_and_the_offset_of_a_loud_teacher()
    {
        using var scope = NewDisposeScope();
        Tensor energies = Loud(out Tensor owner);
        Assert.InRange(Right(energies.select(2, EnergyCalibration.One).argmax(1), owner), 0.45, 0.6);
        Tensor shares = EnergyCalibration.LogShares(energies, owner);
        Assert.True(Right(shares.argmax(1), owner) > 0.97);
        Tensors.Close(ones(2 * Each), shares.exp().sum(1), 1e-5);
        Tensors.Close(shares, EnergyCalibration.LogShares(energies * tensor(new float[] { 7, 0.1f }).view(1, 2, 1) + 3, owner), 1e-3);
    }

    [Fact]
    public void Calibration_takes_the_temperature_that_tells_images_apart()
    {
        using var scope = NewDisposeScope();
        Tensor energies = Loud(out Tensor owner);
        Tensor noise = randn([2 * Each, 2, 5], generator: new Generator(5));
        Tensor only = noise.clone();
        only[TensorIndex.Ellipsis, 3] = energies.select(2, 0);
        Assert.True(Right(EnergyCalibration.LogShares(only, owner).argmax(1), owner) > 0.97);
        Assert.InRange(Right(EnergyCalibration.LogShares(noise, owner).argmax(1), owner), 0.4, 0.65);
    }

    [Fact]
    public void Density_finds_each_teachers_own_images_from_a_start_that_is_wrong_in_a_third()
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(3);
        // In its own features a teacher's images lie in two tight heaps, the others' anywhere.
        Tensor owner = arange(2 * Each).div(Each, RoundingMode.floor).to(ScalarType.Int64);
        Tensor wrong = rand(2 * Each, generator: generator) < 0.33;
        Tensor start = where(wrong, 1 - owner, owner);
        Tensor kind = randint(2, 2 * Each, generator: generator).to(ScalarType.Int64);
        Tensor[] features = [.. Enumerable.Range(0, 2).Select(i =>
        {
            Tensor heap = (kind * 2 - 1).unsqueeze(1).to(ScalarType.Float32) * ones(1, 3);
            Tensor noise = randn(2 * Each, 3, generator: generator);
            return where(owner.eq(i).unsqueeze(1), heap + 0.1 * noise, 1.5 * noise);
        })];
        Tensor ratios = FeatureDensity.LogRatios(features, stack([kind, kind], 1), start);
        Assert.InRange(Right(start, owner), 0.6, 0.75);
        Assert.True(Right(ratios.argmax(1), owner) > 0.97);
        Tensor turned = features[0].matmul(tensor(new float[,] { { 2, 1, 0 }, { 0, 3, 0 }, { 1, 0, 1 } })) + 4;
        Tensors.Close(ratios.argmax(1), FeatureDensity.LogRatios([turned, features[1]], stack([kind, kind], 1), start).argmax(1));
    }

    [Fact]
    public void Density_of_one_gaussian_against_itself_says_nothing_and_of_a_teacher_without_images_never_wins()
    {
        using var scope = NewDisposeScope();
        Tensor features = Tensors.Random(1, 50, 3);
        Tensor one = zeros(50, 1, ScalarType.Int64);
        Tensors.Close(zeros(50, 1, ScalarType.Float64), FeatureDensity.LogRatios([features], one, zeros(50, ScalarType.Int64)), 1e-9);
        Tensor ratios = FeatureDensity.LogRatios([features, features], zeros(50, 2, ScalarType.Int64), zeros(50, ScalarType.Int64));
        Assert.All(ratios.argmax(1).data<long>().ToArray(), owner => Assert.Equal(0, owner));
    }

    [Fact]
    public void Density_is_not_certain_of_images_because_each_is_of_another_class()
    {
        using var scope = NewDisposeScope();
        // The first teacher owns ten images, each the only one of its class, of noise alone; its density is no sharper than that of all.
        Tensor features = Tensors.Random(1, 60, 4), classes = arange(60, ScalarType.Int64);
        Tensor owners = arange(60).ge(10).to(ScalarType.Int64);
        Tensor ratios = FeatureDensity.LogRatios([features, features], stack([classes, zeros(60, ScalarType.Int64)], 1), owners);
        Assert.True(ratios.abs().max().Value() < 20, ratios.abs().max().Value().ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Statistics_of_a_file_are_those_of_its_normalisations()
    {
        var mixer = NormalisationStatistics.Of(OnnxModel.Load(Path.Combine(Repository.Root, "models", "teachers", "fashion_mixer.onnx")));
        Assert.Equal(13, mixer.Values.Count);
        Assert.All(mixer.Means, m => Assert.Equal(96, m.Length));
        Assert.All(mixer.Variances.SelectMany(v => v), v => Assert.True(v >= 0));
        Assert.Empty(NormalisationStatistics.Of(OnnxModel.Load(Path.Combine(Repository.Root, "models", "teachers", "digits_resnet.onnx"))).Values);
    }

    [Fact]
    public void Nearness_by_hand()
    {
        using var scope = NewDisposeScope();
        NormalisationStatistics statistics = new(["a", "b"], [[1], [0, 0]], [[4], [1, 1]]);
        // Means over positions 3 (2 off, variance 4: 1) and (3, 1) (9 and 1: 5): the mean over layers is 3.
        Tensor first = tensor(new float[] { 2, 4 }).view(1, 1, 1, 2), second = tensor(new float[] { 3, 3, 0, 2 }).view(1, 2, 1, 2);
        Assert.Equal(-Math.Log(3), statistics.Nearness([first, second]).Value(), 1e-4);
    }

    [Fact]
    public void A_teacher_without_normalisations_is_judged_by_its_energy()
    {
        using var scope = NewDisposeScope();
        Tensor nearness = tensor(new[,] { { float.NaN, 2f }, { float.NaN, -1 }, { float.NaN, 1.5f }, { float.NaN, -2 } });
        using GateEvidence evidence = new(tensor(new float[,] { { 1, 9 }, { 8, 9 }, { 2, 9 }, { 7, 9 } }), zeros(4, 1), zeros(4, 2, ScalarType.Int64)) { Nearness = nearness };
        using Tensor owners = GateEstimate.Owners(evidence, new GateRecipe(GateKind.Statistics), seed: 1);
        Assert.Equal([1L, 0, 1, 0], owners.data<long>().ToArray());
    }

    static double Right(Tensor owners, Tensor truth) => owners.eq(truth).to(ScalarType.Float64).mean().Value();

    /// <summary>Energies at all temperatures: each teacher says more of its own images; teacher 0 is louder and higher on all.</summary>
    static Tensor Loud(out Tensor owner)
    {
        owner = arange(2 * Each).div(Each, RoundingMode.floor).to(ScalarType.Int64);
        Tensor known = nn.functional.one_hot(owner, 2).to(ScalarType.Float32) + 0.2 * randn([2 * Each, 2], generator: new Generator(4));
        return (known * tensor(new float[] { 10, 1 }) + tensor(new float[] { 30, 0 })).unsqueeze(2).expand(-1, -1, 5);
    }
}

using OnnxAmalgam.Training.Evaluation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Evaluation;

public sealed class ClassResultsTests
{
    [Fact]
    public void Rows_are_true_classes_and_columns_answers()
    {
        var answers = new PredictionTable(["1", "2", "3", "4", "5", "6"], ["cat", "cat", "cat", "dog", "", "dog"], ["cat", "dog", "dog", "dog", "cat", "cat"]);
        var results = new ClassResults(answers, ["cat", "dog", "owl"]);
        Assert.Equal([1, 2, 0, 1, 1, 0, 0, 0, 0], Enumerable.Range(0, 9).Select(i => results[i / 3, i % 3]));
        Assert.Equal(
            [new ClassResult("cat", 3, 1.0 / 3, 0.5, "dog", 2), new ClassResult("dog", 2, 0.5, 1.0 / 3, "cat", 1), new ClassResult("owl", 0, null, null, null, 0)],
            results.Rows);
        Assert.Equal(0.4, results.Rows.First().F1!.Value, 1e-12);
        Assert.Null(results.Rows.Last().F1);
    }

    [Fact]
    public void The_plane_is_that_of_most_variance_whatever_way_features_are_turned()
    {
        using var scope = NewDisposeScope();
        Tensor known = randn([200, 2], ScalarType.Float64, generator: new Generator(3)) * tensor(new[] { 5.0, 2.0 });
        Tensor features = cat([known, randn([200, 3], ScalarType.Float64, generator: new Generator(4)) * 0.1], 1);
        Tensor turn = linalg.qr(randn([5, 5], ScalarType.Float64, generator: new Generator(5))).Q;
        var (plane, share) = FeatureMap.Flat(features.mm(turn));
        Assert.InRange(share, 0.99, 1);
        Tensor expected = known - known.mean([0]);
        for (int axis = 0; axis < 2; axis++)
        {
            double cosine = nn.functional.cosine_similarity(plane.select(1, axis), expected.select(1, axis), 0).item<double>();
            Assert.InRange(Math.Abs(cosine), 0.98, 1.0001);
            Assert.Equal(1, plane.select(1, axis).square().mean().item<double>(), 1e-9);
        }

        // More values than images: the same plane, by way of the images' products.
        Tensor few = features[..4];
        var (narrow, narrowShare) = FeatureMap.Flat(cat([few, few * 2], 0));
        var (wide, wideShare) = FeatureMap.Flat(cat([cat([few, few * 2], 0), zeros([8, 40], ScalarType.Float64)], 1));
        Assert.Equal(narrowShare, wideShare, 1e-9);
        Assert.True(narrow.allclose(wide, 1e-6, 1e-9));

        Assert.Equal([0.0, 0.0], FeatureMap.Flat(tensor(new[] { 1.0, 3.0 }, 2, 1)).Plane.select(1, 1).data<double>().ToArray());
    }
}

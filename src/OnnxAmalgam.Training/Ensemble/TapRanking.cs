using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Queries;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>What a tap's features are like on some images. Statistics over all elements; rank and similarity after the mean over places.</summary>
/// <param name="Model">The teacher's name, or <c>student</c>.</param>
/// <param name="Element">The tap as an element of its graph.</param>
/// <param name="Mean">Mean of all elements.</param>
/// <param name="Std">Standard deviation of all elements.</param>
/// <param name="Sparsity">Share of elements that are 0.</param>
/// <param name="RankMe">Effective number of dimensions: exp of the entropy of the singular values' shares (Garrido et al., ICML 2023, arXiv 2210.02885).</param>
public sealed record TapFeatures(string Model, GraphElement Element, double Mean, double Std, double Sparsity, double RankMe);

/// <summary>A teacher's tap beside one of the student's.</summary>
/// <param name="Teacher">The teacher's tap.</param>
/// <param name="Student">The student's tap.</param>
/// <param name="Cka">Linear centred kernel alignment, 0 to 1 (Kornblith et al., ICML 2019, arXiv 1905.00414).</param>
public sealed record TapPair(TapFeatures Teacher, TapFeatures Student, double Cka);

/// <summary>Ranks pairs of taps, one of a teacher and one of the student, by how alike their features are before training.</summary>
public static class TapRanking
{
    const double Tiny = 1e-7;

    /// <summary>Runs teachers and student on the first unlabelled images, evenly spread and without augmentation.</summary>
    /// <param name="recipe">Teachers, student, images.</param>
    /// <param name="query">Selects taps, in each teacher and in the student.</param>
    /// <param name="images">How many images at most.</param>
    /// <param name="compute">Where.</param>
    /// <param name="warn">Told what opening the recipe says.</param>
    /// <returns>All pairs; each teacher's together, in recipe order, the most alike first.</returns>
    /// <exception cref="InputException">The recipe cannot be opened, or the query selects nothing or what cannot be tapped, in some model.</exception>
    public static IReadOnlyList<TapPair> Rank(Recipe recipe, string query, int images, ComputeOptions compute, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        using AmalgamationSetup setup = AmalgamationSetup.Open(recipe, compute, warn);
        ImageSet some = setup.Train.Spread(images);
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var student = OfStudent(setup, query, some);
        return [.. recipe.Teachers.SelectMany(t => OfTeacher(t, query, some, compute)
            .SelectMany(tap => student.Select(own => new TapPair(tap.Features, own.Features, Alignment(tap.Pooled, own.Pooled))))
            .OrderByDescending(pair => pair.Cka))];
    }

    static List<(TapFeatures Features, Tensor Pooled)> OfTeacher(TeacherRecipe recipe, string query, ImageSet images, ComputeOptions compute)
    {
        using Teacher teacher = Teacher.Open(recipe with { Taps = [new TapRecipe(query)] }, withTaps: true, compute.Session);
        var graph = new QueryGraph(OnnxModel.Load(recipe.Model));
        return Describe(recipe.Name, graph, teacher.Taps, images, (canvas, nameOf) => teacher.Run(canvas, nameOf).Taps);
    }

    static List<(TapFeatures Features, Tensor Pooled)> OfStudent(AmalgamationSetup setup, string query, ImageSet images)
    {
        var taps = Anatomy.SelectTaps(setup.Student.Model, query);
        var preprocess = new Preprocess(setup.Student.Input);
        using var graph = new TrainableGraph(setup.Student.Model);
        graph.eval();
        return Describe("student", new QueryGraph(setup.Student.Model), taps, images,
            (canvas, _) => graph.Run(new Dictionary<string, Tensor> { [graph.InputNames[0]] = preprocess.Apply(canvas) }, [.. taps.Select(t => t.Value)]));
    }

    static List<(TapFeatures Features, Tensor Pooled)> Describe(string model, QueryGraph graph, IReadOnlyList<Tap> taps, ImageSet images, Func<Tensor, Func<int, string>, IReadOnlyList<Tensor>> run)
    {
        var moments = taps.Select(_ => new Moments()).ToArray();
        var pooled = taps.Select(_ => new List<Tensor>()).ToArray();
        foreach (ImageBatch batch in BatchLoader.InOrder(images, 64))
        {
            using var scope = NewDisposeScope();
            var values = run(BatchTensors.Canvas(batch, images), i => images.NameOf(batch.Indices[i]));
            for (int i = 0; i < taps.Count; i++)
            {
                Tensor value = values[i].cpu().to(ScalarType.Float64);
                moments[i].Add(value);
                long[] places = [.. Enumerable.Range(1, (int)value.dim() - 1).Where(axis => axis != taps[i].ChannelAxis).Select(axis => (long)axis)];
                pooled[i].Add((places.Length == 0 ? value : value.mean(places)).MoveToOuterDisposeScope());
            }
        }

        return [.. taps.Select((tap, i) =>
        {
            Tensor all = cat(pooled[i], 0);
            return (new TapFeatures(model, graph.Value(tap.Value)!, moments[i].Mean, moments[i].Std, moments[i].Sparsity, EffectiveRank(all)), all);
        })];
    }

    /// <summary>exp(-sum p log p), p = s / sum s over the singular values s of X[n, c].</summary>
    static double EffectiveRank(Tensor features)
    {
        using var scope = NewDisposeScope();
        Tensor values = linalg.svdvals(features);
        Tensor shares = values / values.sum().clamp_min(Tiny) + Tiny;
        return Math.Exp(-(shares * shares.log()).sum().item<double>());
    }

    /// <summary>|Y'X|^2 / (|X'X| |Y'Y|), Frobenius, columns centred; 0 where one is constant.</summary>
    static double Alignment(Tensor x, Tensor y)
    {
        using var scope = NewDisposeScope();
        Tensor a = x - x.mean([0], keepdim: true), b = y - y.mean([0], keepdim: true);
        double own = a.t().mm(a).norm().item<double>() * b.t().mm(b).norm().item<double>();
        return own > 0 ? Math.Pow(b.t().mm(a).norm().item<double>(), 2) / own : 0;
    }

    /// <summary>Sums over all elements seen.</summary>
    sealed class Moments
    {
        double count, sum, squares, zeros;

        public double Mean => sum / count;

        public double Std => Math.Sqrt(Math.Max(0, (squares / count) - (Mean * Mean)));

        public double Sparsity => zeros / count;

        public void Add(Tensor value)
        {
            count += value.numel();
            sum += value.sum().item<double>();
            squares += value.square().sum().item<double>();
            zeros += value.eq(0).sum().item<long>();
        }
    }
}

using OnnxAmalgam.Training.CommonSpace;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Scores;

/// <summary>How far the student's scores are from what implications between labels allow.</summary>
/// <remarks>
/// L = mean_n sum over implications a => b of max(0, -log(1 - p_a + p_b)).
/// Probabilities p_a, p_b alone leave open how often both are true; 1 - p_a + p_b, where it is below 1, is the largest probability that "not a, or b" can
/// have (Frechet's bound). So L is zero just where p_a is at most p_b, which is all that a label's probability can owe to a more general one, and it does not grow flat
/// where the student is sure of the contrary. The semantic loss of Xu et al., ICML 2018 (arXiv 1711.11157), -log(1 - p_a (1 - p_b)), takes a and b as
/// independent and so punishes what is consistent too: p_a = p_b = 1/2. max(0, p_a - p_b) is the distance to satisfaction of probabilistic soft logic
/// (Bach et al., JMLR 2017, arXiv 1505.04406); the logarithm of its complement is ours.
/// Of sigmoids p = sigmoid(z_S). Of a softmax, in which a and b of two teachers exclude each other: p_a = softmax(z_S)[a] over the union, what the student says an
/// image is; p_b = softmax(z_S[L_i])[b] over the labels of the teacher that knows b, what the student says when asked that teacher's
/// question: an image that it takes for a dog should be an animal to it where the choice is animal or vehicle. Where several teachers know b: the mean over them.
/// It reads no teacher and all images, those of nobody too.
/// </remarks>
internal sealed class LabelConsistency : IDisposable
{
    /// <summary>The smallest argument of the logarithm: beyond it float32 has no smaller ones.</summary>
    const double Smallest = 1e-30;

    readonly (Tensor Task, Tensor Otherwise, Tensor Conclusion)[] groups;
    readonly Tensor? premises;
    readonly Tensor? conclusions;
    readonly Tensor shares;

    /// <summary>Prepares the indices, and owns them.</summary>
    /// <param name="implied">At least one, all of sigmoids or all of a softmax.</param>
    /// <param name="union">The student's labels.</param>
    /// <param name="source">Device and dtype.</param>
    public LabelConsistency(IReadOnlyList<ImpliedLabels> implied, LabelUnion union, WeightSource source)
    {
        using var scope = NewDisposeScope();
        var byTeacher = implied.GroupBy(i => i.Teacher).ToArray();
        shares = Owned(tensor(byTeacher.SelectMany(g => g).Select(i => i.Share).ToArray(), source.Dtype, source.Device));
        groups = [];
        if (implied[0].Teacher is null)
            (premises, conclusions) = (Owned(Index(implied.Select(i => i.Premise[0]))), Owned(Index(implied.Select(i => i.Conclusion[0]))));
        else
            groups = [.. byTeacher.Select(g => Group(union.Task(g.Key!.Value), [.. g]))];

        (Tensor, Tensor, Tensor) Group(IReadOnlyList<int> task, ImpliedLabels[] own) => (
            Owned(Index(task)),
            Owned(1 - Marks(union.Count, own, i => i.Premise)),
            Owned(Marks(task.Count, own, i => i.Conclusion.Select(c => task.Index().First(t => t.Item == c).Index))));

        // M[rows, own]: 1 where a row is among what an implication names.
        Tensor Marks(int rows, ImpliedLabels[] own, Func<ImpliedLabels, IEnumerable<int>> named)
        {
            var marks = new double[rows, own.Length];
            foreach (var (column, i) in own.Index())
                foreach (var row in named(i)) marks[row, column] = 1;
            return tensor(marks, source.Dtype, source.Device);
        }

        Tensor Index(IEnumerable<int> values) => tensor(values.Select(v => (long)v).ToArray(), device: source.Device);
    }

    /// <summary>z_S[n, labels] -> scalar.</summary>
    public Tensor Penalty(Tensor student)
    {
        using var scope = NewDisposeScope();
        var most = premises is null ? Asked(student) : (-student).sigmoid().index_select(1, premises) + student.sigmoid().index_select(1, conclusions!);
        return (nn.functional.relu(-most.clamp_min(Smallest).log()) * shares).sum(1).mean().MoveToOuterDisposeScope();
    }

    /// <summary>1 - p_a + p_b of a softmax, Q[n, implications]; the first difference as a sum, whose rounding is small beside itself.</summary>
    Tensor Asked(Tensor student)
    {
        var all = nn.functional.softmax(student, 1);
        return cat(groups.Select(g => all.mm(g.Otherwise) + nn.functional.softmax(student.index_select(1, g.Task), 1).mm(g.Conclusion)).ToArray(), 1);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in (Tensor?[])[shares, premises, conclusions, .. groups.SelectMany(g => (Tensor[])[g.Task, g.Otherwise, g.Conclusion])]) tensor?.Dispose();
    }

    static Tensor Owned(Tensor tensor) => tensor.DetachFromDisposeScope();
}

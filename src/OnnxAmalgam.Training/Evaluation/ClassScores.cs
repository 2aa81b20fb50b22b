using OnnxAmalgam.Training.Losses;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>Scores of different models over the same list of classes, <see cref="LabelUnion.Classes"/>.</summary>
/// <remarks>Where several scores mean one class the largest counts; a class that a model does not know has minus infinity. Scores are taken
/// as they are: the concatenated teachers are compared by raw logits, as published.</remarks>
internal sealed class ClassScores : IDisposable
{
    readonly LabelUnion union;
    readonly Tensor ofUnion;
    readonly Tensor ofConcatenated;
    readonly Tensor[] ofTeacher;

    /// <summary>Prepares the index tensors and owns them.</summary>
    public ClassScores(LabelUnion union, Device device)
    {
        this.union = union;
        int[][] classes = [.. union.Teachers.Select((_, i) => union.Places(i).Select(union.ClassOf).ToArray())];
        ofUnion = Positions([.. Enumerable.Range(0, union.Count).Select(union.ClassOf)], device);
        ofTeacher = [.. classes.Select(c => Positions(c, device))];
        ofConcatenated = Positions([.. classes.SelectMany(c => c)], device);
    }

    /// <summary>Z[n, union] -> S[n, classes].</summary>
    public Tensor OfStudent(Tensor logits) => Best(logits, ofUnion);

    /// <summary>z_i[n, classes_i] -> S[n, classes].</summary>
    public Tensor OfTeacher(int teacher, Tensor logits) => Best(logits, ofTeacher[teacher]);

    /// <summary>z_i for each teacher in recipe order, null for one without scores -> S[n, classes].</summary>
    public Tensor OfConcatenated(IReadOnlyList<Tensor?> logits)
    {
        using var scope = NewDisposeScope();
        var all = cat([.. logits.OfType<Tensor>().Select(z => z.to_type(ScalarType.Float32))], 1);
        return Best(all, ofConcatenated).MoveToOuterDisposeScope();
    }

    /// <summary>The task of a teacher as indices of classes.</summary>
    public IReadOnlyList<int> Task(int teacher) => [.. union.Task(teacher).Select(union.ClassOf).Distinct()];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var positions in ofTeacher.Append(ofUnion).Append(ofConcatenated)) positions.Dispose();
    }

    static Tensor Best(Tensor logits, Tensor positions)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var scores = logits.detach().to_type(ScalarType.Float32);
        var known = cat([scores, scores.new_full(scores.shape[0], 1, double.NegativeInfinity)], 1);
        return known.index_select(1, positions.view(-1)).view(-1, positions.shape[0], positions.shape[1]).amax([1]).MoveToOuterDisposeScope();
    }

    /// <summary>Class of each score -> P[most scores of one class, classes]: where the scores of a class are, filled up with the position after the last score.</summary>
    Tensor Positions(int[] classOfScore, Device device)
    {
        var byClass = classOfScore.Index().ToLookup(s => s.Item, s => (long)s.Index);
        var rows = Math.Max(byClass.Select(g => g.Count()).DefaultIfEmpty().Max(), 1);
        var positions = Enumerable.Range(0, rows).SelectMany(row =>
            Enumerable.Range(0, union.Classes.Count).Select(c => byClass[c].Skip(row).DefaultIfEmpty(classOfScore.Length).First()));
        return tensor(positions.ToArray(), rows, union.Classes.Count, device: device).DetachFromDisposeScope();
    }
}

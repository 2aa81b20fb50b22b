using OnnxAmalgam.Training.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>Scores of different models over the same list of classes, <see cref="LabelUnion.Classes"/>.</summary>
/// <remarks>Where several scores mean one class the largest counts; a class that a model does not know has minus infinity. Scores are taken
/// as they are: the concatenated teachers are compared by raw logits, as published.</remarks>
internal sealed class ClassScores : IDisposable
{
    readonly LabelUnion _union;
    readonly Tensor _ofUnion;
    readonly Tensor[] _ofTeacher;

    /// <summary>Prepares the index tensors and owns them.</summary>
    public ClassScores(LabelUnion union, Device device)
    {
        _union = union;
        _ofUnion = Index(Enumerable.Range(0, union.Count));
        _ofTeacher = [.. union.Teachers.Select((_, i) => Index(union.Places(i)))];

        Tensor Index(IEnumerable<int> labels) =>
            tensor(labels.Select(l => (long)union.ClassOf(l)).ToArray(), device: device).DetachFromDisposeScope();
    }

    /// <summary>Z[n, union] -> S[n, classes].</summary>
    public Tensor OfStudent(Tensor logits) => Best(logits, _ofUnion);

    /// <summary>z_i[n, classes_i] -> S[n, classes].</summary>
    public Tensor OfTeacher(int teacher, Tensor logits) => Best(logits, _ofTeacher[teacher]);

    /// <summary>z_i for each teacher in recipe order, null without scores -> S[n, classes].</summary>
    public Tensor OfConcatenated(IReadOnlyList<Tensor?> logits)
    {
        using var scope = NewDisposeScope();
        var scoring = Enumerable.Range(0, logits.Count).Where(i => logits[i] is not null).ToArray();
        var all = cat([.. scoring.Select(i => logits[i]!.to_type(ScalarType.Float32))], 1);
        return Best(all, cat([.. scoring.Select(i => _ofTeacher[i])])).MoveToOuterDisposeScope();
    }

    /// <summary>The task of a teacher as indices of classes.</summary>
    public IReadOnlyList<int> Task(int teacher) => [.. _union.Task(teacher).Select(_union.ClassOf).Distinct()];

    /// <inheritdoc/>
    public void Dispose()
    {
        _ofUnion.Dispose();
        foreach (var index in _ofTeacher) index.Dispose();
    }

    Tensor Best(Tensor logits, Tensor classes)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var scores = logits.detach().to_type(ScalarType.Float32);
        var nowhere = scores.new_full(scores.shape[0], _union.Classes.Count, double.NegativeInfinity);
        return index_reduce(nowhere, 1, classes, scores, Reduce.amax).MoveToOuterDisposeScope();
    }
}

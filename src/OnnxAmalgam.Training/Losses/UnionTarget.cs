using OnnxAmalgam.Training.Losses.Scores;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses;

/// <summary>The terms on scores in one of the label modes: teachers' scores to a loss on the student's.</summary>
internal sealed class UnionTarget : nn.Module
{
    readonly LabelMode mode;
    readonly LabelUnion union;
    readonly int[] scoring;
    readonly Tensor[] places;
    readonly Tensor[] unionPlaces;
    readonly Tensor[] tasks;
    readonly Tensor columns;

    /// <summary>Prepares the index tensors; the module owns them.</summary>
    public UnionTarget(LabelMode mode, LabelUnion union, Device device) : base(nameof(UnionTarget))
    {
        (this.mode, this.union) = (mode, union);
        scoring = [.. Enumerable.Range(0, union.Teachers.Count).Where(union.HasScores)];
        places = [.. scoring.Select(i => Index($"places_{i}", mode == LabelMode.Restricted ? Within(i) : union.Places(i), device))];
        unionPlaces = mode == LabelMode.Restricted ? [.. scoring.Select(i => Index($"union_places_{i}", union.Places(i), device))] : places;
        tasks = [.. scoring.Select(i => Index($"task_{i}", union.Task(i), device))];
        columns = Index("columns", scoring, device);
        RegisterComponents();
    }

    /// <summary>A term on scores: z_S, z_i and weights of a batch -> scalar.</summary>
    /// <exception cref="ArgumentException">A scoring teacher's logits, or gated labels' weights, are missing; or the term has no target in this label mode.</exception>
    public Tensor Loss(LossTerm term, LossInputs inputs, Tensor student)
    {
        using var scope = NewDisposeScope();
        var (logits, weights) = (Logits(inputs, student), Weights(inputs, student));
        var loss = term switch
        {
            SoftTargetTerm soft when mode == LabelMode.Restricted => Restricted(student, logits, weights, soft.Temperature),
            MultiLabelTerm multi => MultiLabel(student, logits, weights, multi.Temperature),
            SoftTargetTerm soft => SoftTarget.CrossEntropy(student, Distribution(logits, weights, soft.Temperature), soft.Temperature),
            VotedTargetTerm voted => SoftTarget.CrossEntropy(student, Voted(logits, weights, voted), voted.Temperature),
            DkdTerm dkd => DecoupledTarget.Divergence(student, Distribution(logits, weights, dkd.Temperature), dkd),
            StandardisedLogitsTerm rows => StandardisedLogits.Divergence(student, Distribution([.. logits.Select(StandardisedLogits.Rows)], weights, rows.Temperature), rows.Temperature),
            DistTerm dist => Correlation.Distance(student, Distribution(logits, weights, dist.Temperature), dist),
            SkdTerm skd => Divergence(student, logits, weights, skd.Temperature) + Direction(student, logits, weights, skd) * skd.Direction,
            _ => throw new NotSupportedException(term.GetType().Name),
        };
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>The target at temperature 1, P[n, union]; the caller owns it.</summary>
    /// <param name="inputs">Scores and weights of a batch.</param>
    /// <param name="like">Of the type that is asked for.</param>
    /// <exception cref="ArgumentException">As of <see cref="Loss"/>.</exception>
    public Tensor Probabilities(LossInputs inputs, Tensor like)
    {
        using var scope = NewDisposeScope();
        var (logits, weights) = (Logits(inputs, like), Weights(inputs, like));
        var target = scoring.Any(i => union.Scores(i) == ScoreKind.Sigmoid) ? ByLabel(logits, weights, 1).Probabilities : Distribution(logits, weights, 1);
        return target.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    /// <remarks>A module does not dispose buffers that are not persistent.</remarks>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var index in (Tensor[])[.. places, .. unionPlaces, .. tasks, columns]) index.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>p_T[n, union] in this label mode.</summary>
    Tensor Distribution(Tensor[] logits, Tensor? weights, double temperature) => mode switch
    {
        LabelMode.Concat => Targets.Concatenated(logits, temperature),
        LabelMode.Joint => Targets.Joint(logits, places, union.Count, temperature),
        LabelMode.Gated => Targets.Gated(logits, places, union.Count, weights ?? throw new ArgumentException("gated labels need domain weights", nameof(weights)), temperature),
        _ => throw new ArgumentException("restricted labels have no one distribution over the union", nameof(logits)),
    };

    Tensor Voted(Tensor[] logits, Tensor? weights, VotedTargetTerm term) =>
        VotedTarget.Emphasised(Distribution(logits, weights, term.Temperature), VotedTarget.Votes(logits, places, union.Count, mode == LabelMode.Gated ? weights : null), term.Emphasis);

    Tensor Restricted(Tensor student, Tensor[] logits, Tensor? weights, double temperature)
    {
        var losses = logits.Select((z, i) => RestrictedTarget.Divergence(student, tasks[i],
            Targets.Task(z, places[i], union.Task(scoring[i]).Count, temperature), weights?.select(1, i), temperature));
        return stack(losses.ToArray()).sum();
    }

    /// <summary>That of soft targets: their cross-entropy less the target's entropy.</summary>
    Tensor Divergence(Tensor student, Tensor[] logits, Tensor? weights, double temperature)
    {
        if (mode == LabelMode.Restricted) return Restricted(student, logits, weights, temperature);
        var target = Distribution(logits, weights, temperature);
        return SoftTarget.CrossEntropy(student, target, temperature) + xlogy(target, target).sum() * (temperature * temperature / student.shape[0]);
    }

    /// <summary>Each teacher's at its own labels, on its own images where the label mode looks at domains.</summary>
    Tensor Direction(Tensor student, Tensor[] logits, Tensor? weights, SkdTerm skd)
    {
        var owned = mode is LabelMode.Gated or LabelMode.Restricted ? weights : null;
        return stack(logits.Select((z, i) => StreamlinedTarget.Direction(student.index_select(1, unionPlaces[i]), z, owned?.select(1, i), skd.Tikhonov)).ToArray()).sum();
    }

    Tensor MultiLabel(Tensor student, Tensor[] logits, Tensor? weights, double temperature)
    {
        var (probabilities, judged) = ByLabel(logits, weights, temperature);
        return MultiLabelTarget.CrossEntropy(student, probabilities, judged, temperature);
    }

    /// <summary>Label by label; domains count where the label mode looks at them.</summary>
    (Tensor Probabilities, Tensor Weights) ByLabel(Tensor[] logits, Tensor? weights, double temperature) => MultiLabelTarget.Of(
        logits, [.. scoring.Select(union.Scores)], unionPlaces, union.Count,
        mode switch
        {
            LabelMode.Gated => weights ?? throw new ArgumentException("gated labels need domain weights", nameof(weights)),
            LabelMode.Restricted => weights,
            _ => null,
        }, temperature);

    /// <summary>z_i of the teachers that have scores.</summary>
    Tensor[] Logits(LossInputs inputs, Tensor like) => [.. scoring.Select(i => Scores(inputs, i, like))];

    /// <summary>w of these teachers.</summary>
    Tensor? Weights(LossInputs inputs, Tensor like) =>
        inputs.DomainWeights is { } all ? (scoring.Length == union.Teachers.Count ? all : all.index_select(1, columns)).to_type(like.dtype) : null;

    static Tensor Scores(LossInputs inputs, int teacher, Tensor student) =>
        (inputs.TeacherLogits.ElementAtOrDefault(teacher) ?? throw new ArgumentException($"teacher {teacher} has labels but no logits", nameof(inputs))).to_type(student.dtype);

    /// <summary>Class of the teacher -> position within its task.</summary>
    int[] Within(int teacher)
    {
        var position = union.Task(teacher).Index().ToDictionary(t => t.Item, t => t.Index);
        return [.. union.Places(teacher).Select(p => position[p])];
    }

    Tensor Index(string name, IEnumerable<int> values, Device device)
    {
        var index = tensor(values.Select(v => (long)v).ToArray(), device: device).DetachFromDisposeScope();
        register_buffer(name, index, persistent: false);
        return index;
    }
}

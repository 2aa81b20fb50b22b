using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses;

/// <summary>The soft target term in one of the label modes: teachers' scores to a loss on the student's.</summary>
internal sealed class UnionTarget : nn.Module
{
    readonly LabelMode mode;
    readonly LabelUnion union;
    readonly int[] scoring;
    readonly Tensor[] places;
    readonly Tensor[] tasks;
    readonly Tensor columns;

    /// <summary>Prepares the index tensors; the module owns them.</summary>
    public UnionTarget(LabelMode mode, LabelUnion union, Device device) : base(nameof(UnionTarget))
    {
        (this.mode, this.union) = (mode, union);
        scoring = [.. Enumerable.Range(0, union.Teachers.Count).Where(union.HasScores)];
        places = [.. scoring.Select(i => Index($"places_{i}", mode == LabelMode.Restricted ? Within(i) : union.Places(i), device))];
        tasks = [.. scoring.Select(i => Index($"task_{i}", union.Task(i), device))];
        columns = Index("columns", scoring, device);
        RegisterComponents();
    }

    /// <summary>z_S, z_i and weights of a batch -> scalar.</summary>
    /// <exception cref="ArgumentException">A scoring teacher's logits, or gated labels' weights, are missing.</exception>
    public Tensor Loss(LossInputs inputs, Tensor student, double temperature)
    {
        using var scope = NewDisposeScope();
        var logits = scoring.Select(i => Scores(inputs, i, student)).ToArray();
        var weights = inputs.DomainWeights is { } all ? (scoring.Length == union.Teachers.Count ? all : all.index_select(1, columns)).to_type(student.dtype) : null;
        var loss = mode switch
        {
            LabelMode.Concat => SoftTarget.CrossEntropy(student, Targets.Concatenated(logits, temperature), temperature),
            LabelMode.Joint => SoftTarget.CrossEntropy(student, Targets.Joint(logits, places, union.Count, temperature), temperature),
            LabelMode.Gated => SoftTarget.CrossEntropy(student, Targets.Gated(logits, places, union.Count,
                weights ?? throw new ArgumentException("gated labels need domain weights", nameof(inputs)), temperature), temperature),
            _ => Restricted(student, logits, weights, temperature),
        };
        return loss.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    /// <remarks>A module does not dispose buffers that are not persistent.</remarks>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var index in (Tensor[])[.. places, .. tasks, columns]) index.Dispose();
        }

        base.Dispose(disposing);
    }

    Tensor Restricted(Tensor student, Tensor[] logits, Tensor? weights, double temperature)
    {
        var losses = logits.Select((z, i) => RestrictedTarget.Divergence(student, tasks[i],
            Targets.Task(z, places[i], union.Task(scoring[i]).Count, temperature), weights?.select(1, i), temperature));
        return stack(losses.ToArray()).sum();
    }

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

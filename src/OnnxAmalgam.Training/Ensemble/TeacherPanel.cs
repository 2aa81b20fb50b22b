using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Caching;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>A recipe's teachers, asked together: what several of them compute alike is computed once. Owns them and the sessions they share.</summary>
sealed class TeacherPanel : IDisposable
{
    readonly List<Teacher> teachers = [];
    readonly Lazy<IReadOnlyList<JointSession>> joint;

    TeacherPanel(IReadOnlyList<TeacherNetwork> networks, FrozenModelOptions options, Action<string> detail) =>
        joint = new(() => [.. SharedWork.Find(networks, detail).Select(work => new JointSession(work, networks, options, detail))]);

    /// <summary>In recipe order.</summary>
    public IReadOnlyList<Teacher> Teachers => teachers;

    /// <summary>The sessions that several share; those of teachers that share nothing are their own.</summary>
    public IReadOnlyList<JointSession> Joint => joint.Value;

    /// <summary>Opens a recipe's teachers.</summary>
    /// <param name="recipes">The teachers.</param>
    /// <param name="withTaps">Whether features are needed at all.</param>
    /// <param name="options">Device and threads.</param>
    /// <param name="cache">Where outputs are kept; null: nowhere.</param>
    /// <param name="warn">Told what a user should know of a teacher.</param>
    /// <param name="detail">Told which teachers share a session, and why others cannot.</param>
    /// <exception cref="InputException">What is wrong with any of them.</exception>
    public static TeacherPanel Open(IReadOnlyList<TeacherRecipe> recipes, bool withTaps, FrozenModelOptions options, OutputCache? cache, Action<string> warn, Action<string> detail)
    {
        TeacherNetwork[] networks = [.. recipes.Select(r => TeacherNetwork.Load(r, withTaps))];
        var panel = new TeacherPanel(networks, options, detail);
        try
        {
            foreach (var (index, network) in networks.Index())
            {
                var teacher = Teacher.Open(network, options, cache, images => panel.JointOf(index)?.Shapes(index, images));
                panel.teachers.Add(teacher);
                NativeLeftovers.GiveBack();
                foreach (string note in teacher.Notes)
                {
                    warn($"teacher '{teacher.Name}': {note}");
                }
            }
        }
        catch
        {
            panel.Dispose();
            throw;
        }

        return panel;
    }

    /// <summary>What each teacher says of a batch, in recipe order.</summary>
    /// <param name="canvas">Bytes X[n, c, h, w].</param>
    /// <param name="imageName">Names the i-th image of the batch, for messages.</param>
    /// <param name="stored">What was read of each teacher's stored outputs beforehand; null: it is read here.</param>
    /// <param name="record">Whether runs may be recorded as CUDA graphs: see <see cref="TeacherSession.Run"/>.</param>
    /// <exception cref="InputException">A score or feature that is not finite.</exception>
    public TeacherOutput[] Run(Tensor canvas, Func<int, string> imageName, IReadOnlyList<StoredRows>? stored = null, bool record = false)
    {
        using var scope = NewDisposeScope();
        Lazy<CanvasKey[]> keys = new(() => CanvasKey.Of(canvas));
        StoredRows?[] rows = [.. teachers.Select((t, i) => t.StoredOutputs(keys, stored?[i]))];
        var shared = RunJoint(canvas, rows, _ => true, record);
        TeacherOutput[] answers = [.. teachers.Select((t, i) => t.Run(canvas, imageName, rows[i], shared.GetValueOrDefault(i), record))];
        foreach (Tensor tensor in answers.SelectMany(a => a.Logits is { } logits ? a.Taps.Prepend(logits) : a.Taps))
        {
            tensor.MoveToOuterDisposeScope();
        }

        return answers;
    }

    /// <summary>The scores alone, never rounded, in recipe order; null for a features-only teacher.</summary>
    /// <inheritdoc cref="Run" path="/param|/exception"/>
    public Tensor?[] Scores(Tensor canvas, Func<int, string> imageName)
    {
        using var scope = NewDisposeScope();
        Lazy<CanvasKey[]> keys = new(() => CanvasKey.Of(canvas));
        StoredRows?[] rows = [.. teachers.Select(t => t.StoredScores(keys))];
        var shared = RunJoint(canvas, rows, i => teachers[i].HasLogits);
        return [.. teachers.Select((t, i) => t.Scores(canvas, imageName, rows[i], shared.GetValueOrDefault(i))?.MoveToOuterDisposeScope())];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Teacher teacher in teachers)
        {
            teacher.Dispose();
        }

        if (joint.IsValueCreated)
        {
            foreach (JointSession session in joint.Value)
            {
                session.Dispose();
            }
        }
    }

    /// <summary>Raw outputs of the teachers that are best asked together, by their number. Whether they are follows from the recipe alone, never from
    /// which rows are stored: then what is computed does not depend on that either.</summary>
    /// <param name="canvas">The batch.</param>
    /// <param name="rows">What is stored; null where nothing is kept.</param>
    /// <param name="isAsked">Whether a teacher has anything to say here.</param>
    /// <param name="record">Whether runs may be recorded.</param>
    Dictionary<int, Tensor[]> RunJoint(Tensor canvas, StoredRows?[] rows, Func<int, bool> isAsked, bool record = false)
    {
        int[] asked = [.. Enumerable.Range(0, teachers.Count).Where(isAsked)];
        int[] missing = [.. asked.Where(i => rows[i] is null or { Missing: > 0 })];
        var outputs = new Dictionary<int, Tensor[]>();
        if (missing.Length == 0)
        {
            return outputs;
        }

        foreach (JointSession session in Joint.Where(j => j.Work.Members.Any(missing.Contains) && j.Work.PaysFor([.. j.Work.Members.Intersect(asked)])))
        {
            foreach (var (index, raw) in session.Run(canvas, record) ?? new Dictionary<int, Tensor[]>())
            {
                outputs.Add(index, raw);
            }
        }

        return outputs;
    }

    JointSession? JointOf(int teacher) => Joint.FirstOrDefault(j => j.Work.Members.Contains(teacher));
}

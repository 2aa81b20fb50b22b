using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>One session of several teachers, opened when first asked for something. Owns it.</summary>
/// <param name="work">The teachers' common graph.</param>
/// <param name="networks">All teachers of the recipe.</param>
/// <param name="options">Device and threads.</param>
/// <param name="detail">Told where the session cannot be opened: then each teacher has its own.</param>
sealed class JointSession(SharedWork work, IReadOnlyList<TeacherNetwork> networks, FrozenModelOptions options, Action<string> detail) : IDisposable
{
    readonly Lazy<TeacherSession?> session = new(() => Open(work, networks, options, detail));

    /// <summary>What is computed.</summary>
    public SharedWork Work => work;

    /// <summary>Whether it is open.</summary>
    public bool IsOpen => session is { IsValueCreated: true, Value: not null };

    /// <summary>Shapes of a teacher's outputs for so many images; null where there is no such session.</summary>
    public IReadOnlyList<long[]>? Shapes(int teacher, int images) => session.Value is { } open ? Part(open.Shapes(images), teacher) : null;

    /// <summary>Runs all on a batch of canvases, as <see cref="TeacherSession.Run"/> does.</summary>
    /// <param name="canvas">The batch.</param>
    /// <param name="record">As there.</param>
    /// <returns>For each member its outputs, by its number in the recipe; null where there is no such session.</returns>
    public IReadOnlyDictionary<int, Tensor[]>? Run(Tensor canvas, bool record)
    {
        if (session.Value is not { } open)
        {
            return null;
        }

        Tensor[] all = open.Run(canvas, record);
        return work.Members.ToDictionary(i => i, i => Part(all, i));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (session.IsValueCreated)
        {
            session.Value?.Dispose();
        }
    }

    T[] Part<T>(IReadOnlyList<T> all, int teacher)
    {
        int place = work.Index(teacher);
        return [.. all.Skip(work.Outputs.Take(place).Sum(o => o.Length)).Take(work.Outputs[place].Length)];
    }

    static TeacherSession? Open(SharedWork work, IReadOnlyList<TeacherNetwork> networks, FrozenModelOptions options, Action<string> detail)
    {
        string names = string.Join(", ", work.Members.Select(i => $"'{networks[i].Recipe.Name}'"));
        try
        {
            var session = new TeacherSession(work.Model, [.. work.Outputs.SelectMany(o => o)], networks[work.Members[0]].Input, options);
            if (session.FixedBatch is null)
            {
                detail($"teachers {names}: what they have in common is computed once");
                return session;
            }

            session.Dispose();
            detail($"teachers {names} keep sessions of their own: their batch is fixed");
        }
        catch (InputException e)
        {
            detail($"teachers {names} keep sessions of their own: {e.Message}");
        }

        return null;
    }
}

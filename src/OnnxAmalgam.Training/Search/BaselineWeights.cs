namespace OnnxAmalgam.Training.Search;

/// <summary>Weights that nobody learned, to compare with.</summary>
internal static class BaselineWeights
{
    const string Stream = "search/random";

    static readonly (string Method, Func<TapGroup, int, long, double[]> Weights)[] Kinds =
    [
        ("random", (group, number, seed) => Random(seed, number, group.Teacher.Taps!.Count)),
        ("average", (group, _, _) => [.. group.Teacher.Taps!.Select(_ => 1.0 / group.Teacher.Taps!.Count)]),
        ("last", (group, _, _) => [.. group.Teacher.Taps!.Select((_, i) => i == group.Chosen ? 1.0 : 0)]),
    ];

    /// <summary>Their names, in the order of <see cref="Of"/>.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Kinds.Select(kind => kind.Method)];

    /// <summary>Random weights (uniform over all that sum to 1), equal weights, and the chosen tap alone; teachers weigh the same.</summary>
    public static IReadOnlyList<FrozenWeights> Of(IReadOnlyList<TapGroup> groups, long seed) =>
        [.. Kinds.Select(kind => Make(kind.Method, groups, (group, number) => kind.Weights(group, number, seed)))];

    static FrozenWeights Make(string method, IReadOnlyList<TapGroup> groups, Func<TapGroup, int, double[]> weights) =>
        new(method, [.. groups.Select((g, i) => new TeacherWeights(g.Teacher.Name, 1, [.. g.Teacher.Taps!.Zip(weights(g, i), (t, w) => new TapWeight(t.Value, w))]))]);

    /// <summary>Exponential draws over their sum: Dirichlet(1, ..., 1).</summary>
    static double[] Random(long seed, int group, int count)
    {
        double[] draws = [.. Enumerable.Range(0, count).Select(i => -Math.Log(1 - Randomness.ToUnit(Randomness.Draw(seed, Stream, group, i))))];
        return [.. draws.Select(d => d / draws.Sum())];
    }
}

namespace OnnxAmalgam.Training.Search;

/// <summary>A teacher's weights in the end.</summary>
/// <param name="Teacher">Its name.</param>
/// <param name="TeacherWeight">Factor of its part of every term on features; 1 on average over the teachers.</param>
/// <param name="Taps">Values and their weights, which sum to 1.</param>
public sealed record TeacherWeights(string Teacher, double TeacherWeight, IReadOnlyList<TapWeight> Taps);

/// <summary>A tap's weight.</summary>
/// <param name="Tap">The value.</param>
/// <param name="Weight">Its factor in the teacher's sum.</param>
public sealed record TapWeight(string Tap, double Weight);

/// <summary>Weights of all teachers under the name of the way they were made.</summary>
/// <param name="Method"><c>searched</c>, <c>random</c>, <c>average</c> or <c>last</c>.</param>
/// <param name="Teachers">Those that are tapped, in recipe order.</param>
public sealed record FrozenWeights(string Method, IReadOnlyList<TeacherWeights> Teachers)
{
    /// <summary>The method whose weights were learned.</summary>
    public const string Searched = "searched";
}

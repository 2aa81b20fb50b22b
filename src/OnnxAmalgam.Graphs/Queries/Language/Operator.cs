using System.Text.RegularExpressions;

namespace OnnxAmalgam.Graphs.Queries.Language;

/// <summary>How two values are compared.</summary>
/// <param name="Sign">As it is written.</param>
/// <param name="IsOrder">Whether it needs numbers.</param>
/// <param name="Compares">The comparison; false where a value is null.</param>
internal sealed record Operator(string Sign, bool IsOrder, Func<object?, object?, bool> Compares)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public static Operator Equal { get; } = new("=", false, (a, b) => a is not null && b is not null && AreEqual(a, b));
    public static Operator Unequal { get; } = new("!=", false, (a, b) => a is not null && b is not null && !AreEqual(a, b));
    public static Operator Less { get; } = Order("<", sign => sign < 0);
    public static Operator AtMost { get; } = Order("<=", sign => sign <= 0);
    public static Operator More { get; } = Order(">", sign => sign > 0);
    public static Operator AtLeast { get; } = Order(">=", sign => sign >= 0);

    /// <summary>A pattern for the whole text: <c>*</c> for any characters, <c>?</c> for one.</summary>
    public static Operator Like(string pattern) =>
        Pattern("~", "^" + Regex.Escape(pattern).Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal) + "$");

    /// <summary>A regular expression that occurs in the text.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static Operator Matches(string expression) => Pattern("=~", expression);

    static Operator Pattern(string sign, string expression)
    {
        var regex = new Regex(expression, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.Singleline, Patience);
        return new(sign, false, (a, _) => a is not null && regex.IsMatch(Operand.Shown(a)));
    }

    static Operator Order(string sign, Func<int, bool> holds) =>
        new(sign, true, (a, b) => a is double x && b is double y && holds(x.CompareTo(y)));

    /// <summary>Lists are equal item by item; a text <c>?</c> or <c>*</c> in one is equal to anything.</summary>
    static bool AreEqual(object a, object b) => (a, b) switch
    {
        (IReadOnlyList<object> x, IReadOnlyList<object> y) => x.Count == y.Count && x.Zip(y).All(pair => pair.Second is "?" or "*" || AreEqual(pair.First, pair.Second)),
        (double x, double y) => x == y,
        (bool x, bool y) => x == y,
        _ => Operand.Shown(a) == Operand.Shown(b),
    };
}

using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace OnnxAmalgam.Graphs.Inference;

/// <summary>The size of one axis, or an element of a shape tensor: an integer polynomial over named symbols, in a canonical
/// form, so that two extents are equal exactly when their forms are.</summary>
/// <remarks>A symbol whose name starts with <c>?</c> stands for a size that has no name; it equals only itself.
/// Symbols are sizes, hence never negative.</remarks>
internal sealed class Extent : IEquatable<Extent>
{
    readonly Term[] terms;

    Extent(IEnumerable<Term> summands)
    {
        terms = [.. summands
            .GroupBy(term => term.Key, StringComparer.Ordinal)
            .Select(group => group.First() with { Factor = group.Aggregate(0L, (sum, term) => checked(sum + term.Factor)) })
            .Where(term => term.Factor != 0)
            .OrderByDescending(term => term.Symbols.Length)
            .ThenBy(term => term.Key, StringComparer.Ordinal)];
    }

    /// <summary>A product of symbols (sorted) times a factor.</summary>
    sealed record Term(string[] Symbols, long Factor)
    {
        public string Key { get; } = string.Join('\u0001', Symbols);

        public Term Times(Term other) =>
            new([.. Symbols.Concat(other.Symbols).Order(StringComparer.Ordinal)], checked(Factor * other.Factor));

        public string Text => (Symbols.Length, Factor) switch
        {
            (0, _) => Factor.ToString(CultureInfo.InvariantCulture),
            (_, 1) => string.Join('*', Symbols),
            (_, -1) => "-" + string.Join('*', Symbols),
            _ => Factor.ToString(CultureInfo.InvariantCulture) + "*" + string.Join('*', Symbols),
        };
    }

    public static Extent Of(long size) => new([new Term([], size)]);

    public static Extent Named(string symbol) => new([new Term([symbol], 1)]);

    public static implicit operator Extent(long size) => Of(size);

    public static Extent operator +(Extent a, Extent b) => new(a.terms.Concat(b.terms));

    public static Extent operator -(Extent a, Extent b) => a + (Of(-1) * b);

    public static Extent operator *(Extent a, Extent b) =>
        new(a.terms.SelectMany(x => b.terms.Select(x.Times)));

    public static Extent Product(IEnumerable<Extent> extents) => extents.Aggregate(Of(1), (product, extent) => product * extent);

    /// <summary>The number, when no symbol is in it.</summary>
    public long? Constant => terms.Length == 0 ? 0 : terms.Length == 1 && terms[0].Symbols.Length == 0 ? terms[0].Factor : null;

    /// <summary>Whether a size without a name is in it.</summary>
    public bool IsUnnamed => terms.Any(term => term.Symbols.Any(symbol => symbol[0] == '?'));

    /// <summary>Whether the symbol is in it, also inside a rounded division.</summary>
    public bool Mentions(string symbol) => terms.Any(term => term.Symbols.Any(one =>
        one == symbol || (one.Contains("floor(", StringComparison.Ordinal) && one.Contains(symbol, StringComparison.Ordinal))));

    /// <summary>Whether no value of the symbols makes it negative (false where that cannot be seen).</summary>
    public bool IsNeverNegative => terms.All(term => term.Factor > 0);

    /// <summary>The exact quotient, where the divisor is one product or equal to this.</summary>
    public bool TryDivide(Extent divisor, [NotNullWhen(true)] out Extent? quotient)
    {
        quotient = null;
        if (divisor.Equals(this) && terms.Length > 0)
        {
            quotient = Of(1);
            return true;
        }
        if (divisor.terms.Length != 1)
            return false;
        var by = divisor.terms[0];
        var quotients = new List<Term>();
        foreach (var term in terms)
        {
            var rest = term.Symbols.ToList();
            if (term.Factor % by.Factor != 0 || !by.Symbols.All(rest.Remove))
                return false;
            quotients.Add(new Term([.. rest], term.Factor / by.Factor));
        }
        quotient = new Extent(quotients);
        return true;
    }

    /// <summary>Division rounded down; not exact: a symbol of its own, named after the expression.</summary>
    public Extent FloorDivide(long divisor)
    {
        if (Constant is { } size)
            return Of(Math.DivRem(size, divisor) is var (quotient, rest) && rest != 0 && (rest < 0) != (divisor < 0) ? quotient - 1 : quotient);
        if (TryDivide(Of(divisor), out var exact))
            return exact;
        var whole = new Extent(terms.Where(term => term.Factor % divisor == 0).Select(term => term with { Factor = term.Factor / divisor }));
        var part = new Extent(terms.Where(term => term.Factor % divisor != 0));
        if (part.Constant is not null)
            return whole + part.FloorDivide(divisor);
        return whole + Named($"{(part.IsUnnamed ? "?" : "")}floor(({part})/{divisor.ToString(CultureInfo.InvariantCulture)})");
    }

    /// <summary>Division rounded up.</summary>
    public Extent CeilingDivide(long divisor) => (this + Of(divisor - 1)).FloorDivide(divisor);

    /// <summary>What the public sees: a size, a name, or neither.</summary>
    public Dim ToDim() => Constant is { } size ? new Dim(size, null) : IsUnnamed ? default : new Dim(null, ToString());

    public bool Equals(Extent? other) => other is not null && terms.Length == other.terms.Length
        && terms.Zip(other.terms).All(pair => pair.First.Factor == pair.Second.Factor && pair.First.Key == pair.Second.Key);

    public override bool Equals(object? obj) => Equals(obj as Extent);

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    public override string ToString() => terms.Length == 0
        ? "0"
        : string.Concat(terms.Select((term, i) => i > 0 && term.Factor > 0 ? "+" + term.Text : term.Text));
}

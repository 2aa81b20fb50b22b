namespace OnnxAmalgam.Cli.Checks;

/// <summary>How far results lie apart: the largest, over all outputs, of max|a-b| / max|b|, absolute where max|b| is under 1e-6.</summary>
/// <param name="Value">Infinite where they cannot be compared, or where one is no number and the other is.</param>
/// <param name="Where">The output and element that differ most, in words.</param>
internal readonly record struct Difference(double Value, string Where)
{
    const double Smallest = 1e-6;

    /// <summary>Compares results with references, output by output.</summary>
    public static Difference Between(IReadOnlyList<string> names, IReadOnlyList<Values> results, IReadOnlyList<Values> references)
    {
        var worst = new Difference(0, "");
        for (var i = 0; i < references.Count; i++)
            if (Between(names[i], results[i], references[i]) is var one && (one.Value > worst.Value || worst.Where.Length == 0))
                worst = one;
        return worst;
    }

    static Difference Between(string name, Values a, Values b)
    {
        if (!a.Shape.AsSpan().SequenceEqual(b.Shape))
            return new(double.PositiveInfinity, $"output '{name}': expected shape [{string.Join(",", b.Shape)}], got [{string.Join(",", a.Shape)}]");
        var largest = b.Elements.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max();
        var (difference, at) = (0.0, 0);
        for (var i = 0; i < b.Elements.Length; i++)
            if (Between(a.Elements[i], b.Elements[i]) is var d && d > difference)
                (difference, at) = (d, i);
        var where = b.Elements.Length == 0 ? $"output '{name}' is empty" : FormattableString.Invariant($"output '{name}', element {at}: expected {b.Elements[at]:G9}, got {a.Elements[at]:G9}");
        return new(largest < Smallest ? difference : difference / largest, where);
    }

    /// <summary>Equal infinities and two NaNs are alike.</summary>
    static double Between(double a, double b)
    {
        if (a.Equals(b))
            return 0;
        return double.IsFinite(a) && double.IsFinite(b) ? Math.Abs(a - b) : double.PositiveInfinity;
    }
}

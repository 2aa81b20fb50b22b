namespace OnnxAmalgam.Cli.Checks;

/// <summary>What a comparison came to. <paramref name="Value"/>: null where the results cannot be compared.</summary>
internal sealed record Verdict(bool Passes, double? Value, string? Message);

/// <summary>How far apart two computations of the same function may lie.</summary>
/// <param name="Most">Largest difference that passes at once.</param>
internal sealed record Tolerance(double Most)
{
    /// <summary>How much more than one rounding error of each input and weight the rounding errors inside a network may come to.</summary>
    const double Accumulation = 100;

    /// <summary>Judges a difference. Where float32 itself cannot tell who is right, a float64 run decides: the result passes when it lies no further from that than twice the reference does.</summary>
    /// <remarks>Float32 cannot tell when rounding explains the reference's distance from the float64 run: the result's own distance is as large,
    /// or the float64 run itself moves as far when its inputs and weights are off by rounding errors. A reference that is far from a float64
    /// run which does not move is another function.</remarks>
    /// <param name="names">Names of the outputs.</param>
    /// <param name="results">What is judged.</param>
    /// <param name="references">What it is compared with.</param>
    /// <param name="inDouble">The float64 run, made only where it is needed.</param>
    public Verdict Judge(IReadOnlyList<string> names, IReadOnlyList<Values> results, IReadOnlyList<Values> references, DoubleRun inDouble)
    {
        var difference = Difference.Between(names, results, references);
        if (difference.Value <= Most)
            return new(true, difference.Value, null);
        var found = FormattableString.Invariant($"{difference.Where} (difference {difference.Value:G3}, at most {Most:G1})");
        if (!double.IsFinite(difference.Value))
            return new(false, null, found);
        var exact = inDouble.Exact();
        var (own, other) = (Difference.Between(names, results, exact).Value, Difference.Between(names, references, exact).Value);
        var distances = FormattableString.Invariant($"from a float64 run the trainable graph is {own:G3} away, the reference {other:G3}");
        var isRounding = other <= 2 * own || (Difference.Between(names, inDouble.Disturbed(), exact).Value is var moved && double.IsFinite(moved) && other <= Accumulation * moved);
        return own <= 2 * other && isRounding
            ? new(true, difference.Value, $"float32 cannot tell: {distances}")
            : new(false, difference.Value, $"{found}; {distances}");
    }
}

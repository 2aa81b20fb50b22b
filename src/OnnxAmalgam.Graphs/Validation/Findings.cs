namespace OnnxAmalgam.Graphs.Validation;

/// <summary>Collects what validation finds, so that a message can name all offenders at once.</summary>
/// <param name="model">What messages call the model.</param>
sealed class Findings(string model)
{
    const int MaxShown = 10;

    readonly List<string> errors = [];
    int count;
    readonly List<string> notes = [];

    /// <summary>Facts worth saying that are no errors.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>Says that nodes were sorted, so the model is not saved with the bytes it had; or null.</summary>
    public string? Reordered { get; private set; }

    /// <summary>The model, then the place in it.</summary>
    public string Where(string place) => place.Length == 0 ? $"'{model}'" : $"'{model}', {place}";

    /// <summary>A broken rule: what was expected, and what is there.</summary>
    public void Error(string place, string expectedAndGot) => Add($"{Where(place)}: expected {expectedAndGot}");

    /// <summary>A broken rule that somebody else has put into words.</summary>
    public void Error(InvalidModelException error) => Add(error.Message);

    /// <summary>A fact that is no error.</summary>
    public void Note(string place, string text) => notes.Add($"{Where(place)}: {text}");

    /// <summary>Nodes of a graph were sorted.</summary>
    public void Sorted(string place)
    {
        Note(place, "nodes were not in topological order; sorted");
        Reordered ??= $"'{model}' had nodes out of topological order; saved again they are sorted";
    }

    /// <summary>Throws when a rule is broken.</summary>
    /// <exception cref="InvalidModelException">With the first ten findings, one a line.</exception>
    public void ThrowIfAny()
    {
        if (errors.Count == 0) return;
        var more = count > MaxShown ? $"\n... and {count - MaxShown} more" : "";
        throw new InvalidModelException(string.Join('\n', errors) + more);
    }

    void Add(string error)
    {
        if (count++ < MaxShown) errors.Add(error);
    }
}

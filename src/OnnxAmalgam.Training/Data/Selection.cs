using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Data;

/// <summary>Which records of a source a recipe takes: first <c>part</c>, then <c>classes</c>, then <c>limit</c>.</summary>
static class Selection
{
    /// <summary>The records taken, in file order.</summary>
    /// <remarks>
    /// <c>part: a..b</c> of n records is floor(n a) to floor(n b), the end excluded, computed in decimal: 0.29 of 100 is 29, and parts that meet neither overlap nor
    /// leave a gap. Files that turn out to be damaged count as records here, so that one bad file moves no boundary.
    /// </remarks>
    public static int[] Of(SourceRecipe recipe, ImageSource source)
    {
        (double from, double to) = recipe.Part;
        if (!(from >= 0 && from < to && to <= 1))
            throw new InputException(FormattableString.Invariant($"{source.Where}, part: expected a..b with 0 <= a < b <= 1, got {from}..{to}"));
        if (recipe.Limit < 1)
            throw new InputException($"{source.Where}, limit: expected a positive number, got {recipe.Limit}");
        int first = Boundary(source.Count, from);
        IEnumerable<int> records = Enumerable.Range(first, Boundary(source.Count, to) - first);
        if (recipe.Classes is not null)
        {
            HashSet<int> kept = Indices(recipe.Classes, source);
            records = records.Where(r => kept.Contains(source.ClassOf(r)));
        }
        int[] taken = [.. recipe.Limit is int limit ? records.Take(limit) : records];
        return taken.Length > 0 ? taken : throw new InputException(
            FormattableString.Invariant($"{source.Where}: expected images in part {from}..{to} of {source.Count}{(recipe.Classes is null ? "" : $" with classes {ClassNames.Quoted([.. recipe.Classes])}")}, got none"));
    }

    static int Boundary(int count, double share) => (int)Math.Floor(count * (decimal)share);

    static HashSet<int> Indices(IReadOnlyList<string> wanted, ImageSource source)
    {
        IReadOnlyList<string> names = source.Classes ?? throw new InputException($"{source.Where}, classes: expected a source with labels, got one without");
        string[] unknown = [.. wanted.Where(w => !names.Contains(w))];
        if (unknown.Length > 0)
            throw new InputException($"{source.Where}, classes: expected some of {ClassNames.Quoted([.. names])}, got {ClassNames.Quoted(unknown)}");
        return [.. names.Index().Where(n => wanted.Contains(n.Item)).Select(n => n.Index)];
    }
}

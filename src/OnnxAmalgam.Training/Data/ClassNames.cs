using System.Globalization;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Training.Data;

/// <summary>Names of class indices.</summary>
static class ClassNames
{
    /// <summary>The name of a class that nobody named.</summary>
    public static string OfIndex(int index) => index.ToString(CultureInfo.InvariantCulture);

    /// <summary>The recipe's names in place of found ones, which must be as many.</summary>
    public static IReadOnlyList<string> Renamed(string where, IReadOnlyList<string> found, IReadOnlyList<string>? given)
    {
        if (given is not null && given.Count != found.Count)
            throw new InputException($"{where}, labels: expected {found.Count} names, for the classes {Quoted(found)}, got {given.Count}");
        return given ?? found;
    }

    /// <summary>The first few names, quoted.</summary>
    public static string Quoted(IReadOnlyCollection<string> names)
    {
        const int shown = 12;
        string list = string.Join(", ", names.Take(shown).Select(n => $"'{n}'"));
        return names.Count > shown ? $"{list} and {names.Count - shown} more" : list;
    }
}

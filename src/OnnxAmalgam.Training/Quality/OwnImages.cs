using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;

namespace OnnxAmalgam.Training.Quality;

/// <summary>The unlabelled images that may be a teacher's.</summary>
internal static class OwnImages
{
    /// <summary>At most so many images, evenly spread over those whose source names the teacher, or names nobody at all.</summary>
    /// <exception cref="InputException">Fewer than two.</exception>
    public static ImageSet Of(AmalgamationSetup setup, string teacher, int count)
    {
        var sources = setup.Recipe.Data.Unlabelled;
        int[] own = [.. Enumerable.Range(0, setup.Train.Count).Where(i => sources[setup.Train.SourceOf(i)].Domain is not { } domain || domain.Contains(teacher, StringComparer.Ordinal))];
        if (own.Length < 2)
        {
            throw new InputException($"teacher '{teacher}': expected unlabelled images of its domain, got {(own.Length == 0 ? "none" : "one")}; name it under domain: of a source, or leave domain: out");
        }

        return setup.Train.Select([.. ImageSet.SpreadOver(own.Length, count).Select(i => own[i])]);
    }
}

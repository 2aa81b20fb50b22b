using System.Globalization;
using OnnxAmalgam.Training.Ensemble;

namespace OnnxAmalgam.Benchmarks;

/// <summary>What a step of each of several recipes costs, as docs/step_times.csv states it.</summary>
static class RecipeSteps
{
    const string Header = "recipe,milliseconds";

    /// <summary>Measures one recipe after the other and prints as it goes.</summary>
    /// <param name="recipes">Paths; a row is named by the file's name.</param>
    /// <param name="rounds">Of 20 steps each; the fastest counts.</param>
    /// <param name="compute">Where.</param>
    /// <param name="csv">A file whose rows of these recipes are replaced; null: printed only.</param>
    public static void Run(IEnumerable<string> recipes, int rounds, ComputeOptions compute, string? csv)
    {
        foreach (string recipe in recipes)
        {
            string name = Path.GetFileNameWithoutExtension(recipe);
            string row = string.Create(CultureInfo.InvariantCulture, $"{name},{StepWorker.Milliseconds(recipe, rounds, steps: 20, compute):0}");
            Console.WriteLine(row);
            if (csv is not null)
            {
                var others = File.Exists(csv) ? File.ReadLines(csv).Skip(1).Where(line => line.Split(',')[0] != name) : [];
                string[] lines = [Header, .. others.Append(row).Order(StringComparer.Ordinal)];
                File.WriteAllText(csv, string.Join('\n', lines) + "\n");
            }
        }
    }
}

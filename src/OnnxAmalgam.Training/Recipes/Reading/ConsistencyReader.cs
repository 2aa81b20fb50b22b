namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>consistency</c>: which label implies which.</summary>
internal static class ConsistencyReader
{
    public static ConsistencyTerm Read(Section s, double weight)
    {
        var field = s.Required("implies");
        Implication[] implies = [.. field.Entries("labels and what each implies, as in {dog: animal, cat: [animal, pet]}").Select(e => new Implication(e.Key, Implied(e.Value)))];
        return Implications.Cycle(implies) is { } cycle
            ? throw field.Error($"expected implications without a cycle, got {string.Join(" => ", cycle.Select(label => $"'{label}'"))}; labels that mean the same need one name: rename them under 'labels' of the teachers")
            : new ConsistencyTerm(weight, implies);
    }

    static string[] Implied(Field field) => field.IsList ? [.. field.List("labels").Select(f => f.Text("a label"))] : [field.Text("a label, or a list of labels")];
}

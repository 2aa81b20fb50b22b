using System.Globalization;

namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>data:</c> and <c>augment:</c>.</summary>
internal static class DataReader
{
    static readonly string[] Kinds = [.. Words.Source.All];
    static readonly string[] Common = ["domain", "part", "limit", "labels", "classes"];

    public static DataRecipe Read(Field field, RecipeFolder folder, IReadOnlyList<TeacherRecipe> teachers)
    {
        var s = field.Section("size", "unlabelled", "validate", "test");
        IReadOnlyList<SourceRecipe>? Sources(Field? list) => list?.List("sources").Select(f => Source(f, folder, teachers)).ToArray();
        return new DataRecipe
        {
            Unlabelled = Sources(s.Required("unlabelled"))!,
            Validate = Sources(s.Optional("validate")),
            Test = Sources(s.Optional("test")),
            Size = s.Optional("size") is { } size && !size.Is("auto") ? InputReader.Size(size) : null,
        };
    }

    public static IReadOnlyList<AugmentStep> Augment(Field? field) => field is null ? [] : [.. field.List("steps", min: 0).Select(Step)];

    static AugmentStep Step(Field field)
    {
        var choice = field.Choice("flip", "crop", "random_mask", "exemplar");
        if (choice.Name == "crop")
            return new CropStep(choice.Options.Section("padding").Required("padding").WholeNumber(1, 1024));
        if (choice.Name == "random_mask")
        {
            var s = choice.Options.Section("share", "patch");
            return new RandomMaskStep(s.Optional("share")?.Number(x => x is > 0 and < 1, "a share above 0 and below 1") ?? 0.5, s.Optional("patch")?.WholeNumber(1, 1024) ?? 1);
        }

        if (choice.Name == "exemplar")
            return new ExemplarStep(choice.Options.Section("strength").Optional("strength")?.Number(x => x is >= 0 and <= 4, "a number from 0 to 4") ?? 1);
        choice.Options.Section();
        return new FlipStep();
    }

    static SourceRecipe Source(Field field, RecipeFolder folder, IReadOnlyList<TeacherRecipe> teachers)
    {
        var s = field.Section([.. Kinds, "split", "label", .. Common]);
        var stated = Kinds.Select(s.Optional).OfType<Field>().ToArray();
        if (stated.Length == 0)
            throw s.Missing($"one of the keys {Words.Quoted(Kinds)}");
        if (stated.Length > 1)
            throw stated[1].Error($"expected one source, got {Words.Quoted(stated.Select(LastKey))}; make each an element of the list");
        var kind = Words.Source.Find(LastKey(stated[0]))!.Value;
        return new SourceRecipe
        {
            Kind = kind,
            Path = folder.Resolve(stated[0], kind == SourceKind.Csv ? "a file" : "a folder"),
            Split = Option(s.Optional("split"), kind is SourceKind.Idx or SourceKind.Cifar10 or SourceKind.Cifar100, "train", "test"),
            Label = Option(s.Optional("label"), kind == SourceKind.Cifar100, "fine", "coarse"),
            Domain = Domain(s.Optional("domain"), teachers),
            Part = s.Optional("part") is { } part ? Part(part) : (0, 1),
            Limit = s.Optional("limit")?.WholeNumber(1),
            Labels = s.Optional("labels") is { } labels ? LabelReader.Read(labels, folder) : null,
            Classes = s.Optional("classes") is { } classes ? LabelReader.Read(classes, folder) : null,
        };
    }

    static string LastKey(Field field) => field.Path[(field.Path.LastIndexOf('.') + 1)..];

    static string Option(Field? field, bool applies, string first, string second)
    {
        if (field is null)
            return first;
        if (!applies)
            throw field.Error("expected no such key, because this kind of source has none");
        return field.Is(first) ? first : field.Is(second) ? second : throw field.Expected($"'{first}' or '{second}'");
    }

    /// <summary><c>a..b</c>, 0 &lt;= a &lt; b &lt;= 1.</summary>
    static (double From, double To) Part(Field field)
    {
        const string Form = "a share FROM..TO with 0 <= FROM < TO <= 1";
        var ends = field.Text(Form).Split("..");
        return ends.Length == 2 && Share(ends[0]) is { } from && Share(ends[1]) is { } to && from < to ? (from, to) : throw field.Expected(Form);

        static double? Share(string text) =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= 1 ? value : null;
    }

    /// <summary>Teachers' names; none of them is an empty list, not stated is null.</summary>
    static string[]? Domain(Field? field, IReadOnlyList<TeacherRecipe> teachers)
    {
        if (field is null)
            return null;
        if (!field.IsList && field.Is("none"))
            return [];
        var names = teachers.Select(t => t.Name).ToArray();
        string Known(Field f) => f.Text("a teacher's name, a list of them, or 'none'") is var name && names.Contains(name, StringComparer.Ordinal)
            ? name
            : throw f.Error($"expected a teacher's name ({Words.Quoted(names)}), a list of them, or none, got '{name}'{Words.DidYouMean(name, names)}");
        if (!field.IsList)
            return [Known(field)];
        var domain = field.List("teachers' names").Select(Known).ToArray();
        return domain.Distinct(StringComparer.Ordinal).Count() == domain.Length ? domain : throw field.Error("expected each teacher once");
    }
}

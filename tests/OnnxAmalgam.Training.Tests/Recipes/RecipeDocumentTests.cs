using System.Text.RegularExpressions;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Recipes;

/// <summary>docs/recipes.md against the readers: its recipes are read, it names every key and no other, and the defaults it states change nothing.</summary>
public sealed partial class RecipeDocumentTests : IDisposable
{
    const string Unknown = "unheard";

    static readonly string[] Terms = ["soft_target", "dkd", "standardised_logits", "dist", "skd", "voted_target", "mmd", "reconstruction", "cosine", "infonce",
        "hint", "attention", "similarity", "rkd", "pkt", "vid", "smooth_cosine", "layer_wise", "voted_features", "nst", "cc", "ickd", "srd", "review", "ladder", "contrastive", "supervised_contrastive", "multi_label", "hard_label", "consistency"];

    readonly RecipeText recipe = new();
    readonly string document = File.ReadAllText(Path.Combine(Repository.Root, "docs", "recipes.md"));

    /// <summary>A heading of the document and a setting that makes the reader list what it knows there.</summary>
    public static TheoryData<string, string> Places => new([
        ("Form", $"{Unknown}=1"),
        ("teachers", $"teachers.0.{Unknown}=1"),
        ("teachers", $"teachers.0.taps=[{{{Unknown}: 1}}]"),
        ("input", $"teachers.0.input.{Unknown}=1"),
        ("student", $"student.{Unknown}=1"),
        ("data", $"data.{Unknown}=1"),
        ("Sources", $"data.unlabelled.0.{Unknown}=1"),
        ("augment", $"augment=[{Unknown}]"),
        ("augment", $"augment=[{{crop: {{{Unknown}: 1}}}}]"),
        ("augment", $"augment=[{{random_mask: {{{Unknown}: 1}}}}]"),
        ("augment", $"augment=[{{exemplar: {{{Unknown}: 1}}}}]"),
        ("amalgamation", $"amalgamation.{Unknown}=1"),
        ("amalgamation", $"amalgamation={{preset: published, common_space: {{{Unknown}: 1}}}}"),
        ("labels", $"amalgamation={{preset: published, labels: {Unknown}}}"),
        ("gate", $"amalgamation={{preset: published, labels: gated, gate: {Unknown}}}"),
        ("gate", $"amalgamation={{preset: published, labels: gated, gate: {{refined: {{{Unknown}: 1}}}}}}"),
        ("gate", $"amalgamation={{preset: published, labels: gated, gate: {{clusters: {{evidence: {Unknown}}}}}}}"),
        ("amalgamation", $"amalgamation={{preset: published, common_space: {{form: {Unknown}}}}}"),
        ("balance", $"amalgamation={{preset: published, balance: {Unknown}}}"),
        ("balance", $"amalgamation={{preset: published, balance: {{gradnorm: {{{Unknown}: 1}}}}}}"),
        ("losses", $"amalgamation={{labels: joint, losses: [{{mmd: {{weight: 1, form: {Unknown}}}}}]}}"),
        ("losses", $"amalgamation={{labels: joint, losses: [{Unknown}]}}"),
        .. Terms.Select(t => ("losses", $"amalgamation={{labels: joint, losses: [{{{t}: {{{Unknown}: 1}}}}]}}")),
        ("losses", $"amalgamation={{labels: joint, losses: [{{contrastive: {{weight: 1, pairs: {Unknown}}}}}]}}"),
        ("losses", $"amalgamation={{labels: joint, losses: [{{supervised_contrastive: {{weight: 1, labels: {Unknown}}}}}]}}"),
        ("teachers", $"teachers.0.scores={Unknown}"),
        ("train", $"train.{Unknown}=1"),
        ("schedule", $"train.schedule={Unknown}"),
        ("schedule", $"train.schedule={{step: {{{Unknown}: 1}}}}"),
        ("schedule", $"train.schedule={{cosine: {{{Unknown}: 1}}}}"),
        ("input", $"student.input.preset={Unknown}"),
        ("input", $"student.input.layout={Unknown}"),
        ("input", $"student.input.dtype={Unknown}"),
        ("input", $"student.input.order={Unknown}"),
        ("input", $"student.input.resize={Unknown}"),
        ("input", $"student.input.interpolation={Unknown}"),
        ("student", $"student.head={Unknown}"),
        ("student", $"student.weights={Unknown}"),
        ("normalisation", $"student.normalisation={Unknown}"),
        ("normalisation", $"student.normalisation={{refresh: {{{Unknown}: 1}}}}"),
        ("amalgamation", $"amalgamation={{preset: published, standardise: {Unknown}}}"),
        ("train", $"train.optimizer={Unknown}"),
        ("train", $"train.precision={Unknown}"),
        ("cache", $"train.cache={{{Unknown}: 1}}"),
        ("cache", $"train.cache={{folder: kept, dtype: {Unknown}}}"),
        ("groups", $"train.groups=[{{query: op, {Unknown}: 1}}]"),
        ("groups", $"train.groups=[{{query: op, initialise: {Unknown}}}]"),
    ]);

    /// <summary>Headings with a table of keys, the path of their keys, and settings under which every default may be stated.</summary>
    public static TheoryData<string, string, string[]> Tables => new(
        ("Form", "", []),
        ("teachers", "teachers.0.", []),
        ("student", "student.", []),
        ("normalisation", "student.normalisation.insert.", ["student.normalisation={insert: {}}"]),
        ("data", "data.", []),
        ("Sources", "data.unlabelled.0.", ["data.unlabelled.0={cifar100: data}", "amalgamation={preset: published}"]),
        ("amalgamation", "amalgamation.", ["amalgamation={preset: published, common_space: {}}"]),
        ("gate", "amalgamation.gate.refined.", ["amalgamation={preset: published, labels: gated, gate: {refined: {}}}"]),
        ("balance", "amalgamation.balance.gradnorm.", ["amalgamation={preset: published, balance: {gradnorm: {}}}"]),
        ("train", "train.", []),
        ("cache", "train.cache.", ["train.cache={folder: kept}"]));

    [Fact]
    public void Its_complete_recipes_are_read()
    {
        string[] recipes = [.. YamlBlock().Matches(document).Select(m => m.Groups[1].Value).Where(b => b.StartsWith("name:", StringComparison.Ordinal))];
        recipe.Write("coupe\nvan\n", "cars.txt");

        Recipe[] read = [.. recipes.Select(text => recipe.Read(text))];

        Assert.Equal(["photos", "pets-and-cars"], read.Select(r => r.Name));
        Assert.Equal((LabelMode.Gated, GateKind.Refined), (read[0].Amalgamation.Labels, read[0].Amalgamation.Gate.Kind));
        Assert.Equal(recipe.Inside("photos"), read[0].Data.Unlabelled[0].Path);
        Assert.Equal(["coupe", "van"], read[1].Teachers[1].Labels);
        Assert.NotEmpty(StudentZoo.Build(read[0].Student.Model, 3, 224, 224, 5, seed: 1).Proto.Graph.Node);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void It_names_every_key_and_word_that_a_reader_knows(string heading, string setting)
    {
        string[] known = Known(setting);

        Assert.NotEmpty(known);
        string[] code = [.. Code().Matches(Under(heading)).Select(m => m.Groups[1].Value)];
        Assert.All(known, key => Assert.Contains(code, c => Regex.IsMatch(c, $@"\b{Regex.Escape(key)}\b")));
    }

    [Fact]
    public void The_terms_asked_for_are_all_that_there_are() =>
        Assert.Equal(Terms, Known($"amalgamation={{labels: joint, losses: [{Unknown}]}}"));

    [Theory]
    [MemberData(nameof(Tables))]
    public void Each_default_it_states_changes_nothing(string heading, string path, string[] under)
    {
        Recipe without = recipe.Read(RecipeText.Minimal, under);
        string[] settings = [.. DefaultRow().Matches(Under(heading)).Select(m => $"{path}{m.Groups[1].Value}={m.Groups[2].Value}")];

        Assert.NotEmpty(settings);
        Assert.All(settings, s => Assert.Empty(RecipeDifference.Between(without, recipe.Read(RecipeText.Minimal, [.. under, s]))));
    }

    [Theory]
    [MemberData(nameof(Tables))]
    [InlineData("input", "teachers.0.input.", new string[0])]
    public void It_invents_no_key(string heading, string path, string[] under)
    {
        foreach (Match row in KeyRow().Matches(Under(heading)))
        {
            string key = row.Groups[1].Value;
            string message = Assert.Throws<InputException>(() => recipe.Read(RecipeText.Minimal, [.. under, $"{path}{key}={{{Unknown}: 1}}"])).Message;
            Assert.DoesNotMatch($@"got '{Regex.Escape(key[(key.LastIndexOf('.') + 1)..])}'", message);
        }
    }

    [Fact]
    public void Each_default_of_a_term_changes_nothing()
    {
        MatchCollection rows = TermRow().Matches(Under("losses"));

        Assert.Equal(22, rows.Count);
        Assert.All(rows, row =>
        {
            string term = row.Groups[1].Value;
            Recipe With(string keys) => recipe.Read(RecipeText.Minimal, $"amalgamation={{labels: joint, losses: [{{{term}: {{weight: 1{keys}}}}}]}}");
            Assert.Empty(RecipeDifference.Between(With(""), With($", {row.Groups[2].Value}")));
        });
    }

    [Theory]
    [InlineData("resnet")]
    [InlineData("mobilenet")]
    [InlineData("convmixer")]
    [InlineData("vit")]
    public void Each_network_of_the_zoo_has_the_defaults_it_states(string network)
    {
        string stated = Regex.Match(Under("zoo"), $@"`(zoo:{network}\(.*?\))`").Groups[1].Value;

        OnnxModel plain = StudentZoo.Build($"zoo:{network}", 3, 32, 32, 5, seed: 1), full = StudentZoo.Build(stated, 3, 32, 32, 5, seed: 1);

        Assert.Equal(plain.Proto.Graph.Node, full.Proto.Graph.Node);
        Assert.Equal(plain.Proto.Graph.Initializer, full.Proto.Graph.Initializer);
        string refusal = Assert.Throws<InputException>(() => StudentZoo.Build($"zoo:{network}({Unknown}=1)", 3, 32, 32, 5, seed: 1)).Message;
        string known = Regex.Match(refusal, "expected arguments (.*), got").Groups[1].Value;
        Assert.Equal(known.Split(", "), Regex.Matches(stated, "([a-z]+)=").Select(m => m.Groups[1].Value));
    }

    public void Dispose() => recipe.Dispose();

    string[] Known(string setting)
    {
        string message = recipe.Refused(RecipeText.Minimal, setting);
        Assert.Contains($"got '{Unknown}'", message, StringComparison.Ordinal);
        return [.. Quoted().Matches(message[message.IndexOf("expected", StringComparison.Ordinal)..message.IndexOf(", got '", StringComparison.Ordinal)]).Select(m => m.Groups[1].Value)];
    }

    /// <summary>The text from a heading to the next.</summary>
    string Under(string heading)
    {
        Match section = Regex.Match(document, $@"^##+ {Regex.Escape(heading)}\n(.*?)(?=^##+ |\z)", RegexOptions.Multiline | RegexOptions.Singleline);
        Assert.True(section.Success, heading);
        return section.Groups[1].Value;
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex YamlBlock();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Code();

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"^\| `([a-z_.0-9]+)` \| [^|\n]+ \| [^|\n]+ \| ", RegexOptions.Multiline)]
    private static partial Regex KeyRow();

    [GeneratedRegex(@"^\| `([a-z_.0-9]+)` \| [^|\n]+ \| `([^`|\n]+)` \| ", RegexOptions.Multiline)]
    private static partial Regex DefaultRow();

    [GeneratedRegex(@"^\| `([a-z_]+)` \| [^|\n]+ \| `\{([^}\n]+)\}`", RegexOptions.Multiline)]
    private static partial Regex TermRow();
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Losses;

namespace OnnxAmalgam.Training.Tests.Losses;

public sealed class LabelUnionTests
{
    static readonly TeacherLabels Pets = new("pets", ["cat", "dog", "fish"]);
    static readonly TeacherLabels Wild = new("wild", ["fox", "dog", "cat"]);

    [Fact]
    public void A_label_met_again_is_one_label()
    {
        LabelUnion union = new([Pets, Wild], keepDuplicates: false);
        Assert.Equal(["cat", "dog", "fish", "fox"], union.Labels);
        Assert.Equal(union.Labels, union.Classes);
        Assert.Equal([0, 1, 2], union.Places(0));
        Assert.Equal([3, 1, 0], union.Places(1));
        Assert.Equal([3, 1, 0], union.Task(1));
        Assert.Equal(["pets", "wild"], union.Teachers);
    }

    [Fact]
    public void Kept_duplicates_have_a_score_of_their_own_and_the_same_class()
    {
        LabelUnion union = new([Pets, Wild], keepDuplicates: true);
        Assert.Equal(["cat", "dog", "fish", "fox", "wild/dog", "wild/cat"], union.Labels);
        Assert.Equal(["cat", "dog", "fish", "fox"], union.Classes);
        Assert.Equal([3, 4, 5], union.Places(1));
        Assert.Equal([0, 1, 2, 3, 1, 0], Enumerable.Range(0, union.Count).Select(union.ClassOf));
        Assert.Equal((1, 1), (union.LabelIndex("dog"), union.ClassIndex("dog")));
        Assert.Equal((-1, -1), (union.LabelIndex("wild/dog"), union.ClassIndex("wild/dog")));
    }

    [Fact]
    public void Names_compare_exactly()
    {
        LabelUnion union = new([new("a", ["Cat", "cat", " cat"])], keepDuplicates: false);
        Assert.Equal(3, union.Count);
    }

    [Fact]
    public void One_teacher_may_have_two_classes_of_one_name()
    {
        TeacherLabels twice = new("net", ["crane", "heron", "crane", "crane"]);
        LabelUnion merged = new([twice], keepDuplicates: false);
        Assert.Equal(["crane", "heron"], merged.Labels);
        Assert.Equal([0, 1, 0, 0], merged.Places(0));
        Assert.Equal([0, 1], merged.Task(0));
        LabelUnion kept = new([twice], keepDuplicates: true);
        Assert.Equal(["crane", "heron", "net/crane", "net/crane#2"], kept.Labels);
        Assert.Equal([0, 1, 2, 3], kept.Places(0));
    }

    [Fact]
    public void A_teacher_of_features_only_has_no_part_in_it()
    {
        LabelUnion union = new([new("features", []), Pets], keepDuplicates: false);
        Assert.False(union.HasScores(0));
        Assert.True(union.HasScores(1));
        Assert.Empty(union.Task(0));
        Assert.Equal(3, union.Count);
    }

    [Fact]
    public void A_union_without_labels_is_refused() =>
        Assert.Contains("got none", Assert.Throws<InputException>(() => new LabelUnion([new("a", [])], false)).Message, StringComparison.Ordinal);

    [Fact]
    public void Empty_names_are_refused_for_all_teachers_at_once()
    {
        var message = Assert.Throws<InputException>(() => new LabelUnion([new("a", ["x", ""]), Pets, new("b", [""])], false)).Message;
        Assert.Contains("'a', teacher 'b'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Domains_become_equal_shares_among_teachers_with_scores()
    {
        LabelUnion union = new([Pets, Wild, new("features", [])], keepDuplicates: false);
        var weights = DomainTable.Weights([["wild"], ["pets", "wild"], [], ["pets", "features"], ["features"], ["pets", "pets"]], union);
        Assert.Equal([[0f, 1, 0], [0.5f, 0.5f, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0], [1, 0, 0]], weights);
    }

    [Fact]
    public void A_source_without_a_domain_has_no_row_and_every_strange_domain_is_named()
    {
        LabelUnion union = new([Pets, Wild], keepDuplicates: false);
        Assert.Equal([[1f, 0], null], DomainTable.Weights([["pets"], null], union));
        var message = Assert.Throws<InputException>(() => DomainTable.Weights([["pets"], null, ["wolf"], ["fox"]], union)).Message;
        foreach (var part in new[] { "data.unlabelled.2.domain:", "'wolf'", "data.unlabelled.3.domain:", "'fox'" })
            Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.DoesNotContain("data.unlabelled.1", message, StringComparison.Ordinal);
    }
}

using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Edits.Opsets;
using OnnxAmalgam.Trainable.Operators;
using OnnxAmalgam.Trainable.Tests.Conformance;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Opsets;

/// <summary>The cases of the operator table, brought upward: ONNX Runtime computes the same from the file at the row's first opset and from
/// the one at each opset that rewrites the operator, and at the newest.</summary>
public sealed class OpsetCaseTests
{
    /// <summary>Operators whose opset 22 form ONNX Runtime has no kernel for.</summary>
    static readonly string[] WithoutNewestKernel = ["GlobalLpPool", "RoiAlign"];

    public static TheoryData<string> Cases => [.. AllCases.Names.Where(name => AllCases.Find(name) is { Domain: "" } c && Uses(c).Any())];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_case_gives_the_same_at_every_newer_opset(string name)
    {
        var c = AllCases.Find(name);
        foreach (var (row, from) in Uses(c))
        {
            foreach (var type in c.Types)
            {
                foreach (var storage in Enum.GetValues<Placement>()) Agree(c, row, from, type, storage);
            }
        }
    }

    /// <summary>The rows that a case tests, each with the first opset, from 7 on, in which both hold.</summary>
    static IEnumerable<(Operator Row, int From)> Uses(Case c) =>
        from use in c.Rows()
        let holds = Case.Holds(use.Row)
        let first = Math.Max(Math.Max(holds.First, c.From), GraphEdits.OldestOpset)
        where first <= Math.Min(holds.Last, c.To) && first < GraphEdits.NewestOpset
        select (use.Row, first);

    static void Agree(Case c, Operator row, int from, ScalarType type, Placement storage)
    {
        using var scope = NewDisposeScope();
        using var model = CaseModel.Of(c, from, type, 2, storage);
        var expected = Ort.Run(model.Model.ToBytes(), model.Feeds);
        foreach (var to in Targets(row.Type, from))
        {
            var what = $"{row} from opset {from} to {to}, {type}, {storage}";
            if (to > 10 && IsUndecided(c, storage))
            {
                Assert.Contains("because nearest rounds down", Assert.Throws<InputException>(() => GraphEdits.WithOpset(model.Model, to)).Message, StringComparison.Ordinal);
                continue;
            }

            var actual = Ort.Run(GraphEdits.WithOpset(model.Model, to).ToBytes(), model.Feeds);
            for (var i = 0; i < expected.Length; i++) Compare.Close(expected[i], actual[i], 1e-6, 1e-6, $"{what}, output {i}");
        }
    }

    static IEnumerable<int> Targets(string type, int from) =>
        OperatorVersions.Of(type == "Upsample" ? "Resize" : type).Concat(OperatorVersions.Of(type)).Where(version => version > from && OperatorVersions.MayNeedStep(type, version))
            .Append(WithoutNewestKernel.Contains(type) ? 21 : GraphEdits.NewestOpset).Where(to => to > from).Distinct();

    /// <summary>What is refused: which way nearest rounded at opset 10 depends on scales that are fed, or is not the same for both axes.</summary>
    static bool IsUndecided(Case c, Placement storage) =>
        c.Name == "Resize([n,2,5,7] [4]) 1-10" || (c.Name == "Resize([n,2,4,6] [4]) 1-10" && storage == Placement.Inputs);
}

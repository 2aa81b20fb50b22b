using System.Text.Json;
using CsvHelper;
using Onnx;
using OnnxAmalgam.Cli.Checks;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.NodeTests;

/// <summary>ONNX's own tests of single operators, through <c>check</c>. scope.csv says which of them must pass, exceptions.csv which do not, one by one.</summary>
public sealed class NodeTests
{
    const string Package = "/usr/share/libonnx-testdata/data/node";
    const double Share = 0.95;

    [Fact]
    public void Of_the_cases_in_scope_at_least_95_percent_pass_none_fails_and_the_others_are_listed_one_by_one()
    {
        Assert.SkipUnless(Directory.Exists(Package), $"needs {Package} (Debian: apt-get install libonnx-testdata)");
        var status = Checked();
        Assert.Empty(status.Where(pair => pair.Value is not ("pass" or "unsupported")).Select(pair => $"{pair.Key}: {pair.Value}"));
        string[] wanted = [.. status.Keys.Where(IsInScope)];
        string[] lacking = [.. wanted.Where(name => status[name] != "pass").Order(StringComparer.Ordinal)];
        Assert.Equal(Rows("exceptions.csv").Select(row => row["case"]), lacking);
        Assert.True(wanted.Length - lacking.Length >= Share * wanted.Length, $"{wanted.Length - lacking.Length} of {wanted.Length} pass");
    }

    [Fact]
    public void Every_operator_and_kind_of_value_has_its_place_in_the_scope_and_a_reason()
    {
        var rows = Rows("scope.csv");
        Assert.All(rows, row => Assert.True(row["scope"] is "in" or "out" && row["reason"].Length > 0, row["what"]));
        Assert.All(Rows("exceptions.csv"), row => Assert.DoesNotContain("", row.Values));
        Assert.SkipUnless(Directory.Exists(Package), $"needs {Package} (Debian: apt-get install libonnx-testdata)");
        Assert.Empty(Directory.GetDirectories(Package).SelectMany(folder => Uses(Path.GetFileName(folder))).Except(rows.Select(row => row["what"])));
    }

    /// <summary>Operators whose opset 22 form ONNX Runtime has no kernel for, and one that draws its results.</summary>
    static readonly string[] WithoutNewestKernel = ["RoiAlign", "RandomUniformLike", "Bernoulli"];

    [Fact]
    public void Every_case_that_ONNX_Runtime_runs_gives_the_same_at_the_newest_opset()
    {
        Assert.SkipUnless(Directory.Exists(Package), $"needs {Package} (Debian: apt-get install libonnx-testdata)");
        int compared = 0;
        foreach (string folder in Directory.GetDirectories(Package).Order(StringComparer.Ordinal))
        {
            var old = OnnxModel.Load(Path.Combine(folder, "model.onnx"));
            if (old.Proto.OpsetImport.FirstOrDefault(import => import.Domain.Length == 0) is not { Version: >= GraphEdits.OldestOpset } || Uses(Path.GetFileName(folder)).Any(WithoutNewestKernel.Contains))
                continue;
            if (Results(old, folder) is not var (names, before))
                continue;
            var after = Results(GraphEdits.WithOpset(old, GraphEdits.NewestOpset), folder);
            Assert.True(after is not null, $"{folder}: ONNX Runtime does not run it at the newest opset");
            var difference = Difference.Between(names, after.Value.Values, before);
            Assert.True(difference.Value <= 1e-6, $"{folder}: {difference.Where}");
            compared++;
        }

        Assert.InRange(compared, 700, int.MaxValue);
    }

    /// <summary>Null where there is nothing to compare: texts and sequences, or an operator that ONNX Runtime has no kernel for.</summary>
    static (string[] Names, Values[] Values)? Results(OnnxModel model, string folder)
    {
        try
        {
            var inputs = CheckCase.Read(Directory.GetDirectories(folder, "test_data_set_*").Order(StringComparer.Ordinal).First(), model).Inputs;
            using var session = new PlainSession(model, new FrozenModelOptions { Optimise = false, Threads = 1 });
            using var run = session.Prepare(inputs);
            return ([.. session.Outputs.Select(output => output.Name)], [.. run.Read().Select(Values.Of)]);
        }
        catch (InputException)
        {
            return null;
        }
    }

    static Dictionary<string, string> Checked()
    {
        using var output = new StringWriter();
        string[] folders = [.. Directory.GetDirectories(Package).Order(StringComparer.Ordinal)];
        new CommandLine(new Terminal(output, TextWriter.Null), Composition.Commands()).Run(["check", .. folders, "--json", "--quiet", "--threads", "1"]);
        var rows = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(row => Path.GetFileName(row.GetProperty("model").GetString()!), row => row.GetProperty("status").GetString()!);
        Assert.Equal(folders.Length, rows.Count);
        return rows;
    }

    static readonly Lazy<HashSet<string>> Scope = new(() => [.. Rows("scope.csv").Where(row => row["scope"] == "in").Select(row => row["what"])]);

    static bool IsInScope(string name) => Uses(name).All(Scope.Value.Contains);

    /// <summary>The operators of a case, and what its inputs and outputs hold where that is no tensor of numbers.</summary>
    static HashSet<string> Uses(string name)
    {
        var graph = OnnxModel.Load(Path.Combine(Package, name, "model.onnx")).Proto.Graph;
        var values = graph.Input.Concat(graph.Output).Select(value => value.Type.ValueCase switch
        {
            TypeProto.ValueOneofCase.SequenceType => "(sequence)",
            TypeProto.ValueOneofCase.OptionalType => "(optional)",
            _ => value.Type.TensorType.ElemType == (int)TensorProto.Types.DataType.String ? "(string)" : null,
        });
        return [.. Operators(graph), .. values.OfType<string>()];
    }

    static IEnumerable<string> Operators(GraphProto graph) => graph.Node.SelectMany(node =>
        node.Attribute.Where(attribute => attribute.G is not null).SelectMany(attribute => Operators(attribute.G))
            .Prepend(node.Domain.Length == 0 ? node.OpType : $"{node.Domain}.{node.OpType}"));

    static List<Dictionary<string, string>> Rows(string file)
    {
        using var csv = CsvReader.FromFile(Path.Combine(Repository.Root, "tests", "OnnxAmalgam.Cli.Tests", "NodeTests", file), CsvReaderOptions.Default with { Separator = ',' });
        var rows = new List<Dictionary<string, string>>();
        while (csv.Read()) rows.Add(csv.Headers.Select((column, i) => (column, i)).ToDictionary(pair => pair.column, pair => csv.GetString(pair.i)));
        return rows;
    }
}

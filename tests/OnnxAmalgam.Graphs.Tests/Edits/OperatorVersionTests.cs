using System.Globalization;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Graphs.Edits.Opsets;
using OnnxAmalgam.Graphs.Tests.Tools;

namespace OnnxAmalgam.Graphs.Tests.Edits;

public sealed class OperatorVersionTests
{
    [Fact]
    public void Versions_are_those_that_onnx_itself_defines()
    {
        string[] lines = Python.Lines(Path.Combine(Python.Root, "tests", "OnnxAmalgam.Graphs.Tests", "Edits", "onnx_versions.py"));
        int newest = Math.Min(GraphEdits.NewestOpset, int.Parse(lines[0].Split('\t')[1], CultureInfo.InvariantCulture));
        var theirs = lines.Skip(1).Select(line => line.Split('\t')).ToDictionary(
            parts => parts[0],
            parts => string.Join(',', parts[1].Split(',').Where(version => int.Parse(version, CultureInfo.InvariantCulture) <= newest)));
        var ours = OperatorVersions.Operators.ToDictionary(type => type, type => string.Join(',', OperatorVersions.Of(type).Where(version => version <= newest)));
        Assert.Equal(Listed(theirs), Listed(ours));
    }

    static string[] Listed(Dictionary<string, string> versions) =>
        [.. versions.Where(one => one.Value.Length > 0).OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key} {one.Value}")];

    [Fact]
    public void The_list_is_as_long_as_the_change_log_up_to_opset_23()
    {
        Assert.Equal(196, OperatorVersions.Operators.Count());
        Assert.Equal(563, OperatorVersions.Operators.Sum(type => OperatorVersions.Of(type).Count));
        Assert.Equal(GraphEdits.NewestOpset, OperatorVersions.Operators.Max(type => OperatorVersions.Of(type).Max()));
    }
}

using OnnxAmalgam.Cli.Shell;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>Names with values, one a line, the values under each other.</summary>
internal sealed class FactList
{
    readonly List<(string Name, string Value)> facts = [];

    public void Add(string name, string value) => facts.Add((name, Printable.Text(value)));

    public void WriteTo(Terminal terminal)
    {
        var width = facts.Count == 0 ? 0 : facts.Max(f => f.Name.Length);
        foreach (var (name, value) in facts)
            terminal.Output.WriteLine($"{name.PadRight(width)}  {value}");
    }
}

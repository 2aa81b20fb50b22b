using OnnxAmalgam.Cli.Shell;
using Spectre.Console;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>Rows under headings, aligned for reading.</summary>
internal sealed class TextTable
{
    readonly Table table = new() { Border = TableBorder.None, UseSafeBorder = true };

    /// <summary>A table with these headings; one that ends in <c>&gt;</c> is aligned to the right.</summary>
    public TextTable(params ReadOnlySpan<string> headings)
    {
        foreach (var heading in headings)
        {
            var isRight = heading.EndsWith('>');
            table.AddColumn(new TableColumn(new Text(isRight ? heading[..^1] : heading))
            {
                Alignment = isRight ? Justify.Right : Justify.Left,
                Padding = new Padding(0, 0, 2, 0),
            });
        }
    }

    /// <summary>Adds a row; its texts may come from anywhere.</summary>
    public void Add(params ReadOnlySpan<string> cells)
    {
        var texts = new List<Text>(cells.Length);
        foreach (var cell in cells)
            texts.Add(new Text(Printable.Name(cell)));
        table.AddRow(texts);
    }

    /// <summary>Writes the table, each line indented by so many blanks.</summary>
    public void WriteTo(Terminal terminal, int indent = 0)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = Math.Max(40, terminal.Width - indent);
        console.Write(table);
        foreach (var line in text.ToString().TrimEnd('\n').Split('\n'))
            terminal.Output.WriteLine($"{new string(' ', indent)}{line.TrimEnd()}".TrimEnd());
    }
}

namespace OnnxAmalgam.Cli.Shell;

/// <summary>One run of one command: the terminal, and what every command takes.</summary>
internal sealed class Session(Terminal terminal)
{
    public Terminal Terminal { get; } = terminal;

    /// <summary>What <c>--device</c> asks for.</summary>
    public DeviceChoice Device { get; init; } = DeviceChoice.Auto;

    /// <summary>Threads within an operator; null: not stated.</summary>
    public int? Threads { get; init; }

    /// <summary>Seed of everything random; null: not stated.</summary>
    public long? Seed { get; init; }

    public bool IsVerbose { get; init; }

    public bool IsQuiet { get; init; }

    /// <summary>A line of progress.</summary>
    public void Note(string line)
    {
        if (!IsQuiet)
            Terminal.Error.WriteLine(Printable.Text(line));
    }

    /// <summary>A line that only <c>--verbose</c> shows.</summary>
    public void Detail(string line)
    {
        if (IsVerbose)
            Terminal.Error.WriteLine(Printable.Text(line));
    }

    /// <summary>Something that the results depend on and that nobody asked for.</summary>
    public void Warn(string line) => Terminal.Error.WriteLine($"warning: {Printable.Text(line)}");
}

using System.Text;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>Where results (stdout) and progress (stderr) go, and what the receiving end can show.</summary>
internal sealed class Terminal(TextWriter output, TextWriter error)
{
    const int UnlimitedWidth = 10_000;

    /// <summary>Results.</summary>
    public TextWriter Output { get; } = output;

    /// <summary>Progress, notes, warnings, errors.</summary>
    public TextWriter Error { get; } = error;

    /// <summary>Whether stderr may be redrawn in place and coloured; else plain lines.</summary>
    public bool IsLive { get; init; }

    /// <summary>Columns of stdout; very many where it is no terminal, so that nothing is cut or wrapped.</summary>
    public int Width { get; init; } = UnlimitedWidth;

    /// <summary>The process' own streams, UTF-8 without byte order mark and with line feeds.</summary>
    public static Terminal OfProcess() => new(Open(Console.OpenStandardOutput()), Open(Console.OpenStandardError()))
    {
        IsLive = MayBeLive(Environment.GetEnvironmentVariable, Console.IsErrorRedirected),
        Width = Console.IsOutputRedirected || Console.WindowWidth < 40 ? UnlimitedWidth : Console.WindowWidth,
    };

    /// <summary>NO_COLOR, CI, TERM=dumb and a redirected stderr each turn the live display off.</summary>
    public static bool MayBeLive(Func<string, string?> variable, bool isErrorRedirected) =>
        !isErrorRedirected && string.IsNullOrEmpty(variable("NO_COLOR")) && string.IsNullOrEmpty(variable("CI")) && variable("TERM") != "dumb";

    static StreamWriter Open(Stream stream) => new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true, NewLine = "\n" };
}

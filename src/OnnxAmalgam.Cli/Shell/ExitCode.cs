namespace OnnxAmalgam.Cli.Shell;

/// <summary>What the program ends with; scripts rely on these.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Usage = 1;
    public const int BadInput = 2;
    public const int CheckFailed = 3;
    public const int Bug = 70;
    /// <summary>Ctrl-C, with the state saved.</summary>
    public const int Interrupted = 130;
    /// <summary>SIGTERM, with the state saved.</summary>
    public const int Terminated = 143;
}

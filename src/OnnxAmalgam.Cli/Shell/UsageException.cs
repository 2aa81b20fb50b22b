namespace OnnxAmalgam.Cli.Shell;

/// <summary>The command line itself is wrong: one line on stderr, exit code 1.</summary>
internal sealed class UsageException(string message) : Exception(message);

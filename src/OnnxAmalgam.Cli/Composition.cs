using OnnxAmalgam.Cli.Commands;
using OnnxAmalgam.Cli.Shell;

namespace OnnxAmalgam.Cli;

/// <summary>What the program consists of.</summary>
internal static class Composition
{
    /// <summary>Every command, in the order of the help text.</summary>
    public static IReadOnlyList<ProgramCommand> Commands() =>
    [
        new InitCommand(),
        new TrainCommand(),
        new PretrainCommand(),
        new EvaluateCommand(),
        new InvarianceCommand(),
        new ReportCommand(),
        new CompareCommand(),
        new DiagnoseCommand(),
        new SearchCommand(),
        new CacheCommand(),
        new ExportCommand(),
        new InspectCommand(),
        new QueryCommand(),
        new ExtractCommand(),
        new CheckCommand(),
        new PredictCommand(),
        new BenchCommand(),
        new DoctorCommand(),
    ];
}

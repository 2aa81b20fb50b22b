using OnnxAmalgam.Cli;
using OnnxAmalgam.Cli.Shell;

return new CommandLine(Terminal.OfProcess(), Composition.Commands()).Run(args);

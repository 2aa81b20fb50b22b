using System.CommandLine;
using OnnxAmalgam.Cli.Inspection;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>inspect</c>: what a model is, where it can be tapped, whether it can be trained.</summary>
internal sealed class InspectCommand : ProgramCommand
{
    readonly Argument<string> model = new("MODEL") { Description = "An .onnx file" };
    readonly Option<bool> json = new("--json") { Description = "Print one JSON document" };

    public InspectCommand()
        : base("inspect", "Shows what a model is, which values can be tapped, and whether it can be trained", "onnx-amalgam inspect models/teachers/digits_resnet.onnx")
    {
        Add(model);
        Add(json);
    }

    public override int Run(ParseResult result, Session session)
    {
        var report = Inspector.Inspect(ModelArgument.OfFile(result.GetRequiredValue(model)));
        if (result.GetValue(json))
            Json.WriteDocument(session.Terminal, report);
        else
            InspectionText.Write(report, session.Terminal);
        return ExitCode.Done;
    }
}

using System.CommandLine;
using System.Globalization;
using OnnxAmalgam.Cli.Reports;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Drafting;

namespace OnnxAmalgam.Cli.Commands;

/// <summary><c>init</c>: a complete, commented recipe from teachers and images.</summary>
internal sealed class InitCommand : ProgramCommand
{
    readonly Argument<string[]> teachers = new("TEACHER") { Description = "Trained networks, .onnx files", Arity = ArgumentArity.OneOrMore };
    readonly Option<string[]> data = new("--data")
    {
        Description = "Images to learn from: a folder (train/, val/ and test/ in it, a folder a teacher or a class are understood), a CSV of paths, MNIST's or CIFAR's files. TEACHER=PATH says whose images they are. May be repeated",
        HelpName = "[TEACHER=]PATH",
        Required = true,
    };

    readonly Option<string> output = new("--output", "-o") { Description = "The recipe to write; never one that exists. - is stdout", HelpName = "FILE", DefaultValueFactory = _ => "recipe.yaml" };
    readonly Option<int?> parameters = WholeNumberOption.Maybe("--parameters", "Most parameters the student may have (default: as many as the largest teacher)", least: 1);

    public InitCommand()
        : base("init", "Writes a complete recipe for teachers and images, with the reason of every choice as a comment",
            "onnx-amalgam init models/teachers/digits_resnet.onnx models/teachers/fashion_mixer.onnx --data digits_resnet=models/demo/data/mnist --data fashion_mixer=models/demo/data/fashion-mnist -o recipe.yaml")
    {
        Add(teachers);
        foreach (Option option in (Option[])[data, output, parameters])
            Add(option);
    }

    public override int Run(ParseResult result, Session session)
    {
        string target = result.GetRequiredValue(output);
        if (target != "-" && Path.Exists(target))
            throw new InputException($"-o '{target}': expected a file that does not exist, so that no recipe is lost, got one that does; name another");
        var draft = RecipeDraft.Of(new DraftRequest(
            [.. result.GetRequiredValue(teachers).Select(ModelArgument.OfFileOrRun)],
            result.GetRequiredValue(data),
            target == "-" ? Environment.CurrentDirectory : Path.GetDirectoryName(Path.GetFullPath(target))!)
        {
            Parameters = result.GetValue(parameters),
        });
        if (target == "-")
        {
            session.Terminal.Output.Write(draft.Text);
            return ExitCode.Done;
        }

        AtomicFile.CreateText(target, draft.Text);
        Report(draft, target, session);
        return ExitCode.Done;
    }

    static void Report(RecipeDraft draft, string target, Session session)
    {
        var facts = new FactList();
        facts.Add("recipe", target);
        facts.Add("student", string.Create(CultureInfo.InvariantCulture, $"{draft.Student}, {draft.StudentParameters:N0} parameters (teachers {draft.TeacherParameters:N0})"));
        facts.Add("labels", string.Create(CultureInfo.InvariantCulture, $"{draft.Labels.Count}"));
        facts.Add("images", string.Create(CultureInfo.InvariantCulture, $"{draft.Images:N0}"));
        facts.WriteTo(session.Terminal);
        int open = draft.Text.Split("CHECK:").Length - 1;
        if (open > 0)
            session.Note($"{open} line{(open == 1 ? "" : "s")} of it say{(open == 1 ? "s" : "")} CHECK: what no file states");
        session.Note($"next: onnx-amalgam train {ShellWord.Of(target)} --dry-run");
    }
}

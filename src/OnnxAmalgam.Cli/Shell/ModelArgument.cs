using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>Paths of models on the command line: a run folder is no model, but holds one, or can be made to.</summary>
internal static class ModelArgument
{
    /// <summary>A path that must be a model's.</summary>
    /// <exception cref="InputException">It is a folder; the message names what there is in it.</exception>
    public static string OfFile(string path)
    {
        if (!Directory.Exists(path))
            return path;
        var student = StudentOf(path);
        if (File.Exists(student))
            throw new InputException($"'{path}': expected an .onnx file, got a run folder; name its student: {ShellWord.Of(student)}");
        throw IsRun(path) ? Unfinished(path) : new InputException($"'{path}': expected an .onnx file, got a folder; name a file in it");
    }

    /// <summary>A model's path, or that of the student in a run folder.</summary>
    /// <exception cref="InputException">It is a folder without a student.</exception>
    public static string OfFileOrRun(string path)
    {
        if (!Directory.Exists(path))
            return path;
        var student = StudentOf(path);
        if (File.Exists(student))
            return student;
        throw IsRun(path) ? Unfinished(path) : new InputException($"'{path}': expected an .onnx file or a run folder (it holds student.onnx), got a folder without one; name the folder that train wrote");
    }

    static InputException Unfinished(string path) => new(
        $"'{path}': expected a model, got an unfinished run without student.onnx; go on with: onnx-amalgam train --resume -o {ShellWord.Of(path)}, or write what it has by now: onnx-amalgam export {ShellWord.Of(path)} -o student.onnx");

    static string StudentOf(string folder) => Path.Combine(folder, "student.onnx");

    static bool IsRun(string folder) => File.Exists(Path.Combine(folder, "recipe.yaml")) && File.Exists(Path.Combine(folder, "environment.json"));
}

using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Teachers;

/// <summary>ONNX Runtime's messages in the house form.</summary>
internal static partial class SessionErrors
{
    /// <summary>A model that could not be opened.</summary>
    internal static InputException Refused(OnnxModel model, OnnxRuntimeException error)
    {
        string version = OnnxRuntime.State().Version;
        string stamps = $"IR {model.Proto.IrVersion}, {string.Join(", ", model.Proto.OpsetImport.Select(o => $"opset {o.Version}{(o.Domain is "" ? "" : $" of {o.Domain}")}"))}";
        (string allowed, string detail, string remedy) = error.Message switch
        {
            var m when NewestIr().Match(m) is { Success: true } ir =>
                ($" (IR <= {ir.Groups[1].Value})", "", "export with an older IR version, or lower the file's ir_version where it uses nothing newer"),
            var m when NewestOpset().Match(m) is { Success: true } opset =>
                ($" (opset <= {opset.Groups[1].Value})", "", "export with a lower opset, or convert it (onnx.version_converter)"),
            var m when UnknownOperator().IsMatch(m) => ("", $": {Reason(error)}", "replace the operator, or read values before it"),
            var m when m.Contains("Could not find an implementation", StringComparison.Ordinal) => ("", $": {Reason(error)}", "export it with another element type or a lower opset"),
            _ => ("", $": {Reason(error)}", "check the file (onnx.checker.check_model), or export it again"),
        };
        return new InputException($"'{model.Name}': expected a model that ONNX Runtime {version} runs{allowed}, got {stamps}{detail}; {remedy}.", error);
    }

    /// <summary>A run that failed.</summary>
    internal static InputException Failed(string name, long[] inputShape, OnnxRuntimeException error) =>
        new($"'{name}': expected a graph that runs on input [{string.Join(", ", inputShape)}], got {Reason(error)}; check the input's size and the model's batch dimension.", error);

    /// <summary>What ONNX Runtime says, on one line, without error codes, source paths and C++ signatures.</summary>
    static string Reason(OnnxRuntimeException error) =>
        $"'{Blanks().Replace(Source().Replace(Code().Replace(error.Message, ""), ""), " ").Trim().TrimEnd('.')}'";

    [GeneratedRegex(@"max supported IR version: (\d+)")]
    private static partial Regex NewestIr();

    [GeneratedRegex(@"support for domain ai\.onnx is till opset (\d+)")]
    private static partial Regex NewestOpset();

    [GeneratedRegex("is not a registered function/op|No Op registered for")]
    private static partial Regex UnknownOperator();

    [GeneratedRegex(@"/\S*onnxruntime\S*:\d+ [^()]*\((?:[^()]|\([^()]*\))*\)(?: const)?")]
    private static partial Regex Source();

    [GeneratedRegex(@"^\s*\[ErrorCode:\w+\]\s*")]
    private static partial Regex Code();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}

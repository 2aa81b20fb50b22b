namespace OnnxAmalgam.Graphs;

/// <summary>What the user gave is wrong: a file, a name, a recipe. The message follows the house form
/// (<c>where: expected X, got Y; remedy</c>) and is shown as it is; the program ends with exit code 2.</summary>
public class InputException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A file that breaks ONNX's rules, or is no ONNX file at all.</summary>
public sealed class InvalidModelException(string message, Exception? inner = null) : InputException(message, inner);

namespace OnnxAmalgam.Graphs;

/// <summary>What the user gave is wrong: a file, a name, a recipe. The message follows the house form
/// (<c>where: expected X, got Y; remedy</c>) and is shown as it is; the program ends with exit code 2.</summary>
public class InputException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>A finding, or what the user would have been told instead.</summary>
    public static (T? Found, string? Problem) Attempt<T>(Func<T> find) where T : class?
    {
        ArgumentNullException.ThrowIfNull(find);
        try
        {
            return (find(), null);
        }
        catch (InputException e)
        {
            return (null, e.Message);
        }
    }
}

/// <summary>A file that breaks ONNX's rules, or is no ONNX file at all.</summary>
public sealed class InvalidModelException(string message, Exception? inner = null) : InputException(message, inner);

namespace OnnxAmalgam.Training;

/// <summary>A check that the program makes on its own results failed: what it wrote must not be trusted. The program ends with exit code 3.</summary>
public sealed class CheckFailedException(string message) : Exception(message);

namespace OnnxAmalgam.Graphs.Files;

/// <summary>The bytes are not a protobuf message of this kind.</summary>
/// <param name="message">What is wrong, as the end of a sentence that starts with "got".</param>
/// <param name="missingBytes">How many bytes the file lacks, where it just ends too early; else 0.</param>
sealed class WireFormatException(string message, long missingBytes = 0) : Exception(message)
{
    /// <summary>How many bytes the file lacks at least, where it just ends too early; else 0.</summary>
    public long MissingBytes { get; } = missingBytes;
}

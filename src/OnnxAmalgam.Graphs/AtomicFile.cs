namespace OnnxAmalgam.Graphs;

/// <summary>The only way a final file name comes to be: written beside it, flushed, renamed.</summary>
public static class AtomicFile
{
    /// <summary>Writes a file so that its name holds either the old content or all of the new.</summary>
    /// <exception cref="InputException">The folder cannot be written, or the disk is full; nothing is left behind.</exception>
    public static void Write(string path, Action<Stream> write) => throw new NotImplementedException();
}

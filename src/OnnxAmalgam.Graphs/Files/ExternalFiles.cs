namespace OnnxAmalgam.Graphs.Files;

/// <summary>The external data files of one loaded model, opened when first needed and then kept open, so that a model that is
/// replaced on disk can still be read and saved.</summary>
sealed class ExternalFiles
{
    // Old exporters write one file a tensor; a process may keep only so many open.
    const int MaxOpen = 64;

    readonly string folder;
    readonly IReadOnlyList<string> roots;
    readonly Dictionary<string, PositionedFile> open = new(StringComparer.Ordinal);
    readonly HashSet<(string Location, string Checksum)> verified = [];

    /// <summary>Files beside this model file.</summary>
    public ExternalFiles(string modelPath)
    {
        folder = Path.GetDirectoryName(modelPath)!;
        // Model caches link both the model and its data to one store: the folder that the model really lies in counts, too.
        roots = [RealPath.Of(folder), Path.GetDirectoryName(RealPath.Of(modelPath))!];
    }

    /// <summary>The file that a location means.</summary>
    /// <exception cref="InvalidModelException">It lies outside the model's folder.</exception>
    /// <exception cref="InputException">It cannot be read.</exception>
    public PositionedFile Open(string location, string where)
    {
        lock (open)
        {
            if (open.TryGetValue(location, out var known)) return known;
            var file = OpenChecked(location, where);
            if (open.Count < MaxOpen) open.Add(location, file);
            return file;
        }
    }

    /// <summary>The stretch that holds a tensor's data.</summary>
    /// <param name="reference">Where it lies.</param>
    /// <param name="bytes">How long it must be.</param>
    /// <param name="where">Model and tensor, for messages.</param>
    /// <exception cref="InvalidModelException">The location is refused, or the file is too short.</exception>
    public StoredBytes Find(ExternalReference reference, long bytes, string where)
    {
        if (reference.Length is { } length && length != bytes)
            throw new InvalidModelException($"{where}: expected {bytes} bytes of external data for its type and shape, got a 'length' of {length}");
        var file = Open(reference.Location, where);
        if (reference.Offset > file.Length - bytes)
            throw new InvalidModelException($"{where}: expected {bytes} bytes at byte {reference.Offset} of '{reference.Location}', got a file of {file.Length} bytes; is it cut off?");
        if (reference.Checksum is { } checksum) Verify(file, reference.Location, checksum, where);
        return new StoredBytes(file, reference.Offset, bytes);
    }

    /// <summary>Reads the whole file, once for all tensors in it.</summary>
    void Verify(PositionedFile file, string location, string checksum, string where)
    {
        lock (open)
        {
            if (verified.Contains((location, checksum))) return;
            var found = file.Sha1();
            if (!found.Equals(checksum, StringComparison.OrdinalIgnoreCase))
                throw new InvalidModelException($"{where}: expected external data '{location}' with the SHA-1 {checksum}, got {found}; is it another model's?");
            verified.Add((location, checksum));
        }
    }

    PositionedFile OpenChecked(string location, string where)
    {
        try
        {
            var path = ExternalLocation.Resolve(roots, folder, location, where);
            var file = PositionedFile.Open(path, $"{where}: external data '{location}'");
            // Somebody may have swapped a link in between; what counts is what is open now.
            if (file.RealPath is { } opened) ExternalLocation.RequireInside(roots, opened, location, where);
            return file;
        }
        catch (InputException e) when (e is not InvalidModelException)
        {
            throw new InvalidModelException(e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidModelException($"{where}: external data '{location}' cannot be read: {e.Message}", e);
        }
    }
}

using System.Text;
using OnnxAmalgam.Graphs.Files;

namespace OnnxAmalgam.Graphs;

/// <summary>The only way a final file name comes to be: written beside it, flushed to disk, renamed.</summary>
public static class AtomicFile
{
    /// <summary>Writes a file so that its name holds either the old content or all of the new, also after a power cut.
    /// A link of that name is replaced, not followed; what is no file (/dev/stdout, a pipe) is written to as it is.</summary>
    /// <param name="path">The final name; its folder exists.</param>
    /// <param name="write">Writes the content; it may be called once only.</param>
    /// <exception cref="InputException">The folder cannot be written, or the disk is full; nothing is left behind.</exception>
    public static void Write(string path, Action<Stream> write) => Write(path, write, replace: true);

    /// <summary>As <see cref="Write(string, Action{Stream})"/>, but a file that has the name already stays, and is an error.</summary>
    /// <exception cref="InputException">The name is taken, the folder cannot be written, or the disk is full; nothing is left behind.</exception>
    public static void Create(string path, Action<Stream> write) => Write(path, write, replace: false);

    static void Write(string path, Action<Stream> write, bool replace)
    {
        ArgumentNullException.ThrowIfNull(write);
        var (target, folder) = Require(path);
        if (replace && UnixFile.IsStream(target))
        {
            WriteThrough(path, target, write);
            return;
        }

        var temp = TempName(folder, Path.GetFileName(target));
        var isMoved = false;
        try
        {
            using (var stream = new NewFileStream(temp))
            {
                write(stream);
                stream.FlushToDisk();
            }
            Move(temp, target, replace);
            isMoved = true;
            DirectorySync.Flush(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(Explain(path, e), e);
        }
        finally
        {
            if (!isMoved) Remove(temp);
        }
    }

    /// <summary>Whether a file of this name can come to be, as far as can be told beforehand.</summary>
    /// <exception cref="InputException">It names a folder, or lies in none.</exception>
    public static void RequireFolder(string path) => Require(path);

    static (string Target, string Folder) Require(string path)
    {
        var target = FullPath.Of(path);
        var folder = Path.GetDirectoryName(target);
        if (folder is null || Directory.Exists(target))
            throw new InputException($"'{path}': expected the name of a file to write, got a folder; name a file in it");
        return Directory.Exists(folder)
            ? (target, folder)
            : throw new InputException($"'{path}': expected an existing folder '{folder}', got none; create it or write elsewhere");
    }

    static void WriteThrough(string path, string target, Action<Stream> write)
    {
        try
        {
            using var stream = new FileStream(target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            write(stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"'{path}': expected to write to it, got: {e.Message}", e);
        }
    }

    /// <summary>Writes these bytes as the whole file.</summary>
    /// <exception cref="InputException">The folder cannot be written, or the disk is full; nothing is left behind.</exception>
    public static void Write(string path, byte[] content) => Write(path, stream => stream.Write(content));

    /// <summary>Writes this text as the whole file: UTF-8 without a byte order mark.</summary>
    /// <exception cref="InputException">The folder cannot be written, or the disk is full; nothing is left behind.</exception>
    public static void WriteText(string path, string content) => Write(path, Utf8(content));

    /// <summary>As <see cref="WriteText"/>, but a file that has the name already stays, and is an error.</summary>
    /// <exception cref="InputException">The name is taken, the folder cannot be written, or the disk is full; nothing is left behind.</exception>
    public static void CreateText(string path, string content) => Create(path, stream => stream.Write(Utf8(content)));

    static byte[] Utf8(string content) => new UTF8Encoding(false).GetBytes(content);

    static string TempName(string folder, string name) =>
        Path.Combine(folder, $".{(name.Length > 60 ? name[..60] : name)}.{Path.GetRandomFileName()}.tmp");

    static void Move(string temp, string target, bool replace)
    {
        try
        {
            File.Move(temp, target, replace);
        }
        catch (UnauthorizedAccessException) when (replace && OperatingSystem.IsWindows() && File.Exists(target))
        {
            // A file that this process still reads (a model saved over itself) cannot be overwritten by MoveFileEx; ReplaceFile can.
            File.Replace(temp, target, destinationBackupFileName: null, ignoreMetadataErrors: true);
        }
    }

    static void Remove(string temp)
    {
        try
        {
            File.Delete(temp);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The cause is on its way to the caller; a leftover that cannot be removed must not hide it.
        }
    }

    static string Explain(string path, Exception e) => DiskErrors.KindOf(e) switch
    {
        DiskErrorKind.Full => $"'{path}': expected room for the file, got a full disk ({e.Message}); free some space or write elsewhere. Nothing was left behind",
        DiskErrorKind.TooLarge => $"'{path}': expected a file that may grow, got the system's file-size limit ({e.Message}); raise it (ulimit -f). Nothing was left behind",
        DiskErrorKind.NotAllowed => $"'{path}': expected a folder that can be written, got no permission ({e.Message}); change it or write elsewhere",
        _ => $"'{path}': expected to write the file, got: {e.Message} Nothing was left behind",
    };
}

namespace OnnxAmalgam.Graphs.Files;

/// <summary>A path with every link in it resolved.</summary>
public static class RealPath
{
    const int MaxLinks = 40;

    /// <summary>Resolves links in all components. What does not exist is taken as it is.</summary>
    /// <exception cref="IOException">Links that go round in circles.</exception>
    public static string Of(string path)
    {
        var links = 0;
        var rest = Parts(Path.GetFullPath(path), out var resolved);
        while (rest.TryPop(out var part))
        {
            if (part is "" or ".") continue;
            if (part == "..")
            {
                resolved = Path.GetDirectoryName(resolved) ?? resolved;
                continue;
            }
            var next = Path.Combine(resolved, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                resolved = next;
                continue;
            }
            if (++links > MaxLinks) throw new IOException($"too many links in '{path}'");
            if (Path.IsPathRooted(target)) Push(rest, Parts(target, out resolved));
            else Push(rest, Parts(target));
        }
        return resolved;
    }

    static Stack<string> Parts(string path, out string root)
    {
        root = Path.GetPathRoot(path)!;
        return Parts(path[root.Length..]);
    }

    static Stack<string> Parts(string relative) =>
        new(relative.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar).Reverse());

    static void Push(Stack<string> rest, Stack<string> parts)
    {
        foreach (var part in parts.Reverse()) rest.Push(part);
    }
}

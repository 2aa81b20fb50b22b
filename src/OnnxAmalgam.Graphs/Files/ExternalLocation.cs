namespace OnnxAmalgam.Graphs.Files;

/// <summary>Which files a model may name as its external data: regular files in its own folder or below. A model is somebody else's
/// text; without this rule it could make the program read, and ship, any file of the machine.</summary>
static class ExternalLocation
{
    static readonly string[] WindowsDevices = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

    /// <summary>Why a location is refused from its text alone, or null when it may be looked for.</summary>
    public static string? Refusal(string location)
    {
        if (location.Any(char.IsControl)) return "one with control characters";
        if (location.StartsWith('/')) return "an absolute path";
        if (location.Contains('\\')) return @"one with '\' (ONNX wants '/')";
        if (location.Length > 1 && location[1] == ':' && char.IsAsciiLetter(location[0])) return "a path with a drive";
        if (location.Contains("://", StringComparison.Ordinal)) return "a URL";
        var parts = location.Split('/');
        if (parts.Contains("..")) return "one with '..'";
        if (parts[0] == "*") return "a runtime's mark for memory";
        return OperatingSystem.IsWindows() && parts.Any(IsWindowsDevice) ? "a name that Windows keeps for devices or streams" : null;
    }

    /// <summary>The file that a location means, links resolved.</summary>
    /// <param name="roots">Folders (links resolved) that it must lie in.</param>
    /// <param name="folder">The model's folder.</param>
    /// <param name="location">The path relative to it.</param>
    /// <param name="where">Model and tensor, for messages.</param>
    /// <exception cref="InvalidModelException">It lies outside, or its text is refused.</exception>
    public static string Resolve(IReadOnlyList<string> roots, string folder, string location, string where)
    {
        if (Refusal(location) is { } reason)
            throw new InvalidModelException($"{where}: expected external data in the model's folder, got '{location}', {reason}; put the data beside the model");
        var real = RealPath.Of(Path.Combine(folder, location));
        RequireInside(roots, real, location, where);
        return real;
    }

    /// <summary>Makes sure that a path without links lies under one of the folders.</summary>
    /// <exception cref="InvalidModelException">It does not.</exception>
    public static void RequireInside(IReadOnlyList<string> roots, string realPath, string location, string where)
    {
        if (!roots.Any(root => IsUnder(root, realPath)))
            throw new InvalidModelException($"{where}: expected external data in the model's folder, got '{location}', a link to '{realPath}'; put the data beside the model");
    }

    static bool IsUnder(string root, string path)
    {
        var comparison = OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        return path.StartsWith(Path.EndsInDirectorySeparator(root) ? root : root + Path.DirectorySeparatorChar, comparison);
    }

    static bool IsWindowsDevice(string part)
    {
        var stem = part.Split('.')[0].TrimEnd(' ').ToUpperInvariant();
        var isPort = stem.Length == 4 && (stem.StartsWith("COM", StringComparison.Ordinal) || stem.StartsWith("LPT", StringComparison.Ordinal));
        return part.Contains(':') || part.EndsWith(' ') || part is not "." && part.EndsWith('.') || isPort || WindowsDevices.Contains(stem);
    }
}

namespace OnnxAmalgam.Graphs;

/// <summary>Paths in the commands that messages name, so that they can be pasted into a shell.</summary>
public static class ShellWord
{
    /// <summary>A text as one word of a shell: as it is where nothing in it means anything to one, else in quotes (single ones, double ones on Windows).</summary>
    public static string Of(string text) => Of(text, OperatingSystem.IsWindows());

    internal static string Of(string text, bool windows)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > 0 && text.All(c => char.IsLetterOrDigit(c) || "_-+=:,./@%".Contains(c, StringComparison.Ordinal) || (windows && c == '\\')))
            return text;
        return windows ? $"\"{text}\"" : $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
    }
}

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>The folder of real teachers beside the repository; tests that need it are skipped where it is absent.</summary>
internal static class Shared
{
    public static string Teacher(string file)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "OnnxAmalgam.sln"))) continue;
            var path = Path.Combine(folder.FullName, "..", "shared", "fixtures", "teachers", file);
            if (!File.Exists(path)) Assert.Skip($"'../shared/fixtures/teachers/{file}' is absent");
            return path;
        }

        throw new InvalidOperationException("expected OnnxAmalgam.sln above the test's folder");
    }
}

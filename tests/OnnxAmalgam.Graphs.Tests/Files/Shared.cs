namespace OnnxAmalgam.Graphs.Tests.Files;

/// <summary>Fixtures that lie beside the repository.</summary>
static class Shared
{
    /// <summary>The folder of real teachers; the test is skipped where it is absent.</summary>
    public static string Teachers()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "OnnxAmalgam.sln"))) root = root.Parent;
        var folder = Path.Combine(root?.Parent?.FullName ?? "/", "shared", "fixtures", "teachers");
        Assert.SkipUnless(Directory.Exists(folder), "needs ../shared/fixtures/teachers");
        return folder;
    }
}

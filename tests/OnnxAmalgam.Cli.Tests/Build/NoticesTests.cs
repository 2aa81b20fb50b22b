using System.Text.Json;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Build;

public sealed class NoticesTests
{
    [Fact]
    public void Every_package_that_the_program_locks_is_named_with_its_licence()
    {
        string notices = File.ReadAllText(Path.Combine(Repository.Root, "THIRD-PARTY-NOTICES.md"));
        string[] named = [.. notices.Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal)).SelectMany(l => l.Split('|')[1].Split([' ', ','], StringSplitOptions.RemoveEmptyEntries))];
        HashSet<string> locked = [];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "packages.*.lock.json", SearchOption.AllDirectories))
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(file));
            locked.UnionWith(json.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(f => f.Value.EnumerateObject())
                .Where(p => p.Value.GetProperty("type").GetString() != "Project").Select(p => p.Name));
        }

        Assert.NotEmpty(locked);
        Assert.Empty(locked.Except(named));
        Assert.Contains("libLibTorchSharp.so", notices, StringComparison.Ordinal);
    }
}

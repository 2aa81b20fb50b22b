using System.Diagnostics;
using System.Text.Json;
using OnnxAmalgam.Graphs.Metadata;

namespace OnnxAmalgam.Training.Tests.Recipes;

/// <summary>Each of the exporters' --preset is a preset of the recipe.</summary>
public sealed class ExporterPresetsTests
{
    [Fact]
    public void The_exporters_know_the_recipes_presets_by_the_same_names_and_numbers()
    {
        string? tools = AppContext.BaseDirectory;
        while (tools is not null && !File.Exists(Path.Combine(tools, "tools/teacher_file.py")))
            tools = Path.GetDirectoryName(tools);
        ProcessStartInfo start = new("python3", ["-B", "-c", "import json, teacher_file; print(json.dumps(teacher_file.PRESETS))"])
        {
            WorkingDirectory = Path.Combine(tools!, "tools"),
            RedirectStandardOutput = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("needs python3 on the PATH");
            return;
        }
        using (process)
        {
            using JsonDocument presets = JsonDocument.Parse(process.StandardOutput.ReadToEnd());

            Assert.Subset(InputPresets.Names.ToHashSet(StringComparer.Ordinal), presets.RootElement.EnumerateObject().Select(p => p.Name.Replace('_', '-')).ToHashSet(StringComparer.Ordinal));
            Assert.All(presets.RootElement.EnumerateObject(), preset =>
            {
                InputDescription expected = InputPresets.Find(preset.Name);
                JsonElement actual = preset.Value;
                Assert.Equal(expected.Scale, actual.GetProperty("scale").GetDouble(), 1e-15);
                Assert.Equal(expected.Mean, actual.GetProperty("mean").EnumerateArray().Select(m => m.GetDouble()));
                Assert.Equal(expected.Std, actual.GetProperty("std").EnumerateArray().Select(m => m.GetDouble()));
                Assert.Equal(expected.Order == ColorOrder.Bgr ? "bgr" : "rgb", actual.GetProperty("order").GetString());
                Assert.Equal(expected.Resize == ResizeMode.Stretch ? "stretch" : "shorter_side", actual.GetProperty("resize").GetString());
                Assert.Equal(expected.Interpolation.ToString(), actual.GetProperty("interpolation").GetString(), ignoreCase: true);
                Assert.Equal(expected.Antialias, actual.GetProperty("antialias").GetBoolean());
            });
        }
    }
}

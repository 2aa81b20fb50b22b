using System.Globalization;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Caching;

/// <summary>The stores of one teacher.</summary>
/// <param name="Outputs">Of all it is asked for in training, in the recipe's number format.</param>
/// <param name="Scores">Of its scores alone, in float32: what figures are made of; null without scores.</param>
/// <param name="Derived">Of what is made of all its outputs for a named use, in float32.</param>
sealed record TeacherStores(OutputStore Outputs, OutputStore? Scores, Func<string, OutputStore> Derived)
{
    /// <summary>The facts that a network's outputs depend on.</summary>
    /// <param name="model">The network.</param>
    /// <param name="file">The hash of its file.</param>
    /// <param name="outputs">The values that are read of it, and how.</param>
    /// <param name="input">How pixels are brought to it.</param>
    /// <param name="options">Where it runs.</param>
    /// <param name="dtype">How numbers are stored.</param>
    /// <param name="use">What rows are made of the values.</param>
    public static StoreKey Key(OnnxModel model, string file, IEnumerable<string> outputs, InputDescription input, FrozenModelOptions options, CacheDtype dtype, string use) => new(
        new Dictionary<string, string>
        {
            ["dtype"] = dtype == CacheDtype.Float16 ? "float16" : "float32",
            ["file"] = file,
            ["input"] = Words(input),
            ["outputs"] = string.Join('\n', outputs).Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal),
            ["preprocess"] = Preprocess.Version,
            ["provider"] = options.Device.IsCuda ? "cuda" : "cpu",
            ["runtime"] = typeof(Microsoft.ML.OnnxRuntime.InferenceSession).Assembly.GetName().Version?.ToString() ?? "unknown",
            ["use"] = use,
        },
        model.Name);

    /// <summary>How pixels are brought to a network, as text.</summary>
    public static string Words(InputDescription i) => string.Create(CultureInfo.InvariantCulture,
        $"{i.Layout} {i.Dtype} {i.Channels}x{i.Height}x{i.Width} {i.Order} {i.Scale:R} [{Numbers(i.Mean)}] [{Numbers(i.Std)}] {i.Resize} {i.Interpolation} {i.Antialias}");

    static string Numbers(IEnumerable<double> values) => string.Join(' ', values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)));
}

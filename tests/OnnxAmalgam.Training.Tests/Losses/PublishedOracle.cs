using System.IO.Compression;
using System.Text.Json;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

/// <summary>The published block on tiny shapes in float64, written independently in PyTorch: weights, outputs, losses, gradients.</summary>
sealed class PublishedOracle : IDisposable
{
    readonly JsonDocument document;

    PublishedOracle(JsonDocument document) => this.document = document;

    public static PublishedOracle Load() =>
        new(JsonDocument.Parse(Bytes()));

    /// <summary>The file as it was before it was compressed.</summary>
    public static byte[] Bytes()
    {
        using var stream = new GZipStream(typeof(PublishedOracle).Assembly.GetManifestResourceStream("cfl_block.json.gz")!, CompressionMode.Decompress);
        using MemoryStream whole = new();
        stream.CopyTo(whole);
        return whole.ToArray();
    }

    /// <summary>Parameter names of the block here, and there.</summary>
    public static string NameOf(string ours) => ours
        .Replace("alignStudent.", "a_s.0.").Replace("alignTeachers.0.", "a_t.0.0.").Replace("alignTeachers.1.", "a_t.1.0.")
        .Replace("extractor.", "ext.").Replace("shortcut.", "sk.")
        .Replace("decoders.", "dec.")
        .Replace("conv1.", ours.StartsWith("decoders", StringComparison.Ordinal) ? "0." : "c1.")
        .Replace("conv2.", ours.StartsWith("decoders", StringComparison.Ordinal) ? "2." : "c2.");

    public JsonElement this[params string[] path] => path.Aggregate(document.RootElement, (e, key) => e.GetProperty(key));

    public double Number(params string[] path) => this[path].GetDouble();

    public Tensor Tensor(params string[] path) => Read(this[path]);

    /// <summary>A list of tensors of different shapes.</summary>
    public Tensor[] Tensors(params string[] path) => [.. this[path].EnumerateArray().Select(Read)];

    public double[] Numbers(params string[] path) => [.. this[path].EnumerateArray().Select(e => e.GetDouble())];

    public void Dispose() => document.Dispose();

    static Tensor Read(JsonElement element)
    {
        List<long> shape = [];
        for (var e = element; e.ValueKind == JsonValueKind.Array; e = e[0]) shape.Add(e.GetArrayLength());
        return tensor(Leaves(element).ToArray(), shape.ToArray());
    }

    static IEnumerable<double> Leaves(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? element.EnumerateArray().SelectMany(Leaves) : [element.GetDouble()];
}

using System.Security.Cryptography;
using System.Text;

namespace OnnxAmalgam.Training.Caching;

/// <summary>Everything that a network's stored outputs depend on beside the pixels. Another value of any fact is another store.</summary>
/// <param name="facts">By name.</param>
/// <param name="model">The model's file, for messages only: equal files share a store whatever they are called.</param>
sealed class StoreKey(IEnumerable<KeyValuePair<string, string>> facts, string model)
{
    /// <summary>By name, in ordinal order.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; } = new SortedDictionary<string, string>(facts.ToDictionary(), StringComparer.Ordinal);

    /// <summary>File name of the model.</summary>
    public string Model { get; } = System.IO.Path.GetFileName(model);

    /// <summary>The store's folder: 32 digits that follow from the facts.</summary>
    public string Name => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(Facts.Select(f => $"{f.Key}={f.Value}\n")))).AsSpan(0, 16));

    /// <summary>Names of the facts that differ.</summary>
    public string[] Differences(IReadOnlyDictionary<string, string> other) =>
        [.. Facts.Keys.Union(other.Keys, StringComparer.Ordinal).Where(k => Facts.GetValueOrDefault(k) != other.GetValueOrDefault(k)).Order(StringComparer.Ordinal)];
}

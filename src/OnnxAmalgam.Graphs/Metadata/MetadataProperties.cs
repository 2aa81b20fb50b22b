using Onnx;

namespace OnnxAmalgam.Graphs.Metadata;

/// <summary>A model's <c>metadata_props</c>: texts by key. ONNX's own <c>Image.*</c> keys count without regard to case.</summary>
internal sealed class MetadataProperties(ModelProto model)
{
    /// <summary>Longer values are no metadata of ours to read.</summary>
    public const int MostCharacters = 4 << 20;

    /// <summary>The value, or null where the key is absent or the value is beyond all measure.</summary>
    public string? Find(string key) => model.MetadataProps
        .Where(entry => Same(entry.Key, key) && entry.Value.Length <= MostCharacters)
        .Select(entry => entry.Value).FirstOrDefault();

    /// <summary>Sets a value at the end of the list; an earlier value of the key is gone.</summary>
    public void Set(string key, string value)
    {
        Remove(key);
        model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
    }

    public void Remove(string key)
    {
        for (var i = model.MetadataProps.Count - 1; i >= 0; i--)
        {
            if (Same(model.MetadataProps[i].Key, key))
                model.MetadataProps.RemoveAt(i);
        }
    }

    static bool Same(string a, string b) =>
        string.Equals(a, b, b.StartsWith("Image.", StringComparison.Ordinal) ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
}

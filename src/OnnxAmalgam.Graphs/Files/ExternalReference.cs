using System.Globalization;
using Onnx;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>Where a tensor's external data lies.</summary>
/// <param name="Location">Path relative to the model's folder, as the file says it.</param>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes, when the file says it.</param>
/// <param name="Checksum">SHA-1 of the whole data file in hexadecimal digits, when the file says it.</param>
sealed record ExternalReference(string Location, long Offset, long? Length, string? Checksum = null)
{
    const string LocationKey = "location", OffsetKey = "offset", LengthKey = "length", ChecksumKey = "checksum";

    /// <summary>Reads the tensor's entries. Keys that ONNX does not define are kept and not looked at.</summary>
    /// <exception cref="InvalidModelException">No location, a key twice, or a number that is none.</exception>
    public static ExternalReference Of(TensorProto tensor, string where)
    {
        string? location = null, offset = null, length = null, checksum = null;
        foreach (var entry in tensor.ExternalData)
        {
            switch (entry.Key)
            {
                case LocationKey: Once(ref location, entry, where); break;
                case OffsetKey: Once(ref offset, entry, where); break;
                case LengthKey: Once(ref length, entry, where); break;
                case ChecksumKey: Once(ref checksum, entry, where); break;
            }
        }
        if (string.IsNullOrEmpty(location)) throw new InvalidModelException($"{where}: expected external data with a 'location', got none");
        return new ExternalReference(location, offset is null ? 0 : Number(OffsetKey, offset, where), length is null ? null : Number(LengthKey, length, where), string.IsNullOrEmpty(checksum) ? null : checksum);
    }

    /// <summary>Points the tensor at another place; other entries keep their value and order, but a checksum of the old file goes.</summary>
    public void WriteTo(TensorProto tensor)
    {
        Set(tensor, LocationKey, Location);
        Set(tensor, OffsetKey, Offset.ToString(CultureInfo.InvariantCulture));
        if (Length is { } length) Set(tensor, LengthKey, length.ToString(CultureInfo.InvariantCulture));
        RemoveChecksum(tensor);
    }

    /// <summary>Drops the SHA-1 of the whole file, which no longer holds.</summary>
    public static void RemoveChecksum(TensorProto tensor)
    {
        for (var i = tensor.ExternalData.Count - 1; i >= 0; i--)
            if (tensor.ExternalData[i].Key == ChecksumKey) tensor.ExternalData.RemoveAt(i);
    }

    static void Once(ref string? value, StringStringEntryProto entry, string where)
    {
        if (value is not null) throw new InvalidModelException($"{where}: expected external data with one '{entry.Key}', got '{value}' and '{entry.Value}'");
        value = entry.Value;
    }

    static long Number(string key, string text, string where) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new InvalidModelException($"{where}: expected a number of bytes as the external data's '{key}', got '{text}'");

    static void Set(TensorProto tensor, string key, string value)
    {
        var entry = tensor.ExternalData.FirstOrDefault(e => e.Key == key);
        if (entry is null) tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        else entry.Value = value;
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using OnnxAmalgam.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Runs;

/// <summary>Named tensors and a few strings in one file, in the safetensors layout: an 8-byte length, a JSON header, then the
/// tensors' bytes without gaps. The header's metadata carries a SHA-256 of the tensor bytes; reading verifies it.</summary>
public static class TensorFile
{
    const string HashKey = "sha256";
    const int MaxHeaderBytes = 16 << 20;

    /// <summary>Writes the file atomically.</summary>
    /// <param name="path">Final name.</param>
    /// <param name="tensors">Float32, float64, int64 or uint8 tensors on any device; written in ordinal name order.</param>
    /// <param name="metadata">Strings kept beside them.</param>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var names = tensors.Keys.Order(StringComparer.Ordinal).ToArray();
        var bytes = names.Select(n => Bytes(tensors[n])).ToArray();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (byte[] b in bytes)
        {
            hash.AppendData(b);
        }

        byte[] header = Header(names, tensors, bytes, metadata, Convert.ToHexStringLower(hash.GetHashAndReset()));
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (byte[] b in bytes)
            {
                stream.Write(b);
            }
        });
    }

    /// <summary>Reads and verifies a file.</summary>
    /// <returns>Tensors on the CPU, owned by the caller and detached from scopes, and the metadata.</returns>
    /// <exception cref="InputException">Missing, truncated, damaged.</exception>
    public static (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata) Read(string path)
    {
        byte[] file;
        try
        {
            file = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"'{path}': cannot be read: {e.Message}", e);
        }

        if (file.Length < 8 || BinaryPrimitives.ReadInt64LittleEndian(file) is var headerBytes && (headerBytes < 2 || headerBytes > Math.Min(MaxHeaderBytes, file.Length - 8)))
        {
            throw Damaged(path, "no header");
        }

        int start = 8 + (int)headerBytes;
        try
        {
            using var header = JsonDocument.Parse(file.AsMemory(8, (int)headerBytes));
            var metadata = header.RootElement.GetProperty("__metadata__").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!);
            string actual = Convert.ToHexStringLower(SHA256.HashData(file.AsSpan(start)));
            if (!metadata.Remove(HashKey, out string? expected) || expected != actual)
            {
                throw Damaged(path, $"bytes of SHA-256 {actual}, its header says {expected ?? "nothing"}");
            }

            var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
            foreach (var entry in header.RootElement.EnumerateObject().Where(p => p.Name != "__metadata__"))
            {
                tensors.Add(entry.Name, ReadTensor(path, entry, file, start));
            }

            return (tensors, metadata);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Damaged(path, e.Message);
        }
    }

    static Tensor ReadTensor(string path, JsonProperty entry, byte[] file, int start)
    {
        ScalarType type = Dtype(entry.Value.GetProperty("dtype").GetString()!);
        long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())];
        long[] span = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(d => d.GetInt64())];
        long count = shape.Aggregate(1L, (a, b) => checked(a * b));
        if (span.Length != 2 || span[0] < 0 || span[1] > file.Length - start || span[1] - span[0] != count * type.ElementSize())
        {
            throw Damaged(path, $"tensor '{entry.Name}' of {string.Join('x', shape)} in {(span.Length == 2 ? span[1] - span[0] : 0)} bytes");
        }

        var tensor = empty(shape, type).DetachFromDisposeScope();
        if (count > 0)
        {
            tensor.bytes = file.AsSpan(start + (int)span[0], (int)(span[1] - span[0]));
        }

        return tensor;
    }

    static byte[] Header(string[] names, IReadOnlyDictionary<string, Tensor> tensors, byte[][] bytes, IReadOnlyDictionary<string, string> metadata, string hash)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach (var (key, value) in metadata.OrderBy(p => p.Key, StringComparer.Ordinal))
            {
                json.WriteString(key, value);
            }

            json.WriteString(HashKey, hash);
            json.WriteEndObject();
            long offset = 0;
            for (int i = 0; i < names.Length; i++)
            {
                json.WriteStartObject(names[i]);
                json.WriteString("dtype", Name(tensors[names[i]].dtype));
                json.WriteStartArray("shape");
                foreach (long d in tensors[names[i]].shape)
                {
                    json.WriteNumberValue(d);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += bytes[i].Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    static byte[] Bytes(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().cpu().contiguous().bytes.ToArray();
    }

    static string Name(ScalarType type) => type switch
    {
        ScalarType.Float32 => "F32",
        ScalarType.Float64 => "F64",
        ScalarType.Int64 => "I64",
        ScalarType.Byte => "U8",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no checkpoint holds this dtype"),
    };

    static ScalarType Dtype(string name) => name switch
    {
        "F32" => ScalarType.Float32,
        "F64" => ScalarType.Float64,
        "I64" => ScalarType.Int64,
        "U8" => ScalarType.Byte,
        _ => throw new FormatException($"dtype {name}"),
    };

    static InputException Damaged(string path, string what) => new($"'{path}': expected a whole checkpoint, got {what}; resume from an older one with --resume=older");
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using OnnxAmalgam.Graphs;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Runs;

/// <summary>Named tensors and a few strings in one file, in the safetensors layout: an 8-byte length, a JSON header, then the
/// tensors' bytes without gaps. The header's metadata carries a SHA-256 of the tensors' bytes and of the header itself, with zeros in its place;
/// reading verifies it. Older files have one of the tensors' bytes alone.</summary>
public static class TensorFile
{
    const string HashKey = "sha256_all", TensorHashKey = "sha256";
    static ReadOnlySpan<byte> HashField => "\"sha256_all\":\""u8;
    static ReadOnlySpan<byte> NoHash => "0000000000000000000000000000000000000000000000000000000000000000"u8;
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

        byte[] header = Header(names, tensors, bytes, metadata);
        hash.AppendData(header);
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash.GetHashAndReset()), header.AsSpan(PlaceOfHash(header)));
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
        try
        {
            using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            return Read(path, file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"'{path}': cannot be read: {e.Message}", e);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw Damaged(path, e.Message);
        }
    }

    static (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata) Read(string path, SafeFileHandle file)
    {
        long length = RandomAccess.GetLength(file);
        Span<byte> first = stackalloc byte[8];
        if (length < 8 || Fill(file, first, 0) is false || BinaryPrimitives.ReadInt64LittleEndian(first) is var headerBytes && (headerBytes < 2 || headerBytes > Math.Min(MaxHeaderBytes, length - 8)))
        {
            throw Damaged(path, "no header");
        }

        byte[] text = new byte[headerBytes];
        Fill(file, text, 8);
        long start = 8 + headerBytes;
        using var header = JsonDocument.Parse(text);
        var metadata = header.RootElement.GetProperty("__metadata__").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!);
        bool isWhole = metadata.Remove(HashKey, out string? expected);
        metadata.Remove(TensorHashKey, out string? ofTensors);
        expected ??= ofTensors;
        string actual = Hash(file, start, isWhole ? text : []);
        if (expected != actual)
        {
            throw Damaged(path, $"bytes of SHA-256 {actual}, its header says {expected ?? "nothing"}");
        }

        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var entry in header.RootElement.EnumerateObject().Where(p => p.Name != "__metadata__"))
        {
            tensors.Add(entry.Name, ReadTensor(path, entry, file, start, length - start));
        }

        return (tensors, metadata);
    }

    /// <summary>Reads from a place until the span is full; false where the file ends before.</summary>
    static bool Fill(SafeFileHandle file, Span<byte> into, long place)
    {
        while (into.Length > 0)
        {
            int read = RandomAccess.Read(file, into, place);
            if (read == 0)
            {
                return false;
            }

            into = into[read..];
            place += read;
        }

        return true;
    }

    static string Hash(SafeFileHandle file, long place, byte[] header)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        for (int read; (read = RandomAccess.Read(file, buffer, place)) > 0; place += read)
        {
            hash.AppendData(buffer, 0, read);
        }

        if (PlaceOfHash(header) is >= 0 and var at)
        {
            NoHash.CopyTo(header.AsSpan(at));
        }

        hash.AppendData(header);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    static Tensor ReadTensor(string path, JsonProperty entry, SafeFileHandle file, long start, long length)
    {
        ScalarType type = Dtype(entry.Value.GetProperty("dtype").GetString()!);
        long[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())];
        long[] span = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(d => d.GetInt64())];
        long count = shape.Aggregate(1L, (a, b) => checked(a * b));
        if (span.Length != 2 || span[0] < 0 || span[1] > length || span[1] - span[0] != checked(count * type.ElementSize()))
        {
            throw Damaged(path, $"tensor '{entry.Name}' of {string.Join('x', shape)} in {(span.Length == 2 ? span[1] - span[0] : 0)} bytes");
        }

        var tensor = empty(shape, type).DetachFromDisposeScope();
        if (count > 0)
        {
            Fill(file, tensor.bytes, start + span[0]);
        }

        return tensor;
    }

    /// <summary>Where the hash's digits stand in a header; -1: nowhere. Quotes within other texts are escaped.</summary>
    static int PlaceOfHash(ReadOnlySpan<byte> header)
    {
        int key = header.IndexOf(HashField);
        return key >= 0 && key + HashField.Length + NoHash.Length <= header.Length ? key + HashField.Length : -1;
    }

    /// <summary>With zeros in place of the hash.</summary>
    static byte[] Header(string[] names, IReadOnlyDictionary<string, Tensor> tensors, byte[][] bytes, IReadOnlyDictionary<string, string> metadata)
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

            json.WriteString(HashKey, NoHash);
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

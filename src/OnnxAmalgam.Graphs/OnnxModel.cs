using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs.Files;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs;

/// <summary>An ONNX model as its file holds it: every field kept, unknown ones too. Large weights stay in the file
/// (inline or external) and are read by <see cref="ReadRaw"/> when somebody needs them.</summary>
public sealed class OnnxModel
{
    /// <summary>Wraps a model made in memory; every tensor's data is inline.</summary>
    /// <param name="proto">The model; owned by this object from here on.</param>
    /// <param name="name">What messages call it.</param>
    public OnnxModel(ModelProto proto, string name)
    {
        Proto = proto;
        Name = name;
    }

    /// <summary>The model's fields. The <c>raw_data</c> of a large tensor may be a placeholder here: read through <see cref="ReadRaw"/>.</summary>
    public ModelProto Proto { get; }

    /// <summary>What messages call it: the path it was loaded from, or the given name.</summary>
    public string Name { get; }

    /// <summary>The file it was loaded from (full path), or null.</summary>
    public string? Path { get; private init; }

    /// <summary>Loads and validates a model.</summary>
    /// <exception cref="InvalidModelException">Not an ONNX file, truncated, cyclic, wrong data lengths, ...</exception>
    /// <exception cref="InputException">The file cannot be read.</exception>
    public static OnnxModel Load(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        try
        {
            return new OnnxModel(ModelProto.Parser.ParseFrom(File.ReadAllBytes(full)), path) { Path = full };
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidModelException($"'{path}': expected an ONNX model, got something else ({e.Message})", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"'{path}': expected a file that can be read, got: {e.Message}", e);
        }
    }

    /// <summary>A deep copy of the fields; weights that lie in files stay there and are shared.</summary>
    public OnnxModel Clone() => new(Proto.Clone(), Name) { Path = Path };

    /// <summary>The tensor's elements as ONNX raw data (little-endian, row-major), wherever and however they are stored.</summary>
    public byte[] ReadRaw(TensorProto tensor)
    {
        if (tensor.HasRawData) return tensor.RawData.ToByteArray();
        if (tensor.DataLocation != DataLocation.External) return TypedFields.Read(tensor);
        var entries = tensor.ExternalData.ToDictionary(e => e.Key, e => e.Value);
        using var file = File.OpenHandle(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, entries["location"]));
        var offset = entries.TryGetValue("offset", out var o) ? long.Parse(o, System.Globalization.CultureInfo.InvariantCulture) : 0;
        var bytes = new byte[ElementTypes.RawBytes((DataType)tensor.DataType, ElementTypes.Count(tensor.Dims))];
        for (var done = 0; done < bytes.Length;)
        {
            var n = RandomAccess.Read(file, bytes.AsSpan(done), offset + done);
            if (n == 0) throw new InvalidModelException($"'{Name}', initializer '{tensor.Name}': external data ends early");
            done += n;
        }
        return bytes;
    }

    /// <summary>Replaces a tensor's elements, keeping the form it is stored in (raw, typed field, external).</summary>
    /// <param name="tensor">A tensor of this model.</param>
    /// <param name="bytes">As <see cref="ReadRaw"/> gives them; the length must not change.</param>
    public void WriteRaw(TensorProto tensor, ReadOnlySpan<byte> bytes)
    {
        var expected = ElementTypes.RawBytes((DataType)tensor.DataType, ElementTypes.Count(tensor.Dims));
        if (bytes.Length != expected) throw new ArgumentException($"'{Name}', tensor '{tensor.Name}': expected {expected} bytes, got {bytes.Length}", nameof(bytes));
        if (tensor.HasRawData || tensor.DataLocation == DataLocation.External) tensor.RawData = ByteString.CopyFrom(bytes);
        else TypedFields.Write(tensor, bytes);
    }

    /// <summary>Writes the model (and its external data) atomically.</summary>
    public void Save(string path) => AtomicFile.Write(path, stream => Proto.WriteTo(stream));

    /// <summary>The model as one serialised message, inline weights included; external data stays external.</summary>
    public byte[] ToBytes() => Proto.ToByteArray();
}

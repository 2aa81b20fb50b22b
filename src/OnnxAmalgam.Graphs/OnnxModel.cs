using Onnx;

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
    public static OnnxModel Load(string path) => throw new NotImplementedException();

    /// <summary>A deep copy of the fields; weights that lie in files stay there and are shared.</summary>
    public OnnxModel Clone() => throw new NotImplementedException();

    /// <summary>The tensor's elements as ONNX raw data (little-endian, row-major), wherever and however they are stored.</summary>
    public byte[] ReadRaw(TensorProto tensor) => throw new NotImplementedException();

    /// <summary>Replaces a tensor's elements, keeping the form it is stored in (raw, typed field, external).</summary>
    /// <param name="tensor">A tensor of this model.</param>
    /// <param name="bytes">As <see cref="ReadRaw"/> gives them; the length must not change.</param>
    public void WriteRaw(TensorProto tensor, ReadOnlySpan<byte> bytes) => throw new NotImplementedException();

    /// <summary>Writes the model (and its external data) atomically.</summary>
    public void Save(string path) => throw new NotImplementedException();

    /// <summary>The model as one serialised message, inline weights included; external data stays external.</summary>
    public byte[] ToBytes() => throw new NotImplementedException();
}

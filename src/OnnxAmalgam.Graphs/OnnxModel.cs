using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs.Files;
using OnnxAmalgam.Graphs.Validation;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs;

/// <summary>An ONNX model as its file holds it: every field kept, unknown ones too. Large weights stay in the file
/// (inline or external) and are read by <see cref="ReadRaw"/> when somebody needs them; the file stays open for that, so it may be
/// replaced, but not changed in place, while the model is in use.</summary>
public sealed class OnnxModel
{
    readonly IReadOnlyList<WeightStore> stores;
    readonly ExternalFiles? externalFiles;

    /// <summary>Wraps a model made in memory; every tensor's data is inline.</summary>
    /// <param name="proto">The model; owned by this object from here on.</param>
    /// <param name="name">What messages call it.</param>
    public OnnxModel(ModelProto proto, string name)
        : this(proto, name, [], null)
    {
    }

    OnnxModel(ModelProto proto, string name, IReadOnlyList<WeightStore> stores, ExternalFiles? externalFiles)
    {
        Proto = proto;
        Name = name;
        this.stores = stores;
        this.externalFiles = externalFiles;
    }

    OnnxModel(OnnxModel other, ModelProto? proto = null)
        : this(proto ?? other.Proto, other.Name, other.stores, other.externalFiles)
    {
        Path = other.Path;
        Notes = other.Notes;
        RoundTripNote = other.RoundTripNote;
    }

    /// <summary>Where placeholders among its tensors lead.</summary>
    internal IReadOnlyList<WeightStore> Stores => stores;

    /// <summary>The model's fields. The elements of a large tensor (<c>raw_data</c>, <c>float_data</c>, <c>double_data</c>) may be a placeholder here: read through <see cref="ReadRaw"/>.</summary>
    public ModelProto Proto { get; }

    /// <summary>What messages call it: the path it was loaded from, or the given name.</summary>
    public string Name { get; }

    /// <summary>The file it was loaded from (full path), or null.</summary>
    public string? Path { get; private init; }

    /// <summary>What is unusual about the file without being wrong: a newer opset than this program knows, unsorted nodes, ...</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Null when saving the model as it was loaded gives the file's bytes again; else why not, in words.
    /// The saved file is the same model either way.</summary>
    public string? RoundTripNote { get; private init; }

    /// <summary>A model made of others' fields, whose large weights stay where they are.</summary>
    internal static OnnxModel Made(ModelProto proto, string name, IReadOnlyList<WeightStore> stores) => new(proto, name, stores, null);

    /// <summary>Loads and validates a model. No large weight is read, but for files of external data that state a checksum.</summary>
    /// <exception cref="InvalidModelException">Not an ONNX file, truncated, cyclic, wrong data lengths, ...</exception>
    /// <exception cref="InputException">The file cannot be read.</exception>
    public static OnnxModel Load(string path)
    {
        try
        {
            var full = FullPath.Of(path);
            var parsed = ModelFile.Read(full, path);
            var model = new OnnxModel(parsed.Proto, path, [parsed.Weights], new ExternalFiles(full)) { Path = full };
            var findings = ModelRules.Check(model);
            return new OnnxModel(model) { Notes = findings.Notes, RoundTripNote = parsed.RoundTripNote ?? findings.Reordered };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"'{path}': expected a file that can be read, got: {e.Message}", e);
        }
    }

    /// <summary>A deep copy of the fields; weights that lie in files stay there and are shared.</summary>
    public OnnxModel Clone() => new(this, Proto.Clone());

    /// <summary>The tensor's elements as ONNX raw data (little-endian, row-major), wherever and however they are stored.</summary>
    /// <exception cref="InputException">The file that holds them changed or cannot be read, or there are more than 2 GiB
    /// (see <see cref="CopyRaw(TensorProto, Stream)"/>).</exception>
    /// <exception cref="ArgumentException">The elements are strings.</exception>
    public byte[] ReadRaw(TensorProto tensor)
    {
        RequireNumbers(tensor);
        if (Stored(tensor) is { } stored)
        {
            if (stored.Length > Array.MaxLength)
                throw new InputException($"{Describe(tensor)}: expected at most {Array.MaxLength} bytes to read at once, got {stored.Length}");
            var bytes = GC.AllocateUninitializedArray<byte>((int)stored.Length);
            stored.File.Read(stored.Offset, bytes);
            return bytes;
        }
        return tensor.HasRawData ? tensor.RawData.ToByteArray() : TypedFields.Read(tensor);
    }

    /// <summary>Writes what <see cref="ReadRaw"/> gives to a stream, in pieces; any size.</summary>
    /// <exception cref="InputException">The file that holds them changed or cannot be read.</exception>
    public void CopyRaw(TensorProto tensor, Stream output)
    {
        RequireNumbers(tensor);
        if (Stored(tensor) is { } stored) stored.File.CopyTo(output, stored.Offset, stored.Length);
        else if (tensor.HasRawData) output.Write(tensor.RawData.Span);
        else output.Write(TypedFields.Read(tensor));
    }

    /// <summary>Copies what <see cref="ReadRaw"/> gives into memory of exactly that size, without an array in between where the data lies in a file.</summary>
    /// <exception cref="InputException">The file that holds them changed or cannot be read.</exception>
    /// <exception cref="ArgumentException">Another size, or the elements are strings.</exception>
    public void CopyRaw(TensorProto tensor, Span<byte> destination)
    {
        RequireNumbers(tensor);
        var stored = Stored(tensor);
        var expected = stored?.Length ?? (tensor.HasRawData ? tensor.RawData.Length : ElementTypes.RawBytes(tensor));
        if (destination.Length != expected)
            throw new ArgumentException($"{Describe(tensor)}: expected room for {expected} bytes, got {destination.Length}", nameof(destination));
        if (stored is { } bytes) bytes.File.Read(bytes.Offset, destination);
        else if (tensor.HasRawData) tensor.RawData.Span.CopyTo(destination);
        else TypedFields.Read(tensor).CopyTo(destination);
    }

    /// <summary>Replaces a tensor's elements, keeping the form it is stored in (raw, typed field, external).</summary>
    /// <param name="tensor">A tensor of this model. One that is external holds the new bytes in <c>raw_data</c> until it is saved; one without
    /// data gets it as raw data.</param>
    /// <param name="bytes">As <see cref="ReadRaw"/> gives them; the length must not change.</param>
    /// <exception cref="ArgumentException">Another length, or the elements are strings.</exception>
    public void WriteRaw(TensorProto tensor, ReadOnlySpan<byte> bytes)
    {
        RequireNumbers(tensor);
        var expected = ElementTypes.RawBytes(tensor);
        if (bytes.Length != expected)
            throw new ArgumentException($"{Describe(tensor)}: expected {expected} bytes, got {bytes.Length}", nameof(bytes));
        var isTyped = !tensor.HasRawData && !Tensors.IsExternal(tensor) && TypedFields.Count(tensor) > 0;
        if (isTyped && FindPlaceholder(tensor) is not null) TypedFields.Fill(tensor, bytes);
        else if (isTyped) TypedFields.Write(tensor, bytes);
        else if (bytes.Length > 0) tensor.RawData = ByteString.CopyFrom(bytes);
    }

    /// <summary>Marks initializers of this size or more, which are inline as raw data, to be saved as external data.</summary>
    /// <remarks>The way to save a model whose data exceeds the 2 GiB of one protobuf message.</remarks>
    public void MoveToExternalData(long minimumBytes = 1024)
    {
        foreach (var tensor in Proto.Graph.Initializer)
        {
            if (!tensor.HasRawData || Tensors.IsExternal(tensor) || ElementTypes.RawBytes(tensor) < minimumBytes) continue;
            tensor.DataLocation = DataLocation.External;
            tensor.ExternalData.Clear();
            new ExternalReference("weights", 0, null).WriteTo(tensor);
        }
    }

    /// <summary>Writes the model (and its external data) atomically.</summary>
    /// <remarks>External data goes to new files in the target's folder: under its own name where that is free and looks like a data
    /// file's, else <c>NAME.onnx.data</c> (<c>NAME.onnx.1.data</c>, ...). A model saved over the file it was loaded from goes on using
    /// data files whose tensors did not change. Files no longer used are left to their owner.</remarks>
    /// <exception cref="InputException">The folder cannot be written, the disk is full, or the model exceeds 2 GiB without external data.</exception>
    public void Save(string path)
    {
        if (!Tensors.Of(Proto).Any(Tensors.IsExternal))
        {
            var whole = Inflate(Proto);
            AtomicFile.Write(path, whole.WriteTo);
            return;
        }
        var export = ExternalExport.Write(this, FullPath.Of(path));
        try
        {
            var whole = Inflate(export.Proto);
            AtomicFile.Write(path, whole.WriteTo);
        }
        catch
        {
            export.RemoveWritten();
            throw;
        }
    }

    /// <summary>The model as one serialised message, inline weights included; external data stays external, but for tensors that
    /// <see cref="WriteRaw"/> changed: these are inline.</summary>
    /// <exception cref="InputException">The model exceeds 2 GiB.</exception>
    public byte[] ToBytes()
    {
        var proto = Proto;
        if (Tensors.Of(proto).Any(IsPending))
        {
            proto = proto.Clone();
            foreach (var tensor in Tensors.Of(proto).Where(IsPending))
            {
                tensor.ClearDataLocation();
                tensor.ExternalData.Clear();
            }
        }
        var whole = Inflate(proto);
        var bytes = GC.AllocateUninitializedArray<byte>((int)whole.Size);
        using var stream = new MemoryStream(bytes);
        whole.WriteTo(stream);
        return bytes;
    }

    /// <summary>How messages call a tensor of this model.</summary>
    internal string Describe(TensorProto tensor) => $"'{Name}', tensor '{tensor.Name}'";

    /// <summary>Where the tensor's data lies in a file, or null when it is in <see cref="Proto"/>.</summary>
    internal StoredBytes? Stored(TensorProto tensor) =>
        Tensors.IsExternal(tensor) && !tensor.HasRawData ? FindExternal(tensor, ElementTypes.RawBytes(tensor), Describe(tensor)) : FindPlaceholder(tensor);

    /// <summary>Length of <c>raw_data</c>, in the file or in <see cref="Proto"/>.</summary>
    internal long RawDataLength(TensorProto tensor) => FindPlaceholder(tensor)?.Length ?? tensor.RawData.Length;

    /// <summary>Entries of the typed field, in the file or in <see cref="Proto"/>.</summary>
    internal long EntryCount(TensorProto tensor) =>
        FindPlaceholder(tensor) is { } stored ? stored.Length / TypedFields.EntryBytes((DataType)tensor.DataType) : TypedFields.Count(tensor);

    /// <summary>Where a tensor's external data lies: in an allowed place, with room for these bytes.</summary>
    /// <exception cref="InvalidModelException">It does not.</exception>
    internal StoredBytes FindExternal(TensorProto tensor, long bytes, string where) => externalFiles is null
        ? throw new InputException($"{where}: expected inline data in a model made in memory, got external data")
        : externalFiles.Find(ExternalReference.Of(tensor, where), bytes, where);

    StoredBytes? FindPlaceholder(TensorProto tensor)
    {
        var elements = tensor.HasRawData ? tensor.RawData.Span : TypedFields.MaybePlaceholder(tensor);
        foreach (var store in stores)
            if (store.Find(elements) is { } stored) return stored;
        return null;
    }

    static bool IsPending(TensorProto tensor) => Tensors.IsExternal(tensor) && tensor.HasRawData;

    void RequireNumbers(TensorProto tensor)
    {
        if (tensor.DataType == (int)DataType.String) throw new ArgumentException($"{Describe(tensor)}: expected numbers, got strings, which have no raw form", nameof(tensor));
    }

    Inflation Inflate(ModelProto proto)
    {
        var inline = Tensors.Of(proto).Sum(t => (long)t.RawData.Length);
        var size = inline > int.MaxValue ? inline : proto.CalculateSize();
        if (size is >= 0 and <= int.MaxValue)
        {
            var whole = new Inflation(proto.ToByteArray(), stores);
            if (whole.Size <= int.MaxValue) return whole;
            size = whole.Size;
        }
        var got = size < 0 ? "more" : $"{size}";
        throw new InputException($"'{Name}': expected at most {int.MaxValue} bytes in one ONNX file, got {got}; keep the weights in external data (MoveToExternalData)");
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Makes initializers in a graph that is being edited, under names that nothing else has.</summary>
internal sealed class NewInitializers(ModelProto model)
{
    // from IR 4 on initializers need not be declared as inputs too
    const long IrOfOwnInitializers = 4;

    readonly GraphProto graph = model.Graph;
    readonly HashSet<string> taken = Names(model.Graph);

    /// <summary>The name itself, or the name with a number, whichever is free.</summary>
    public string Free(string wanted)
    {
        var name = wanted;
        for (var number = 1; !taken.Add(name); number++)
            name = $"{wanted}_{number}";
        return name;
    }

    /// <summary>Adds a tensor, or puts it in the place of the initializer that has its name.</summary>
    public void Put(TensorProto tensor)
    {
        var index = graph.Initializer.TakeWhile(one => one.Name != tensor.Name).Count();
        if (index < graph.Initializer.Count)
            graph.Initializer[index] = tensor;
        else
            graph.Initializer.Add(tensor);

        var declared = graph.Input.FirstOrDefault(input => input.Name == tensor.Name);
        if (declared is null && model.IrVersion < IrOfOwnInitializers)
            graph.Input.Add(declared = new ValueInfoProto { Name = tensor.Name });
        if (declared is not null)
            declared.Type = OutputDeclarations.TypeOf(new ValueFact((DataType)tensor.DataType, [.. tensor.Dims.Select(size => new Dim(size, null))]));
    }

    /// <summary>A float tensor of the given element type.</summary>
    /// <exception cref="InputException">The type is not Float, Double, Float16 or Bfloat16.</exception>
    public static TensorProto Floats(string name, DataType type, IEnumerable<long> dims, ReadOnlySpan<float> elements)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type };
        tensor.Dims.Add(dims);
        tensor.RawData = ByteString.CopyFrom(Encode(type, elements));
        return tensor;
    }

    /// <summary>A vector of 64-bit integers.</summary>
    public static TensorProto Integers(string name, ReadOnlySpan<long> elements)
    {
        var bytes = new byte[elements.Length * sizeof(long)];
        for (var i = 0; i < elements.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), elements[i]);
        return new TensorProto { Name = name, DataType = (int)DataType.Int64, Dims = { elements.Length }, RawData = UnsafeByteOperations.UnsafeWrap(bytes) };
    }

    /// <summary>Elements of a float type as raw data.</summary>
    public static byte[] Encode(DataType type, ReadOnlySpan<float> elements) => type switch
    {
        DataType.Float => MemoryMarshal.AsBytes(elements).ToArray(),
        DataType.Double => MemoryMarshal.AsBytes<double>(Array.ConvertAll(elements.ToArray(), x => (double)x)).ToArray(),
        DataType.Float16 => MemoryMarshal.AsBytes<Half>(Array.ConvertAll(elements.ToArray(), x => (Half)x)).ToArray(),
        DataType.Bfloat16 => MemoryMarshal.AsBytes<ushort>(Array.ConvertAll(elements.ToArray(), Bfloat16)).ToArray(),
        _ => throw new InputException($"weight of the classifier's head: expected a float type, got {type}; a quantised model cannot get a new head"),
    };

    /// <summary>The upper half of a float, rounded to nearest, ties to even.</summary>
    static ushort Bfloat16(float x)
    {
        var bits = BitConverter.SingleToUInt32Bits(x);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    static HashSet<string> Names(GraphProto graph)
    {
        var names = graph.Input.Select(input => input.Name)
            .Concat(graph.Initializer.Select(tensor => tensor.Name))
            .Concat(graph.SparseInitializer.Select(sparse => sparse.Values.Name))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            names.UnionWith(node.Output);
            foreach (var body in Captures.Bodies(node))
                names.UnionWith(Names(body));
        }
        return names;
    }
}

using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs.Files;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Tests.Files;

/// <summary>Large files that take no room on disk.</summary>
static class SparseModel
{
    /// <summary>Writes a model whose weights are holes of a sparse file, each ending in a byte that says which it is.</summary>
    public static void Write(string path, int tensors, int elements)
    {
        var names = Enumerable.Range(0, tensors).Select(i => $"w{i}").ToArray();
        var proto = TinyModel.Of(TinyModel.Graph([TinyModel.Node("Sum", ["x", .. names], ["y"])]));
        var bodies = names.Select(n => new TensorProto { Dims = { elements }, DataType = (int)DataType.Float, Name = n }.ToByteArray()).ToList();
        var raw = 4L * elements;
        using var file = new FileStream(path, FileMode.CreateNew);
        var tensorSizes = bodies.Select(b => b.Length + Field(raw)).ToList();
        var graphHead = new GraphProto { Node = { proto.Graph.Node }, Name = "g" }.ToByteArray();
        var graphTail = new GraphProto { Input = { proto.Graph.Input }, Output = { proto.Graph.Output } }.ToByteArray();
        file.Write(new ModelProto { IrVersion = 8, ProducerName = "tests" }.ToByteArray());
        Begin(file, 7, graphHead.Length + graphTail.Length + tensorSizes.Sum(Field));
        file.Write(graphHead);
        for (var i = 0; i < tensors; i++)
        {
            Begin(file, 5, tensorSizes[i]);
            file.Write(bodies[i]);
            Begin(file, 9, raw);
            file.Seek(raw - 1, SeekOrigin.Current);
            file.WriteByte((byte)(i + 1));
        }
        file.Write(graphTail);
        file.Write(new ModelProto { OpsetImport = { proto.OpsetImport } }.ToByteArray());

        static long Field(long body) => 1 + Varint.Size((ulong)body) + body;
        static void Begin(Stream output, int field, long length)
        {
            output.WriteByte((byte)((field << 3) | 2));
            Varint.Write(output, (ulong)length);
        }
    }
}

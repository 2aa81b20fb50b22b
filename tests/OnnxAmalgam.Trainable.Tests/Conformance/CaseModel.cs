using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;
using DataType = Onnx.TensorProto.Types.DataType;

namespace OnnxAmalgam.Trainable.Tests.Conformance;

/// <summary>Where a model keeps what its node reads beside the first input.</summary>
internal enum Placement
{
    Inputs,
    Initializers,
    Constants,
}

/// <summary>A model of one node, and what it is fed.</summary>
internal sealed class CaseModel : IDisposable
{
    CaseModel(OnnxModel model, Dictionary<string, Tensor> feeds, string[] outputs) => (Model, Feeds, Outputs) = (model, feeds, outputs);

    public OnnxModel Model { get; }

    public Dictionary<string, Tensor> Feeds { get; }

    public string[] Outputs { get; }

    public static CaseModel Of(Case c, int opset, ScalarType type, long batch, Placement storage)
    {
        using var scope = NewDisposeScope();
        var random = new Random(20_261);
        var graph = new GraphProto { Name = "case" };
        var node = new NodeProto { Name = "node", OpType = c.Type, Domain = c.Domain };
        node.Attribute.AddRange(c.Attributes);
        var feeds = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        for (var i = 0; i < c.Operands.Length; i++)
        {
            var name = c.Operands[i] is null ? "" : $"x{i}";
            if (i < c.Operands.Length - c.Captured) node.Input.Add(name);
            if (c.Operands[i] is not { } operand) continue;
            var tensor = operand.Make(random, type, batch);
            if (i == 0 || storage == Placement.Inputs)
            {
                graph.Input.Add(Value(name, tensor));
                feeds.Add(name, tensor.MoveToOuterDisposeScope());
            }
            else if (storage == Placement.Constants)
            {
                var constant = new NodeProto { Name = $"constant{i}", OpType = "Constant" };
                constant.Output.Add(name);
                constant.Attribute.Add(Case.A("value", Proto("", tensor)));
                graph.Node.Add(constant);
            }
            else
            {
                graph.Initializer.Add(Proto(name, tensor));
            }
        }

        string[] outputs = [.. Enumerable.Range(0, c.Outputs).Select(i => $"y{i}")];
        node.Output.AddRange(Enumerable.Range(0, c.Outputs).Select(i => c.LeftOut.Contains(i) ? "" : outputs[i]));
        outputs = [.. node.Output.Where(output => output.Length > 0)];
        graph.Output.AddRange(outputs.Select(output => new ValueInfoProto { Name = output }));
        graph.Node.Add(node);
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = opset });
        if (c.Domain.Length > 0) model.OpsetImport.Add(new OperatorSetIdProto { Domain = c.Domain, Version = 1 });
        return new(new OnnxModel(model, "case.onnx"), feeds, outputs);
    }

    public void Dispose()
    {
        foreach (var tensor in Feeds.Values) tensor.Dispose();
    }

    public static TensorProto Proto(string name, Tensor tensor)
    {
        var type = TypeOf(tensor.dtype);
        var proto = new TensorProto { Name = name, DataType = (int)type, RawData = Google.Protobuf.ByteString.CopyFrom(TensorProtos.ToRaw(tensor, type)) };
        proto.Dims.AddRange(tensor.shape);
        return proto;
    }

    public static ValueInfoProto Value(string name, Tensor tensor)
    {
        var shape = new TensorShapeProto();
        shape.Dim.AddRange(tensor.shape.Select(size => new TensorShapeProto.Types.Dimension { DimValue = size }));
        return new() { Name = name, Type = new() { TensorType = new() { ElemType = (int)TypeOf(tensor.dtype), Shape = shape } } };
    }

    static DataType TypeOf(ScalarType type) =>
        Enum.GetValues<DataType>().First(candidate => TensorProtos.ScalarTypeOf(candidate) == type);
}

using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Tests.Conformance;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>Models of a few nodes: <c>new TinyModel().Input("x", x).Stored("w", w).Node("MatMul", "x w", "y").Output("y")</c>.</summary>
internal sealed class TinyModel
{
    public ModelProto Proto { get; } = new() { IrVersion = 8, Graph = new() { Name = "tiny" } };

    public TinyModel(int opset = 17) => Import("", opset);

    public TinyModel Import(string domain, int opset)
    {
        Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = opset });
        return this;
    }

    public TinyModel Input(string name, Tensor like)
    {
        Proto.Graph.Input.Add(CaseModel.Value(name, like));
        return this;
    }

    /// <summary>An input of any shape.</summary>
    public TinyModel Typed(string name, Tensor like)
    {
        Input(name, like).Proto.Graph.Input[^1].Type.TensorType.Shape = null;
        return this;
    }

    public TinyModel Stored(string name, Tensor tensor)
    {
        using (tensor) Proto.Graph.Initializer.Add(CaseModel.Proto(name, tensor));
        return this;
    }

    /// <summary>Names of inputs and outputs are separated by spaces; the node is called after its first output.</summary>
    public TinyModel Node(string type, string inputs, string outputs, params AttributeProto[] attributes)
    {
        string[] made = outputs.Split(' ');
        var node = new NodeProto { Name = $"make_{made[0]}", OpType = type };
        node.Input.AddRange(inputs.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => name == "-" ? "" : name));
        node.Output.AddRange(made);
        node.Attribute.AddRange(attributes);
        Proto.Graph.Node.Add(node);
        return this;
    }

    public TinyModel Output(params string[] names)
    {
        Proto.Graph.Output.AddRange(names.Select(name => new ValueInfoProto { Name = name }));
        return this;
    }

    public OnnxModel Build() => new(Proto.Clone(), "tiny.onnx");
}

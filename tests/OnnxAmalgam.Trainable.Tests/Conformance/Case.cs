using Onnx;
using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace OnnxAmalgam.Trainable.Tests.Conformance;

/// <summary>One node with its inputs and attributes, which every row of the operator that holds in its opsets must compute as ORT does.</summary>
internal sealed record Case(string Type, params Operand?[] Operands)
{
    public string Domain { get; init; } = "";

    public AttributeProto[] Attributes { get; init; } = [];

    /// <summary>The opsets in which the node is valid.</summary>
    public int From { get; init; } = OperatorTable.OldestOpset;

    public int To { get; init; } = OperatorTable.NewestOpset;

    /// <summary>How many outputs are asked for.</summary>
    public int Outputs { get; init; } = 1;

    /// <summary>Outputs among them that are left out.</summary>
    public int[] LeftOut { get; init; } = [];

    /// <summary>How many of the last operands a body takes by name (<c>x3</c>), so that the node does not list them.</summary>
    public int Captured { get; init; }

    /// <summary>The types it is run in: those that ORT's CPU kernels have.</summary>
    public ScalarType[] Types { get; init; } = ElementTypeSets.Floating;

    /// <summary>The outputs are piecewise constant: no gradient.</summary>
    public bool IsFlat { get; init; }

    /// <summary>The inputs lie on ties or kinks, where no gradient is asked for.</summary>
    public bool HasKink { get; init; }

    /// <summary>Neither ONNX nor ORT has the node in float16.</summary>
    public bool LacksFloat16 { get; init; }

    /// <summary>Largest difference from ORT in float32, absolute and relative.</summary>
    public double Tolerance { get; init; } = 1e-5;

    /// <summary>How a test is called.</summary>
    public string Name
    {
        get
        {
            var operands = Operands.Select(operand => operand is null ? "-" : $"[{string.Join(',', operand.Shape.Select(size => size == Operand.N ? "n" : $"{size}"))}]");
            var attributes = Attributes.Select(attribute => $" {attribute.Name}={Text(attribute)}");
            return $"{Domain}{(Domain.Length > 0 ? "." : "")}{Type}({string.Join(' ', operands)}){string.Concat(attributes)} {From}-{To}";
        }
    }

    /// <summary>The rows that it tests, each with the first and the newest opset in which both hold.</summary>
    public IEnumerable<(Operator Row, int[] Opsets)> Rows()
    {
        foreach (var row in OperatorTable.All.Rows.Where(row => row.Domain == Domain && row.Type == Type))
        {
            var (first, last) = Holds(row);
            (first, last) = (Math.Max(first, From), Math.Min(last, To));
            if (first <= last) yield return (row, first == last ? [first] : [first, last]);
        }
    }

    /// <summary>The first and the last opset at which lookup gives the row.</summary>
    public static (int First, int Last) Holds(Operator row)
    {
        if (row.Domain.Length > 0) return (OperatorTable.OldestOpset, OperatorTable.NewestOpset);
        var next = OperatorTable.All.Rows.Where(other => other.Domain == row.Domain && other.Type == row.Type && other.Since > row.Since)
            .Select(other => other.Since).DefaultIfEmpty(OperatorTable.NewestOpset + 1).Min();
        return (Math.Max(row.Since, OperatorTable.OldestOpset), next - 1);
    }

    public static AttributeProto A(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    public static AttributeProto A(string name, float value) => new() { Name = name, Type = AttributeType.Float, F = value };

    public static AttributeProto A(string name, string value) =>
        new() { Name = name, Type = AttributeType.String, S = Google.Protobuf.ByteString.CopyFromUtf8(value) };

    public static AttributeProto A(string name, TensorProto value) => new() { Name = name, Type = AttributeType.Tensor, T = value };

    public static AttributeProto A(string name, TinyModel body) => new() { Name = name, Type = AttributeType.Graph, G = body.Proto.Graph };

    public static AttributeProto A(string name, long[] values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeType.Ints };
        attribute.Ints.AddRange(values);
        return attribute;
    }

    public static AttributeProto A(string name, float[] values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeType.Floats };
        attribute.Floats.AddRange(values);
        return attribute;
    }

    public static AttributeProto A(string name, string[] values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeType.Strings };
        attribute.Strings.AddRange(values.Select(Google.Protobuf.ByteString.CopyFromUtf8));
        return attribute;
    }

    static string Text(AttributeProto attribute) => attribute.Type switch
    {
        AttributeType.Int => $"{attribute.I}",
        AttributeType.Float => $"{attribute.F}",
        AttributeType.String => attribute.S.ToStringUtf8(),
        AttributeType.Ints => string.Join(',', attribute.Ints),
        AttributeType.Floats => string.Join(',', attribute.Floats),
        AttributeType.Strings => string.Join(',', attribute.Strings.Select(text => text.ToStringUtf8())),
        AttributeType.Tensor => $"{(TensorProto.Types.DataType)attribute.T.DataType}[{string.Join(',', attribute.T.Dims)}]",
        _ => $"{attribute.Type}",
    };
}

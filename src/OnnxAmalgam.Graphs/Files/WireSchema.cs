namespace OnnxAmalgam.Graphs.Files;

/// <summary>The messages that lie between a model and its tensors' elements.</summary>
enum WireMessage
{
    /// <summary>Any other message: nothing in it holds a tensor.</summary>
    Other,
    Model,
    TrainingInfo,
    Function,
    Graph,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
}

/// <summary>The few facts of onnx.proto that a walk over the wire form needs.</summary>
static class WireSchema
{
    /// <summary>Whether a field holds a tensor's elements as their bytes: <c>raw_data</c>, or packed <c>float_data</c> or <c>double_data</c>.</summary>
    public static bool IsElements(WireMessage message, int field) => (message, field) is (WireMessage.Tensor, 4 or 9 or 10);

    /// <summary>Whether that field is a list of numbers.</summary>
    public static bool IsList(WireMessage message, int field) => (message, field) is (WireMessage.Tensor, 4 or 10);

    /// <summary>Bytes of one element of that field.</summary>
    public static int ElementBytes(int field) => field switch { 4 => sizeof(float), 10 => sizeof(double), _ => 1 };

    /// <summary>What a length-delimited field of this number holds in this message.</summary>
    public static WireMessage Child(WireMessage message, int field) => (message, field) switch
    {
        (WireMessage.Model, 7) => WireMessage.Graph,
        (WireMessage.Model, 20) => WireMessage.TrainingInfo,
        (WireMessage.Model, 25) => WireMessage.Function,
        (WireMessage.TrainingInfo, 1 or 2) => WireMessage.Graph,
        (WireMessage.Function, 7) => WireMessage.Node,
        (WireMessage.Function, 11) => WireMessage.Attribute,
        (WireMessage.Graph, 1) => WireMessage.Node,
        (WireMessage.Graph, 5) => WireMessage.Tensor,
        (WireMessage.Graph, 15) => WireMessage.SparseTensor,
        (WireMessage.Node, 5) => WireMessage.Attribute,
        (WireMessage.Attribute, 5 or 10) => WireMessage.Tensor,
        (WireMessage.Attribute, 6 or 11) => WireMessage.Graph,
        (WireMessage.Attribute, 22 or 23) => WireMessage.SparseTensor,
        (WireMessage.SparseTensor, 1 or 2) => WireMessage.Tensor,
        _ => WireMessage.Other,
    };
}

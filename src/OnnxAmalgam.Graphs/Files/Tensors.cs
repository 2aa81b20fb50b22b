using Onnx;
using static Onnx.AttributeProto.Types;
using static Onnx.TensorProto.Types;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>Every tensor of a model, wherever it lies.</summary>
static class Tensors
{
    /// <summary>Tensors of the main graph, its bodies, functions and training graphs, in file order.</summary>
    public static IEnumerable<TensorProto> Of(ModelProto model)
    {
        IEnumerable<GraphProto> graphs = model.Graph is null ? [] : [model.Graph];
        var training = model.TrainingInfo.SelectMany(t => new[] { t.Initialization, t.Algorithm }).Where(g => g is not null);
        return graphs.Concat(training).SelectMany(Of).Concat(model.Functions.SelectMany(f => f.Node.SelectMany(Of).Concat(f.AttributeProto.SelectMany(Of))));
    }

    /// <summary>Whether the data lies in a file beside the model.</summary>
    public static bool IsExternal(TensorProto tensor) => tensor.DataLocation == DataLocation.External;

    static IEnumerable<TensorProto> Of(GraphProto graph) =>
        graph.Node.SelectMany(Of).Concat(graph.Initializer).Concat(graph.SparseInitializer.SelectMany(Of));

    static IEnumerable<TensorProto> Of(NodeProto node) => node.Attribute.SelectMany(Of);

    static IEnumerable<TensorProto> Of(AttributeProto attribute) => attribute.Type switch
    {
        AttributeType.Tensor when attribute.T is not null => [attribute.T],
        AttributeType.Tensors => attribute.Tensors,
        AttributeType.Graph when attribute.G is not null => Of(attribute.G),
        AttributeType.Graphs => attribute.Graphs.SelectMany(Of),
        AttributeType.SparseTensor when attribute.SparseTensor is not null => Of(attribute.SparseTensor),
        AttributeType.SparseTensors => attribute.SparseTensors.SelectMany(Of),
        _ => [],
    };

    static IEnumerable<TensorProto> Of(SparseTensorProto sparse) =>
        new[] { sparse.Values, sparse.Indices }.Where(t => t is not null);
}

using Google.Protobuf.Collections;
using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Operators;

namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>Turns every node of a model that is in training form into its evaluation form, in bodies and functions too.</summary>
internal static class EvaluationForm
{
    /// <summary>Changes the model.</summary>
    public static void Apply(ModelProto model)
    {
        Apply(model.Graph.Node, FunctionCalls.Opsets(model.OpsetImport));
        foreach (var function in model.Functions) Apply(function.Node, FunctionCalls.Opsets(function.OpsetImport));
    }

    static void Apply(RepeatedField<NodeProto> nodes, Dictionary<string, long> opsets)
    {
        foreach (var node in nodes)
        {
            var domain = OperatorTable.Canonical(node.Domain);
            OperatorTable.All.Find(domain, node.OpType, opsets.GetValueOrDefault(domain))?.ToEvaluationForm?.Invoke(node);
            foreach (var body in Captures.Bodies(node)) Apply(body.Node, opsets);
        }
    }
}

using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Operators;

namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>Decides which stored tensors of a graph are trained; the rule is in <see cref="TrainableGraph"/>'s documentation.</summary>
internal sealed class TrainedTensors
{
    readonly BoundGraph _graph;
    readonly TensorProto?[] _stored;
    readonly bool[] _varies;
    readonly bool[] _dependsOnWeights;
    readonly Func<TensorProto, byte[]> _readRaw;
    readonly HashSet<int> _weights = [];
    readonly HashSet<int> _statistics = [];

    public TrainedTensors(BoundGraph graph, TensorProto?[] stored, Func<TensorProto, byte[]> readRaw)
    {
        (_graph, _stored, _readRaw) = (graph, stored, readRaw);
        _varies = new bool[graph.SlotCount];
        _dependsOnWeights = new bool[graph.SlotCount];
        foreach (var input in graph.View.Inputs) _varies[graph.Find(input.Name)] = true;
        foreach (var node in graph.Nodes) Look(node);
        RefuseStatisticsThatTrain();
    }

    /// <summary>Slots of the tensors that become parameters.</summary>
    public IReadOnlySet<int> Weights => _weights;

    /// <summary>Slots of the tensors that are running statistics.</summary>
    public IReadOnlySet<int> Statistics => _statistics;

    /// <summary>Whether the value of a slot depends on a graph input's elements or on weights: whether it is an activation.</summary>
    public bool IsActivation(int slot) => _varies[slot] || _dependsOnWeights[slot];

    void Look(BoundNode node)
    {
        var reads = Enumerable.Range(0, node.Inputs.Length).Where(node.Reads).ToArray();
        foreach (var i in reads.Where(node.IsStatistic)) _statistics.UnionWith(Sources(node.Inputs[i]).Where(IsFloat));
        foreach (var i in reads.Where(node.IsWeight)) TakeWeights(node.Inputs[i]);
        if (node.Row.Joins && reads.Any(i => DependsOnWeights(node.Inputs[i])))
        {
            foreach (var i in reads)
                _weights.UnionWith(Sources(node.Inputs[i]).Where(IsOperand));
        }

        var varies = reads.Any(i => _varies[node.Inputs[i]]);
        var depends = reads.Any(i => DependsOnWeights(node.Inputs[i]));
        foreach (var slot in node.Outputs.Where(slot => slot >= 0))
            (_varies[slot], _dependsOnWeights[slot]) = (varies, depends);
    }

    void TakeWeights(int slot) =>
        _weights.UnionWith(Sources(slot).Where(source => source == slot ? IsFloat(source) : IsOperand(source)));

    bool DependsOnWeights(int slot) => _dependsOnWeights[slot] || _weights.Contains(slot);

    /// <summary>The stored tensors that a value is made of when no graph input has a part in it; none otherwise.</summary>
    IEnumerable<int> Sources(int slot)
    {
        if (_varies[slot]) return [];
        if (_stored[slot] is not null) return [slot];
        if (_graph.MakerOf[slot] is not { } maker) return [];
        return Enumerable.Range(0, maker.Inputs.Length).Where(maker.Reads).SelectMany(i => Sources(maker.Inputs[i])).Distinct();
    }

    bool IsFloat(int slot) => TensorProtos.IsFloat(_stored[slot]!);

    bool IsOperand(int slot) =>
        IsFloat(slot) && _stored[slot]!.Dims.Count > 0 && ElementTypes.Count(_stored[slot]!.Dims) > 1 && !IsMask(_stored[slot]!);

    /// <summary>An attention mask: an element that is not finite, or rank 2 and more with 0 and one other value only.</summary>
    bool IsMask(TensorProto tensor)
    {
        using var values = TensorProtos.ToTorch(tensor, _readRaw(tensor), new(TorchSharp.torch.ScalarType.Float64));
        var distinct = new HashSet<double>();
        foreach (var value in values.data<double>())
        {
            if (!double.IsFinite(value)) return true;
            if (distinct.Count < 3) distinct.Add(value);
        }

        return tensor.Dims.Count >= 2 && distinct.Count == 2 && distinct.Contains(0);
    }

    void RefuseStatisticsThatTrain()
    {
        var both = _graph.Nodes.SelectMany(node => node.Inputs.Where(slot => slot >= 0 && _weights.Contains(slot) && _statistics.Contains(slot)).Select(slot => (node, slot))).ToArray();
        if (both.Length == 0) return;
        throw UnsupportedModelException.Of(_graph.Model.Name, [.. both.Select(use => new UnsupportedNode(use.node.Proto.DisplayName(), use.node.Row.ToString(),
            $"expected initializer '{_stored[use.slot]!.Name}' to be either a weight or a running statistic, got both; export the model without sharing equal initializers"))]);
    }
}

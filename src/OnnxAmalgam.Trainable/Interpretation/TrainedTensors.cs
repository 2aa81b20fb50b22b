using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable.Operators;

namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>Decides, without libtorch, which stored tensors of a graph are trained; the rule is in <see cref="TrainableGraph"/>'s documentation.</summary>
internal sealed class TrainedTensors
{
    readonly BoundGraph _graph;
    readonly TensorProto?[] _stored;
    readonly bool[] _varies;
    readonly bool[] _dependsOnWeights;
    readonly Func<TensorProto, byte[]> _readRaw;
    readonly Dictionary<int, int[]> _sources = [];
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
        {
            (_varies[slot], _dependsOnWeights[slot]) = (varies, depends);
            // in the order of the nodes, so that nobody who asks goes back more than a step
            Sources(slot);
        }
    }

    void TakeWeights(int slot) =>
        _weights.UnionWith(Sources(slot).Where(source => source == slot ? IsFloat(source) : IsOperand(source)));

    bool DependsOnWeights(int slot) => _dependsOnWeights[slot] || _weights.Contains(slot);

    /// <summary>The stored tensors that a value is made of when no graph input has a part in it; none otherwise.</summary>
    public IEnumerable<int> Sources(int slot)
    {
        if (_varies[slot]) return [];
        if (_stored[slot] is not null) return [slot];
        if (_graph.MakerOf[slot] is not { } maker) return [];
        if (!_sources.TryGetValue(slot, out var found))
            _sources.Add(slot, found = [.. Enumerable.Range(0, maker.Inputs.Length).Where(i => maker.Reads(i) && !maker.Row.Formats.Contains(i)).SelectMany(i => Sources(maker.Inputs[i])).Distinct()]);
        return found;
    }

    bool IsFloat(int slot) => TensorProtos.IsFloat(_stored[slot]!);

    bool IsOperand(int slot) =>
        IsFloat(slot) && _stored[slot]!.Dims.Count > 0 && ElementTypes.Count(_stored[slot]!.Dims) > 1 && !IsMask(_stored[slot]!);

    /// <summary>An attention mask: an element that is not finite, or rank 2 and more with 0 and one other value only.</summary>
    bool IsMask(TensorProto tensor)
    {
        var distinct = new HashSet<double>();
        foreach (var value in TensorProtos.Numbers(tensor, _readRaw(tensor)))
        {
            if (!double.IsFinite(value)) return true;
            if (distinct.Count < 3) distinct.Add(value);
        }

        return tensor.Dims.Count >= 2 && distinct.Count == 2 && distinct.Contains(0);
    }

    void RefuseStatisticsThatTrain()
    {
        var both = _weights.Intersect(_statistics).ToHashSet();
        if (both.Count == 0) return;
        var reason = $"expected each initializer to be either a weight or a running statistic, got both from {string.Join(", ", both.Order().Select(slot => $"'{_stored[slot]!.Name}'"))}: "
            + "the exporter stored equal tensors once; export with tools/export_torch.py --keep-batchnorm, which keeps them apart, or train the network a step before the export";
        throw UnsupportedModelException.Of(_graph.Model.Name, [.. _graph.Nodes.Where(node => Uses(node, both)).Select(node => new UnsupportedNode(node.Proto.DisplayName(), node.Row.ToString(), reason))]);
    }

    /// <summary>Whether a node has one of the tensors, itself or through nodes that only pass it on, as a weight or a statistic.</summary>
    bool Uses(BoundNode node, HashSet<int> tensors) =>
        Enumerable.Range(0, node.Inputs.Length).Any(i => node.Reads(i) && (node.IsWeight(i) || node.IsStatistic(i)) && Sources(node.Inputs[i]).Any(tensors.Contains));
}

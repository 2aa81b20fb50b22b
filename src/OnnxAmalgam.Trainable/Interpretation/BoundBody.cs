using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Interpretation;

/// <summary>A graph inside a node (a branch, a loop's body), bound: runs on arguments and on what it takes from the graph around.</summary>
internal sealed class BoundBody
{
    readonly BoundGraph _graph;
    readonly int[] _inputs;
    readonly (int Slot, int Input)[] _captured;
    readonly Plan _plan;

    /// <param name="graph">The body's nodes.</param>
    /// <param name="around">Names of the node's inputs, captured ones after the listed ones.</param>
    public BoundBody(BoundGraph graph, IReadOnlyList<string> around)
    {
        _graph = graph;
        _inputs = [.. graph.View.Inputs.Select(input => graph.Find(input.Name))];
        _captured = [.. around.Select((name, input) => (graph.Find(name), input)).Where(pair => pair.Item1 >= 0 && !_inputs.Contains(pair.Item1) && graph.MakerOf[pair.Item1] is null)];
        _plan = Plan.Of(graph, [.. graph.View.Outputs.Select(graph.Find)], slot => _inputs.Contains(slot) || Array.Exists(_captured, pair => pair.Slot == slot));
    }

    /// <summary>The body's nodes.</summary>
    public BoundGraph Graph => _graph;

    /// <summary>Number of values that a run gives.</summary>
    public int OutputCount => _plan.Results.Length;

    /// <summary>Whether a row of the body has that input among the given ones (its weights, its statistics).</summary>
    public bool Uses(int input, Func<BoundNode, int, bool> has)
    {
        var slots = _captured.Where(pair => pair.Input == input).Select(pair => pair.Slot).ToHashSet();
        return _graph.Nodes.Any(node => Enumerable.Range(0, node.Inputs.Length).Any(i => slots.Contains(node.Inputs[i]) && has(node, i)));
    }

    /// <summary>The body's outputs for arguments in the order of its inputs; owned by the scope outside.</summary>
    public Tensor[] Run(NodeCall call, params Tensor[] arguments)
    {
        var values = new Tensor?[_graph.SlotCount];
        foreach (var (slot, input) in _captured) values[slot] = call[input];
        for (var i = 0; i < _inputs.Length; i++) values[_inputs[i]] = arguments[i];
        return Interpreter.Run(_plan, values, call.Training, casts: null);
    }
}

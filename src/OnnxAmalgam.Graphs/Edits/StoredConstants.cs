using Onnx;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Values of a graph that are stored in it and never change.</summary>
internal sealed class StoredConstants(OnnxModel model, GraphView view)
{
    // from IR 4 on an initializer that is an input, too, may be overridden
    public const long IrOfDefaults = 4;

    /// <summary>The tensor of an initializer or of a Constant node; null: the value is computed, fed, or not stored densely.</summary>
    public TensorProto? Of(string name) => IsFed(name) ? null : view.Initializer(name)
        ?? (view.Producer(name) is { OpType: "Constant" } constant ? constant.FindAttribute("value")?.T : null);

    /// <summary>Whether an initializer is only what an input holds where nobody feeds it.</summary>
    public bool IsFed(string name) => model.Proto.IrVersion >= IrOfDefaults && view.Proto.Input.Any(input => input.Name == name);
}

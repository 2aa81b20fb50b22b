using Onnx;
using static Onnx.TensorProto.Types;
using Dimension = Onnx.TensorShapeProto.Types.Dimension;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>The inputs that several models are fed alike: one declaration each, and what the models' symbolic sizes are by it.</summary>
/// <remarks>ONNX Runtime lets values of equal symbolic shape lie in the same memory, so two models' <c>N</c> may become one only where both
/// name the same axis of the same input.</remarks>
internal sealed class SharedInputs
{
    readonly IReadOnlyList<MergePart> parts;
    readonly Dictionary<(int Part, string Symbol), SizeClass> classes = [];
    readonly HashSet<string> taken = new(StringComparer.Ordinal);
    readonly List<(Dimension Dim, SizeClass Size, string Symbol)> open = [];

    /// <summary>Looks at the parts' declarations.</summary>
    /// <exception cref="InputException">One is fed what another cannot be fed.</exception>
    public SharedInputs(IReadOnlyList<MergePart> parts)
    {
        this.parts = parts;
        foreach (var (part, name) in parts.SelectMany(part => part.Inputs.Keys.Select(name => (part, name))))
        {
            if (part.Model.Proto.Graph.Input.All(input => input.Name != name))
                throw new InputException($"'{part.Model.Name}': expected an input '{name}', got {string.Join(", ", part.Model.Proto.Graph.Input.Select(input => $"'{input.Name}'"))}");
        }

        var shared = parts.Index().SelectMany(part => part.Item.Inputs.Select(pair => (Part: part.Index, Name: pair.Value, Input: part.Item.Model.Proto.Graph.Input.First(input => input.Name == pair.Key))))
            .GroupBy(input => input.Name, StringComparer.Ordinal).ToArray();
        foreach (var group in shared)
            Unite(group.Key, [.. group.Select(input => (input.Part, input.Input))]);
        Declarations = [.. shared.Select(group => Declare(group.Key, [.. group.Select(input => (input.Part, input.Input))]))];
    }

    /// <summary>The inputs, as the merged model declares them.</summary>
    public IReadOnlyList<ValueInfoProto> Declarations { get; }

    /// <summary>Writes what a part's symbolic size is in the merged model.</summary>
    public void Rename(int part, string symbol, Dimension dim)
    {
        if (!classes.TryGetValue((part, symbol), out var known))
            taken.Add(dim.DimParam = parts[part].Prefix + symbol);
        else if (known.Root.Size is { } size)
            dim.DimValue = size;
        else
            open.Add((dim, known.Root, symbol));
    }

    /// <summary>Writes the names that parts have in common; to be called when every other name is known.</summary>
    public void Settle()
    {
        foreach (var (dim, size, symbol) in open)
            dim.DimParam = size.Name ??= Free(symbol);
    }

    /// <summary>Sizes and symbols of the same axis are the same number.</summary>
    void Unite(string name, (int Part, ValueInfoProto Input)[] group)
    {
        var types = group.Select(one => one.Input.Type?.TensorType).ToArray();
        if (types.Any(type => type is null || type.ElemType != types[0]!.ElemType))
            throw Refusal(name, group);
        var shaped = group.Where(one => one.Input.Type.TensorType.Shape is not null).ToArray();
        if (shaped.Select(one => one.Input.Type.TensorType.Shape.Dim.Count).Distinct().Count() > 1)
            throw Refusal(name, group);
        for (var axis = 0; shaped.Length > 0 && axis < shaped[0].Input.Type.TensorType.Shape.Dim.Count; axis++)
        {
            var size = new SizeClass();
            foreach (var (part, input) in shaped)
            {
                var dim = input.Type.TensorType.Shape.Dim[axis];
                var one = dim.FixedSize() is { } known ? new SizeClass { Size = known } : dim.DimParam.Length > 0 ? Class(part, dim.DimParam) : new SizeClass();
                if (!size.Join(one))
                    throw Refusal(name, group);
            }
        }
    }

    ValueInfoProto Declare(string name, (int Part, ValueInfoProto Input)[] group)
    {
        var (part, first) = group.FirstOrDefault(one => one.Input.Type.TensorType.Shape is not null, group[0]);
        var declared = first.Clone();
        declared.Name = name;
        foreach (var (axis, dim) in declared.Type.TensorType.Shape?.Dim.Index() ?? [])
        {
            var others = group.Where(one => one.Input.Type.TensorType.Shape is not null).Select(one => (one.Part, Dim: one.Input.Type.TensorType.Shape.Dim[axis])).ToArray();
            if (others.FirstOrDefault(one => one.Dim.FixedSize() is not null).Dim is { } known)
                dim.DimValue = known.DimValue;
            else if (others.FirstOrDefault(one => one.Dim.DimParam.Length > 0) is { Dim: { } named } symbolic)
                Rename(symbolic.Part, named.DimParam, dim);
        }

        return declared;
    }

    SizeClass Class(int part, string symbol)
    {
        if (!classes.TryGetValue((part, symbol), out var known))
            classes.Add((part, symbol), known = new SizeClass());
        return known;
    }

    string Free(string symbol)
    {
        var name = symbol;
        for (var number = 1; !taken.Add(name); number++)
            name = $"{symbol}_{number}";
        return name;
    }

    InputException Refusal(string name, (int Part, ValueInfoProto Input)[] group) =>
        new($"input '{name}': expected one element type and shape in all models that share it, got {string.Join(", ", group.Select(one => $"{Describe(one.Input)} in '{parts[one.Part].Model.Name}'"))}; give them inputs of their own");

    static string Describe(ValueInfoProto input) => input.Type?.TensorType is { } tensor
        ? $"{ElementTypes.Name((DataType)tensor.ElemType)}{(tensor.Shape is { } shape ? $"[{string.Join(", ", shape.Dim.Select(dim => dim.FixedSize()?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? (dim.DimParam.Length > 0 ? dim.DimParam : "?")))}]" : "")}"
        : "no tensor";

    /// <summary>Sizes that are one number: a size, or a name, when one is known.</summary>
    sealed class SizeClass
    {
        SizeClass? parent;

        public SizeClass Root => parent?.Root ?? this;

        public long? Size { get; set; }

        public string? Name { get; set; }

        /// <summary>Makes two classes one; false where they are different sizes.</summary>
        public bool Join(SizeClass other)
        {
            var (root, joined) = (Root, other.Root);
            if (ReferenceEquals(root, joined))
                return true;
            if (root.Size is { } one && joined.Size is { } two && one != two)
                return false;
            root.Size ??= joined.Size;
            joined.parent = root;
            return true;
        }
    }
}

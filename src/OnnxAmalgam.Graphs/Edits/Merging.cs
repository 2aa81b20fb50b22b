using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Graphs.Files;

namespace OnnxAmalgam.Graphs.Edits;

/// <summary>Puts several models into one graph, each under names of its own.</summary>
internal sealed class Merging
{
    // IR versions before this one have every initializer among the inputs
    const long IrOfOwnInitializers = 4;

    readonly IReadOnlyList<MergePart> parts;
    readonly ModelProto merged = new() { Graph = new GraphProto() };
    readonly FileWeights weights = new();

    Merging(IReadOnlyList<MergePart> parts) => this.parts = parts;

    public static OnnxModel Of(IReadOnlyList<MergePart> parts)
    {
        if (parts.Count == 0)
            throw new ArgumentException("expected at least one model", nameof(parts));
        if (parts.FirstOrDefault(part => part.Model.Proto.TrainingInfo.Count > 0) is { } training)
            throw new InputException($"'{training.Model.Name}': expected a model for inference, got one with training graphs (training_info); export the model without them");
        return new Merging(parts).Merge();
    }

    OnnxModel Merge()
    {
        OnnxModel[] models = [.. MergedOpsets.Bring([.. parts.Select(part => part.Model)], merged.OpsetImport)];
        var inputs = new SharedInputs([.. parts.Zip(models, (part, model) => part with { Model = model })]);
        merged.IrVersion = models.Max(model => model.Proto.IrVersion);
        merged.Graph.Name = string.Join(" + ", models.Select(model => model.Proto.Graph.Name));
        merged.Graph.Input.Add(inputs.Declarations);
        var functions = new MergedFunctions(merged);
        for (var i = 0; i < parts.Count; i++)
        {
            var own = models[i].Clone().Proto;
            if (own.IrVersion < IrOfOwnInitializers && merged.IrVersion >= IrOfOwnInitializers)
                DeclaredInitializers.Forget(own.Graph);
            functions.Add(own, parts[i].Prefix);
            weights.Take(models[i], own);
            var (part, number) = (parts[i], i);
            new Renaming(name => part.Inputs.GetValueOrDefault(name) ?? part.Prefix + name, name => part.Prefix + name, (symbol, dim) => inputs.Rename(number, symbol, dim)).Apply(own.Graph);
            Append(own, part);
        }

        inputs.Settle();
        RequireDistinctNames();
        return OnnxModel.Made(merged, string.Join(" + ", parts.Select(part => part.Model.Name)), [.. parts.SelectMany(part => part.Model.Stores), .. weights.Stores]);
    }

    void Append(ModelProto own, MergePart part)
    {
        var (graph, to) = (own.Graph, merged.Graph);
        var shared = part.Inputs.Values.ToHashSet(StringComparer.Ordinal);
        to.Input.Add(graph.Input.Where(input => !shared.Contains(input.Name)));
        to.Output.Add(graph.Output);
        to.Node.Add(graph.Node);
        to.Initializer.Add(graph.Initializer);
        to.SparseInitializer.Add(graph.SparseInitializer);
        to.ValueInfo.Add(graph.ValueInfo);
        to.QuantizationAnnotation.Add(graph.QuantizationAnnotation);
        merged.MetadataProps.Add(own.MetadataProps.Select(entry => new StringStringEntryProto { Key = part.Prefix + entry.Key, Value = entry.Value }));
    }

    /// <summary>Prefixes may begin alike (<c>a/</c> and <c>a/b/</c>), and an input's new name may be any.</summary>
    void RequireDistinctNames()
    {
        var graph = merged.Graph;
        // an initializer may be declared as an input, too
        var declared = graph.Input.Select(input => input.Name).ToHashSet(StringComparer.Ordinal);
        var made = graph.Node.SelectMany(node => node.Output).Where(name => name.Length > 0).ToArray();
        var constants = graph.Initializer.Select(tensor => tensor.Name).Concat(graph.SparseInitializer.Select(sparse => sparse.Values.Name)).ToArray();
        string[] twice =
        [
            .. Repeated(graph.Input.Select(input => input.Name)), .. Repeated(made.Concat(constants)), .. made.Where(declared.Contains),
            .. Repeated(graph.Output.Select(output => output.Name)),
        ];
        if (twice.Length > 0)
            throw new InputException($"'{string.Join("', '", parts.Select(part => part.Model.Name))}': expected prefixes that keep names apart, got {string.Join(", ", twice.Distinct(StringComparer.Ordinal).Take(5).Select(name => $"'{name}'"))} twice; choose prefixes of which none begins with another");
    }

    static IEnumerable<string> Repeated(IEnumerable<string> names) =>
        names.GroupBy(name => name, StringComparer.Ordinal).Where(group => group.Skip(1).Any()).Select(group => group.Key);
}

/// <summary>External data of models that lie in different folders: the tensors point straight into the open files. Small ones are read.</summary>
internal sealed class FileWeights
{
    readonly Dictionary<PositionedFile, WeightStore> stores = new(ReferenceEqualityComparer.Instance);

    /// <summary>What the placeholders stand for.</summary>
    public IEnumerable<WeightStore> Stores => stores.Values;

    /// <summary>Makes the external tensors of a copy of the model's fields inline ones.</summary>
    public void Take(OnnxModel model, ModelProto copy)
    {
        foreach (var tensor in Tensors.Of(copy).Where(Tensors.IsExternal))
        {
            if (!tensor.HasRawData)
            {
                var stored = model.Stored(tensor)!.Value;
                tensor.RawData = stored.Length < Deflation.LargeBytes ? ByteString.CopyFrom(model.ReadRaw(tensor)) : ByteString.CopyFrom(StoreOf(stored.File).Add(stored.Offset, stored.Length));
            }
            tensor.ClearDataLocation();
            tensor.ExternalData.Clear();
        }
    }

    WeightStore StoreOf(PositionedFile file)
    {
        if (!stores.TryGetValue(file, out var store))
            stores.Add(file, store = new WeightStore(file));
        return store;
    }
}

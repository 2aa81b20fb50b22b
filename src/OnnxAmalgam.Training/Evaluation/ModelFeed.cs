using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;
using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Teachers;

namespace OnnxAmalgam.Training.Evaluation;

/// <summary>Something to feed a model with when there are no images: shapes for its free dimensions, and seeded noise.</summary>
public static class ModelFeed
{
    /// <summary>A shape for each input that must be fed.</summary>
    /// <param name="model">A model.</param>
    /// <param name="batch">Size of a free first axis, and of other dimensions of the same name.</param>
    /// <param name="requests">What the user states; wins over everything but the file's fixed sizes.</param>
    /// <param name="freeSize">Size of other free dimensions, after the image size that the model's metadata states; null: they are an error.</param>
    /// <param name="fed">What its image input is fed, where that is known better than from its metadata.</param>
    /// <exception cref="InputException">A request that contradicts the file or names nothing in it, or a free dimension that must be stated.</exception>
    public static IReadOnlyDictionary<string, long[]> Shapes(OnnxModel model, long batch, IReadOnlyList<ShapeRequest> requests, long? freeSize, InputDescription? fed = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(requests);
        var inputs = new GraphView(model.Proto.Graph).Inputs;
        var image = StatedImage(model, batch, fed);
        var unused = requests.Select(r => r.Name).ToHashSet(StringComparer.Ordinal);
        var shapes = inputs.ToDictionary(i => i.Name, i => Shape(model, i, batch, requests, image, freeSize, unused), StringComparer.Ordinal);
        return unused.Count == 0
            ? shapes
            : throw new InputException($"--shape {unused.First()}: expected an input or a named dimension of '{model.Name}' ({string.Join(", ", Names(inputs).Distinct().Select(n => $"'{n}'"))}), got '{unused.First()}'");
    }

    /// <summary>Noise in these shapes: floats of mean 0 and variance 1, bytes over their range, other integers and booleans 0 or 1.</summary>
    public static IReadOnlyDictionary<string, TensorData> Noise(OnnxModel model, IReadOnlyDictionary<string, long[]> shapes, long seed)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(shapes);
        return new GraphView(model.Proto.Graph).Inputs.ToDictionary(
            i => i.Name,
            i => Noise((TensorElementType)i.Type.TensorType.ElemType, shapes[i.Name], seed, i.Name, model.Name),
            StringComparer.Ordinal);
    }

    static TensorData Noise(TensorElementType type, long[] shape, long seed, string input, string model)
    {
        var bytes = new byte[(TensorData.SizeOf(type) ?? throw new InputException($"'{model}', input '{input}': expected numbers, got {type}")) * shape.Aggregate(1L, (a, b) => checked(a * b))];
        var stream = Randomness.StreamOf(input);
        ulong Draw(int i) => Randomness.Draw(seed, stream, 0, i);
        float Normal(int i) => (float)(Math.Sqrt(-2 * Math.Log(1 - Randomness.ToUnit(Draw(2 * i)))) * Math.Cos(2 * Math.PI * Randomness.ToUnit(Draw(2 * i + 1))));
        switch (type)
        {
            case TensorElementType.Float:
                Fill<float>(bytes, Normal);
                break;
            case TensorElementType.Double:
                Fill<double>(bytes, i => Normal(i));
                break;
            case TensorElementType.Float16:
                Fill<Half>(bytes, i => (Half)Normal(i));
                break;
            case TensorElementType.BFloat16:
                Fill<ushort>(bytes, i => (ushort)(BitConverter.SingleToUInt32Bits(Normal(i)) >> 16));
                break;
            case TensorElementType.UInt8 or TensorElementType.Int8:
                Fill<byte>(bytes, i => (byte)Randomness.ToInt(Draw(i), 256));
                break;
            default:
                var size = TensorData.SizeOf(type)!.Value;
                for (var i = 0; i < bytes.Length / size; i++)
                    bytes[i * size] = (byte)(Draw(i) & 1);
                break;
        }
        return new(type, shape, bytes);
    }

    static void Fill<T>(byte[] bytes, Func<int, T> value) where T : unmanaged
    {
        var elements = MemoryMarshal.Cast<byte, T>(bytes.AsSpan());
        for (var i = 0; i < elements.Length; i++)
            elements[i] = value(i);
    }

    static long[] Shape(OnnxModel model, ValueInfoProto input, long batch, IReadOnlyList<ShapeRequest> requests, (string Name, long[] Shape)? image, long? freeSize, HashSet<string> unused)
    {
        var dims = input.Type?.TensorType?.Shape?.Dim ?? throw new InputException($"'{model.Name}', input '{input.Name}': expected a tensor of known rank");
        var whole = requests.LastOrDefault(r => r.Name == input.Name);
        if (whole is not null && unused.Remove(input.Name) && whole.Sizes.Count != dims.Count)
            throw new InputException($"--shape {input.Name}: expected {dims.Count} sizes, got {whole.Sizes.Count}");
        var batchName = dims.Count > 0 && dims[0].HasDimParam ? dims[0].DimParam : null;
        return [.. dims.Select((dim, axis) =>
        {
            var named = dim.HasDimParam ? requests.LastOrDefault(r => r.Name == dim.DimParam && r.Sizes.Count == 1) : null;
            if (named is not null)
                unused.Remove(named.Name);
            var stated = whole?.Sizes[axis] ?? named?.Sizes[0];
            if (dim.FixedSize() is { } fixedSize)
                return stated is null || stated == fixedSize
                    ? fixedSize
                    : throw new InputException($"--shape {input.Name}: expected {fixedSize} on axis {axis}, which '{model.Name}' fixes, got {stated}");
            if (stated is { } size)
                return size;
            if (axis == 0 || (batchName is not null && dim.HasDimParam && dim.DimParam == batchName))
                return batch;
            return (image?.Name == input.Name ? image.Value.Shape[axis] : freeSize)
                ?? throw new InputException($"'{model.Name}', input '{input.Name}', axis {axis}: expected a size, which the file leaves free; state --shape {input.Name}=...");
        })];
    }

    /// <summary>The image input's shape where the model's metadata states it.</summary>
    static (string Name, long[] Shape)? StatedImage(OnnxModel model, long batch, InputDescription? fed)
    {
        try
        {
            var image = Anatomy.ImageInput(model);
            return (fed ?? ModelMetadata.Input(model)) is { } stated && image.Type.TensorType.Shape.Dim.Count == 4 ? (image.Name, stated.ShapeOf(batch)) : null;
        }
        catch (InputException)
        {
            return null;
        }
    }

    /// <summary>Those of the requests that name something of this model: others are meant for other models.</summary>
    public static IReadOnlyList<ShapeRequest> Meant(OnnxModel model, IReadOnlyList<ShapeRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var names = Names(model);
        return [.. requests.Where(r => names.Contains(r.Name))];
    }

    /// <summary>What a request may name: inputs, and dimensions that have a name.</summary>
    public static IReadOnlyCollection<string> Names(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Names(new GraphView(model.Proto.Graph).Inputs).ToHashSet(StringComparer.Ordinal);
    }

    static IEnumerable<string> Names(IEnumerable<ValueInfoProto> inputs) => inputs.SelectMany(i =>
        (i.Type?.TensorType?.Shape?.Dim ?? []).Where(d => d.HasDimParam).Select(d => d.DimParam).Prepend(i.Name));
}

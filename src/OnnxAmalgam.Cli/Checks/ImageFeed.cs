using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Cli.Checks;

/// <summary>Real images as a model's image input.</summary>
internal static class ImageFeed
{
    /// <summary>Refuses a folder before the first model is loaded.</summary>
    /// <exception cref="InputException">It holds no images.</exception>
    public static void Require(string folder) => _ = ImageSet.Open([SourceOf(folder) with { Limit = 1 }], 3, 8, 8, _ => { });

    /// <summary>The same inputs, but for the image input, which holds the folder's first images.</summary>
    /// <exception cref="InputException">The folder holds no images, or the model takes none.</exception>
    public static IReadOnlyDictionary<string, TensorData> Over(IReadOnlyDictionary<string, TensorData> inputs, OnnxModel model, string folder)
    {
        var image = Anatomy.ImageInput(model);
        var shape = inputs[image.Name].Shape;
        var description = ModelMetadata.Input(model) ?? ModelMetadata.FromGraph(model, shape.Length == 4 ? (int)shape[2] : null);
        if (shape.Length == 4)
        {
            var (height, width) = description.Layout == ImageLayout.Nchw ? (shape[2], shape[3]) : (shape[1], shape[2]);
            description = description with { Height = (int)height, Width = (int)width };
        }

        var set = ImageSet.Open(
            [SourceOf(folder)], description.Channels, description.Height, description.Width, _ => { });
        using var scope = NewDisposeScope();
        var bytes = set.Channels * set.Height * set.Width;
        var canvas = new byte[shape[0] * bytes];
        for (var i = 0; i < shape[0]; i++)
            set.Read(i % set.Count, canvas.AsSpan(i * bytes, bytes));
        var batch = new Preprocess(description).Apply(tensor(canvas, [shape[0], set.Channels, set.Height, set.Width], ScalarType.Byte)).contiguous();
        var type = (TensorElementType)image.Type.TensorType.ElemType;
        return inputs.ToDictionary(i => i.Key, i => i.Key == image.Name ? new TensorData(type, batch.shape, batch.bytes.ToArray()) : i.Value, StringComparer.Ordinal);
    }

    static SourceRecipe SourceOf(string folder) => new() { Kind = SourceKind.Folder, Path = Path.GetFullPath(folder) };
}

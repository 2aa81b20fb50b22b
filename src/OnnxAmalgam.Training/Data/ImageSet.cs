using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Data;

/// <summary>Decoded images on one canvas, in source order, with what is known of each. Immutable; reading is thread-safe.</summary>
public abstract class ImageSet
{
    /// <summary>Number of images (those that cannot be decoded are left out).</summary>
    public abstract int Count { get; }
    /// <summary>1 (all grey) or 3.</summary>
    public abstract int Channels { get; }
    /// <summary>Canvas height in pixels.</summary>
    public abstract int Height { get; }
    /// <summary>Canvas width in pixels.</summary>
    public abstract int Width { get; }
    /// <summary>Which source each image came from (index into the list it was opened with).</summary>
    public abstract int SourceOf(int index);
    /// <summary>The class name, or null where the source has none.</summary>
    public abstract string? LabelOf(int index);
    /// <summary>What a message calls the image (path, or source and record number).</summary>
    public abstract string NameOf(int index);
    /// <summary>Writes the canvas as bytes [c, h, w].</summary>
    public abstract void Read(int index, Span<byte> canvas);

    /// <summary>Opens sources in order as one set.</summary>
    /// <param name="sources">At least one.</param>
    /// <param name="channels">1 or 3: grey is repeated, colour becomes grey by ITU-R 601.</param>
    /// <param name="height">Canvas height.</param>
    /// <param name="width">Canvas width.</param>
    /// <param name="warn">Receives one line for each file that cannot be decoded.</param>
    /// <exception cref="OnnxAmalgam.Graphs.InputException">Missing, empty or damaged source; more than 1 % undecodable.</exception>
    public static ImageSet Open(IReadOnlyList<SourceRecipe> sources, int channels, int height, int width, Action<string> warn) => throw new NotImplementedException();
}

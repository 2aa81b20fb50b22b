namespace OnnxAmalgam.Training.Data;

/// <summary>Canvases in memory, in blocks that the runtime can allocate.</summary>
sealed class CanvasStore
{
    const int BlockBytes = 64 << 20;

    readonly int canvasBytes;
    readonly int canvasesPerBlock;
    readonly byte[][] blocks;

    public CanvasStore(int canvasBytes, int count)
    {
        this.canvasBytes = canvasBytes;
        canvasesPerBlock = Math.Max(1, BlockBytes / canvasBytes);
        Count = count;
        blocks = new byte[(count + canvasesPerBlock - 1) / canvasesPerBlock][];
        for (int i = 0; i < blocks.Length; i++)
            blocks[i] = GC.AllocateUninitializedArray<byte>(canvasBytes * Math.Min(canvasesPerBlock, count - i * canvasesPerBlock));
    }

    /// <summary>Canvases that have room.</summary>
    public int Count { get; }

    /// <summary>The room of one canvas.</summary>
    public Span<byte> this[int index] => blocks[index / canvasesPerBlock].AsSpan(index % canvasesPerBlock * canvasBytes, canvasBytes);
}

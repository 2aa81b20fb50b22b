using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Caching;

/// <summary>Rows as tensors: read where they are stored, computed and stored where not.</summary>
static class CachedRows
{
    /// <summary>Rows R[n, width] in float32 of the images of a batch; the caller's scope owns them. Where one is missing, all of the batch is computed, so
    /// that what is computed does not depend on what was there; a stored row stays as it is. Computed rows are rounded as stored ones are.</summary>
    /// <param name="store">Where they are kept.</param>
    /// <param name="rows">What was found for these images, some time ago.</param>
    /// <param name="device">Where the result lies.</param>
    /// <param name="compute">Makes the rows of all images of the batch, R[n, width] in float32.</param>
    public static Tensor Of(OutputStore store, StoredRows rows, Device device, Func<Tensor> compute)
    {
        using var scope = NewDisposeScope();
        store.ReadMissing(rows);
        if (rows.Missing > 0)
        {
            Complete(store, rows, compute());
        }

        ScalarType type = store.Dtype == CacheDtype.Float16 ? ScalarType.Float16 : ScalarType.Float32;
        Tensor stored = empty([rows.Keys.Count, store.Layout!.Width], type);
        stored.bytes = rows.Bytes;
        return stored.to(ScalarType.Float32).to(device).MoveToOuterDisposeScope();
    }

    /// <summary>The same of outputs O[n, ...] that are stored side by side.</summary>
    /// <param name="store">Where they are kept.</param>
    /// <param name="rows">What was found for these images.</param>
    /// <param name="device">Where the results lie.</param>
    /// <param name="compute">Makes the outputs.</param>
    /// <param name="define">Tells the store of their shapes, before the first are stored.</param>
    public static Tensor[] Parts(OutputStore store, StoredRows rows, Device device, Func<Tensor[]> compute, Action define)
    {
        using var scope = NewDisposeScope();
        Tensor all = Of(store, rows, device, () =>
        {
            define();
            return cat([.. compute().Select(o => o.reshape(o.shape[0], -1))], 1);
        });
        return [.. Parts(all, store.Layout!).Select(p => p.MoveToOuterDisposeScope())];
    }

    /// <summary>The parts of rows R[n, width], each P[n, ...].</summary>
    public static Tensor[] Parts(Tensor rows, RowLayout layout)
    {
        var parts = new Tensor[layout.Parts.Count];
        long start = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            RowPart part = layout.Parts[i];
            using Tensor columns = rows.narrow(1, start, part.Width);
            parts[i] = columns.reshape([rows.shape[0], .. part.Shape]).contiguous();
            start += part.Width;
        }

        return parts;
    }

    static void Complete(OutputStore store, StoredRows rows, Tensor computed)
    {
        if (store.Layout is null)
        {
            store.Define(new RowLayout([new RowPart("row", [computed.shape[1]])]));
        }

        if (computed.shape[1] != store.Layout!.Width)
        {
            throw new InputException($"train.cache: expected rows of {store.Layout.Width} numbers, as are stored, got {computed.shape[1]}; another version of this program wrote them: name another folder, or remove it");
        }

        if (rows.RowBytes != store.RowBytes)
        {
            rows.Begin(rows.Keys, store.RowBytes);
        }

        ReadOnlySpan<byte> bytes = Rounded(store, computed.cpu()).contiguous().bytes;
        for (int i = 0; i < rows.Keys.Count; i++)
        {
            if (!rows.Has(i))
            {
                ReadOnlySpan<byte> row = bytes.Slice(i * rows.RowBytes, rows.RowBytes);
                row.CopyTo(rows.Row(i));
                rows.Filled(i);
                store.Add(rows.Keys[i], row);
            }
        }
    }

    /// <summary>As they are stored; what lies beyond the halves' range becomes their largest.</summary>
    static Tensor Rounded(OutputStore store, Tensor computed)
    {
        if (store.Dtype == CacheDtype.Float32)
        {
            return computed;
        }

        double largest = (double)Half.MaxValue;
        Tensor within = computed.clamp(-largest, largest);
        if (!within.equal(computed).all().item<bool>())
        {
            store.SayThatItIsCut();
        }

        return within.to(ScalarType.Float16);
    }
}

using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Ops;

/// <summary>What detectors need: boxes chosen, and features of regions.</summary>
internal static class Detection
{
    static readonly string[] RegionAttributes = ["mode", "output_height", "output_width", "sampling_ratio", "spatial_scale"];

    public static readonly Operator[] Rows =
    [
        new("NonMaxSuppression", Since: 10, NonMaxSuppression) { Attributes = ["center_point_box"], Host = [2, 3, 4] },
        new("RoiAlign", Since: 10, n => RoiAlign(n, halfPixel: false)) { Attributes = RegionAttributes, Host = [2], Precision = Precision.Full },
        new("RoiAlign", Since: 16, n => RoiAlign(n, n.Choice("coordinate_transformation_mode", "half_pixel", "half_pixel", "output_half_pixel") == "half_pixel"))
            { Attributes = [.. RegionAttributes, "coordinate_transformation_mode"], Host = [2], Precision = Precision.Full },
    ];

    /// <summary>Boxes[n, boxes, 4], Scores[n, classes, boxes], MostPerClass?, Overlap?, LeastScore? -> [chosen, 3]: batch, class and box, the best first
    /// within each class; a box that overlaps a better one by more than the limit is left out.</summary>
    static Kernel NonMaxSuppression(OperatorNode n)
    {
        var centred = n.Flag("center_point_box");
        return c =>
        {
            var (most, overlap) = (c.OptionalInts(2)?[0] ?? 0, (float)(c.Has(3) ? c.Numbers(3)[0] : 0));
            var least = c.Has(4) ? (float)c.Numbers(4)[0] : (float?)null;
            var (count, classes) = (c[0].shape[1], c[1].shape[1]);
            var (corners, scores) = (c.Numbers(0), c.Numbers(1));
            var chosen = new List<long>();
            for (var batch = 0L; batch < c[0].shape[0]; batch++)
            {
                var boxes = Enumerable.Range(0, (int)count).Select(i => Box.Of(corners.AsSpan((int)(4 * ((batch * count) + i)), 4), centred)).ToArray();
                for (var kind = 0L; kind < classes; kind++)
                {
                    var of = ((batch * classes) + kind) * count;
                    foreach (var box in Best(boxes, i => (float)scores[of + i], most, overlap, least)) chosen.AddRange([batch, kind, box]);
                }
            }

            using var flat = tensor(chosen.ToArray(), device: c[0].device);
            return [flat.reshape(chosen.Count / 3, 3)];
        };
    }

    static List<long> Best(Box[] boxes, Func<int, float> score, long most, float overlap, float? least)
    {
        var kept = new List<long>();
        foreach (var i in Enumerable.Range(0, boxes.Length).Where(i => least is null || score(i) > least).OrderByDescending(score))
        {
            if (kept.Count >= most) break;
            if (kept.TrueForAll(other => boxes[i].Overlap(boxes[other]) <= overlap)) kept.Add(i);
        }

        return kept;
    }

    /// <summary>A box by its corners, in float32 as runtimes compute it.</summary>
    readonly record struct Box(float Top, float Left, float Bottom, float Right)
    {
        public static Box Of(ReadOnlySpan<double> numbers, bool centred)
        {
            var (a, b, c, d) = ((float)numbers[0], (float)numbers[1], (float)numbers[2], (float)numbers[3]);
            return centred
                ? new(b - (d / 2), a - (c / 2), b + (d / 2), a + (c / 2))
                : new(Math.Min(a, c), Math.Min(b, d), Math.Max(a, c), Math.Max(b, d));
        }

        /// <summary>The common area as a share of the area that either covers.</summary>
        public float Overlap(Box other)
        {
            var (height, width) = (Math.Min(Bottom, other.Bottom) - Math.Max(Top, other.Top), Math.Min(Right, other.Right) - Math.Max(Left, other.Left));
            if (height <= 0 || width <= 0 || Area <= 0 || other.Area <= 0) return 0;
            return height * width / (Area + other.Area - (height * width));
        }

        float Area => (Bottom - Top) * (Right - Left);
    }

    /// <summary>X[n, c, h, w], Regions[r, 4] (left, top, right, bottom), BatchIndices[r] -> [r, c, <c>output_height</c>, <c>output_width</c>]: each cell the mean (or the
    /// largest weighted neighbour) of samples between elements.</summary>
    static Kernel RoiAlign(OperatorNode n, bool halfPixel)
    {
        var isMean = n.Choice("mode", "avg", "avg", "max") == "avg";
        var (height, width) = (n.Int("output_height", 1), n.Int("output_width", 1));
        var (ratio, scale) = (n.Int("sampling_ratio", 0), n.Float("spatial_scale", 1));
        return c =>
        {
            using var scope = NewDisposeScope();
            var batches = c.Ints(2);
            var parts = new List<Tensor>();
            for (var i = 0; i < batches.Length; i++)
            {
                var (x, region) = (c[0].select(0, batches[i]), c[1].select(0, i).mul(scale).sub(halfPixel ? 0.5 : 0).unbind());
                var rows = Samples.Along(region[1], region[3], height, x.shape[1], ratio, halfPixel);
                var columns = Samples.Along(region[0], region[2], width, x.shape[2], ratio, halfPixel);
                parts.Add(isMean ? Mean(x, rows, columns) : Largest(x, rows, columns));
            }

            return [(parts.Count > 0 ? stack(parts, 0) : zeros([0, c[0].shape[1], height, width], c[0].dtype, c[0].device)).MoveToOuterDisposeScope()];
        };
    }

    static Tensor Mean(Tensor x, Samples rows, Samples columns) =>
        rows.Weighted(x, 1).Aggregate((a, b) => a.add(b)) is var along && rows.PerCell * columns.PerCell > 0
            ? Cells(columns.Weighted(along, 2).Aggregate((a, b) => a.add(b)), rows, columns).mean([2L, 4L])
            : zeros([x.shape[0], rows.Cells, columns.Cells], x.dtype, x.device);

    static Tensor Largest(Tensor x, Samples rows, Samples columns) => rows.PerCell * columns.PerCell > 0
        ? Cells(rows.Weighted(x, 1).SelectMany(row => columns.Weighted(row, 2)).Aggregate((a, b) => a.maximum(b)), rows, columns).amax([2L, 4L])
        : zeros([x.shape[0], rows.Cells, columns.Cells], x.dtype, x.device);

    static Tensor Cells(Tensor samples, Samples rows, Samples columns) => samples.reshape(samples.shape[0], rows.Cells, rows.PerCell, columns.Cells, columns.PerCell);

    /// <summary>Samples along one axis of a region: each lies between two elements and takes a share of either.</summary>
    /// <param name="Cells">Cells of the output.</param>
    /// <param name="PerCell">Samples in each.</param>
    /// <param name="Places">The element before and the one after, by sample.</param>
    /// <param name="Shares">Their shares; 0 outside.</param>
    sealed record Samples(long Cells, long PerCell, Tensor[] Places, Tensor[] Shares)
    {
        public static Samples Along(Tensor from, Tensor to, long cells, long size, long ratio, bool halfPixel)
        {
            var length = halfPixel ? to.sub(from) : to.sub(from).clamp_min(1);
            var perCell = ratio > 0 ? ratio : Math.Max(0, (long)Math.Ceiling(length.detach().to_type(ScalarType.Float64).item<double>() / cells));
            var at = arange(cells * perCell, dtype: from.dtype, device: from.device).add(0.5).div(cells * Math.Max(perCell, 1)).mul(length).add(from);
            var inside = at.ge(-1).logical_and(at.le(size)).to_type(from.dtype);
            at = at.clamp(0, size - 1);
            var before = at.detach().floor();
            var after = at.sub(before);
            Tensor[] places = [before.to_type(ScalarType.Int64), before.add(1).clamp_max(size - 1).to_type(ScalarType.Int64)];
            return new(cells, perCell, places, [after.neg().add(1).mul(inside), after.mul(inside)]);
        }

        public Tensor[] Weighted(Tensor x, long axis) =>
            [.. Places.Zip(Shares, (place, share) => x.index_select(axis, place).mul(axis == 1 ? share.unsqueeze(1) : share))];
    }
}

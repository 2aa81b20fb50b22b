using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Caching;

/// <summary>What filling a cache came to.</summary>
/// <param name="Images">Training images.</param>
/// <param name="Views">Views of each.</param>
/// <param name="Distinct">Different pixels among all views of this share.</param>
/// <param name="Found">Of these, how many every teacher's outputs were there of.</param>
/// <param name="Computed">Of these, how many were computed.</param>
/// <param name="Scored">Validation and test images whose scores are there now.</param>
/// <param name="Bytes">Bytes of all files in the folder.</param>
/// <param name="IsFull">Whether some did not fit.</param>
public sealed record CacheReport(int Images, int Views, long Distinct, long Found, long Computed, long Scored, long Bytes, bool IsFull);

/// <summary>How far filling is.</summary>
/// <param name="View">From 1; 0: validation and test images.</param>
/// <param name="Images">Images of it that were looked at.</param>
/// <param name="ImagesInAll">Images of it in all.</param>
/// <param name="Computed">Computed so far.</param>
public sealed record CacheProgress(int View, int Images, int ImagesInAll, long Computed);

/// <summary>Fills a recipe's cache before training: every view of every training image, and the scores that validation and evaluation ask for.</summary>
public static class CacheFill
{
    /// <summary>Runs the teachers on what is not stored.</summary>
    /// <param name="setup">A recipe with a cache, opened.</param>
    /// <param name="share">This machine's part.</param>
    /// <param name="progress">Told after each batch of images.</param>
    /// <param name="stop">Cancelled to interrupt.</param>
    /// <returns>Null when interrupted; what was computed is stored then.</returns>
    /// <exception cref="InputException">The recipe has no cache, or a teacher gives values that are not finite.</exception>
    public static CacheReport? Run(AmalgamationSetup setup, WorkShare share, Action<CacheProgress> progress, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(setup);
        ArgumentNullException.ThrowIfNull(share);
        ArgumentNullException.ThrowIfNull(progress);
        OutputCache cache = setup.Cache ?? throw new InputException("train.cache: expected a folder to keep the teachers' outputs in, got none; state it in the recipe, or --set \"train.cache={folder: cache}\"");
        Validator.RequireSelection(setup);
        using var guard = no_grad();
        var work = new Work(setup, share, progress, stop);
        try
        {
            for (int view = 1; setup.Recipe.Amalgamation.ReadsTeachers && view <= cache.Views.Count && !stop.IsCancellationRequested; view++)
            {
                work.Fill(view);
            }

            foreach (ImageSet images in Scored(setup))
            {
                work.Score(images);
            }

            // what an estimated gate is made of is no picture's own: one machine computes it
            if (share.Number == 1 && setup.Recipe.Amalgamation.Labels == LabelMode.Gated && !stop.IsCancellationRequested)
            {
                _ = setup.Gate;
            }
        }
        finally
        {
            cache.Flush();
        }

        return stop.IsCancellationRequested ? null : new CacheReport(setup.Train.Count, cache.Views.Count, work.Distinct, work.Distinct - work.Computed, work.Computed, work.Scored, cache.Bytes, cache.IsFull);
    }

    /// <summary>The images that scores are asked of without augmentation.</summary>
    static IEnumerable<ImageSet> Scored(AmalgamationSetup setup)
    {
        ImageSet evaluated = setup.Test ?? setup.Validate ?? setup.Train;
        return setup.Validate is { } validate && validate != evaluated && Validator.ReadsTeachers(setup.Recipe) ? [validate, evaluated] : [evaluated];
    }

    sealed class Work(AmalgamationSetup setup, WorkShare share, Action<CacheProgress> progress, CancellationToken stop)
    {
        const int ScoreBatch = 128;
        readonly ImageSet images = setup.Train;
        readonly int batchSize = Math.Min(setup.Recipe.Train.Batch, setup.Train.Count);
        readonly HashSet<CanvasKey> seen = [];

        public long Distinct => seen.Count;

        public long Computed { get; private set; }

        public long Scored { get; private set; }

        /// <summary>Gathers what is missing of a view into batches of the size that training has, and runs the teachers on them.</summary>
        public void Fill(int view)
        {
            var augmentation = new Augmentation(setup.Recipe.Augment, setup.Cache!.Views.Seed, images);
            ImageBatch batch = ImageBatch.Of(batchSize, images.CanvasBytes), read = ImageBatch.Of(batchSize, images.CanvasBytes);
            for (int first = 0; first < images.Count && !stop.IsCancellationRequested; first += batchSize)
            {
                Read(read, first, (i, canvas, scratch) => augmentation.Apply(canvas, scratch, view, i));
                CanvasKey[] keys = CanvasKey.Of(read, images);
                for (int i = 0; i < read.Count; i++)
                {
                    if (share.Has(keys[i]) && seen.Add(keys[i]) && setup.Teachers.Any(t => !t.Stores!.Outputs.Contains(keys[i])))
                    {
                        Take(batch, read, i);
                    }
                }

                NativeLeftovers.BatchEnded(1 + (first / batchSize));
                progress(new CacheProgress(view, Math.Min(first + batchSize, images.Count), images.Count, Computed));
            }

            if (batch.Count > 0 && !stop.IsCancellationRequested)
            {
                Run(batch);
            }
        }

        /// <summary>Has all teachers score this share of a set's images, in the batches that they are evaluated in.</summary>
        public void Score(ImageSet set)
        {
            foreach (ImageBatch batch in BatchLoader.InOrder(set, ScoreBatch))
            {
                if (stop.IsCancellationRequested)
                {
                    return;
                }

                if (share.Has(batch.Index))
                {
                    using var scope = NewDisposeScope();
                    Tensor canvas = BatchTensors.Canvas(batch, set);
                    setup.Panel.Scores(canvas, i => set.NameOf(batch.Indices[i]));

                    Scored += batch.Count;
                }

                progress(new CacheProgress(0, (batch.Index * ScoreBatch) + batch.Count, set.Count, Computed));
            }
        }

        void Read(ImageBatch read, int first, AugmentCanvas augment)
        {
            read.Count = Math.Min(batchSize, images.Count - first);
            ParallelLoop.Run(read.Count, i =>
            {
                Span<byte> canvas = read.Pixels.AsSpan(i * images.CanvasBytes, images.CanvasBytes);
                read.Indices[i] = first + i;
                images.Read(first + i, canvas);
                augment(first + i, canvas, new byte[images.CanvasBytes]);
            });
        }

        void Take(ImageBatch batch, ImageBatch read, int i)
        {
            Copy(read, i, batch);
            if (batch.Count == batchSize)
            {
                Run(batch);
            }
        }

        /// <summary>A batch that is not full is filled up with its own images: some kernels round differently in batches of another size.</summary>
        void Run(ImageBatch batch)
        {
            using var scope = NewDisposeScope();
            int count = batch.Count;
            for (int own = 0; batch.Count < batchSize; own++)
            {
                Copy(batch, own, batch);
            }

            Tensor canvas = BatchTensors.Canvas(batch, images);
            setup.Panel.Run(canvas, i => images.NameOf(batch.Indices[i]));

            Computed += count;
            batch.Count = 0;
        }

        void Copy(ImageBatch from, int i, ImageBatch batch)
        {
            from.Pixels.AsSpan(i * images.CanvasBytes, images.CanvasBytes).CopyTo(batch.Pixels.AsSpan(batch.Count * images.CanvasBytes));
            batch.Indices[batch.Count++] = from.Indices[i];
        }

        delegate void AugmentCanvas(int index, Span<byte> canvas, Span<byte> scratch);
    }
}

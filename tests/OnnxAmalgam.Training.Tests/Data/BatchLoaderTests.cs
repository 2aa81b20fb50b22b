using System.Diagnostics;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Data;

public sealed class BatchLoaderTests : IDisposable
{
    static readonly AugmentStep[] Augment = [new FlipStep(), new CropStep(1)];

    readonly TempFolder folder = new();
    readonly ImageSet images;

    public BatchLoaderTests()
    {
        Samples.WriteIdxPair(folder, 23);
        images = Samples.Open(Samples.Source(SourceKind.Idx, folder.Path), 1, 2, 3);
    }

    [Fact]
    public void A_batch_beyond_what_an_array_holds_is_refused_by_name()
    {
        string message = Assert.Throws<InputException>(() => ImageBatch.Of(16_384, 3 * 224 * 224)).Message;
        Assert.Equal("a batch: expected at most 14,266 images of 150,528 bytes, which is what one can hold, got 16,384; lower train.batch", message);
    }

    [Fact]
    public void Each_epoch_shows_each_image_at_most_once_in_an_order_of_its_own()
    {
        using BatchLoader loader = new(images, 5, [], 1);
        Assert.Equal(4, loader.BatchesPerEpoch);
        List<Copy> batches = Take(loader, 8);
        Assert.Equal([(1, 0), (1, 1), (1, 2), (1, 3), (2, 0), (2, 1), (2, 2), (2, 3)], batches.Select(b => (b.Epoch, b.Index)));
        int[] first = [.. batches.Take(4).SelectMany(b => b.Indices)];
        int[] second = [.. batches.Skip(4).SelectMany(b => b.Indices)];
        Assert.Equal(20, first.Distinct().Count());
        Assert.Equal(20, second.Distinct().Count());
        Assert.NotEqual(first, second);
        Assert.Equal(Randomness.Permutation(1, "order", 2, 23)[..20], second);
    }

    [Fact]
    public void Without_augmentation_a_batch_holds_the_canvases_of_its_indices()
    {
        using BatchLoader loader = new(images, 5, [], 1);
        Copy batch = Take(loader, 1)[0];
        Assert.Equal(batch.Indices.SelectMany(i => Samples.Canvas(images, i)), batch.Pixels);
    }

    [Fact]
    public void Apart_the_student_sees_what_the_teachers_see_in_the_other_epoch_of_the_pair()
    {
        Dictionary<(int Epoch, int Index), byte[]> teachers = [], student = [];
        using BatchLoader loader = new(images, 5, [new FlipStep(), new RandomMaskStep(0.5, 1)], 7, apart: true);
        for (int number = 0; number < 16; number++)
        {
            ImageBatch batch = loader.Next();
            foreach (var (place, index) in batch.Indices.Index())
            {
                teachers[(batch.Epoch, index)] = batch.Pixels.AsSpan(place * images.CanvasBytes, images.CanvasBytes).ToArray();
                student[(batch.Epoch, index)] = batch.StudentPixels!.AsSpan(place * images.CanvasBytes, images.CanvasBytes).ToArray();
            }

            loader.Return(batch);
        }

        int met = 0;
        foreach (var (epoch, other) in (IEnumerable<(int, int)>)[(1, 2), (2, 1), (3, 4), (4, 3)])
        {
            foreach (int index in Enumerable.Range(0, 23).Where(i => student.ContainsKey((epoch, i)) && teachers.ContainsKey((other, i))))
            {
                Assert.Equal(teachers[(other, index)], student[(epoch, index)]);
                met++;
            }
        }

        Assert.True(met > 40);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Starting_anywhere_gives_the_same_batches_as_running_there(int workers)
    {
        List<Copy> whole;
        using (BatchLoader loader = new(images, 5, Augment, 7))
            whole = Take(loader, 13);
        for (int start = 0; start < 12; start++)
        {
            using BatchLoader late = new(images, 5, Augment, 7, 1 + start / 4, start % 4, workers);
            List<Copy> rest = Take(late, 13 - start);
            Assert.Equal(whole.Skip(start).Select(b => b.Text), rest.Select(b => b.Text));
        }
    }

    [Fact]
    public void The_end_of_an_epoch_is_the_start_of_the_next()
    {
        using BatchLoader end = new(images, 5, Augment, 7, epoch: 1, index: 4);
        using BatchLoader start = new(images, 5, Augment, 7, epoch: 2);
        Assert.Equal(Take(start, 1)[0].Text, Take(end, 1)[0].Text);
    }

    [Fact]
    public void Another_seed_gives_other_batches()
    {
        using BatchLoader one = new(images, 5, Augment, 1), two = new(images, 5, Augment, 2);
        Assert.NotEqual(Take(one, 1)[0].Text, Take(two, 1)[0].Text);
    }

    [Fact]
    public void A_batch_larger_than_the_set_is_the_whole_set()
    {
        using BatchLoader loader = new(images, 100, [], 1);
        Assert.Equal(1, loader.BatchesPerEpoch);
        Copy batch = Take(loader, 1)[0];
        Assert.Equal(Enumerable.Range(0, 23), batch.Indices.Order());
        Assert.Equal(23 * 6, batch.Pixels.Length);
    }

    [Fact]
    public void What_a_worker_meets_is_thrown_by_the_batch_it_belongs_to()
    {
        using TempFolder files = new();
        for (int i = 0; i < 8; i++)
            files.Write($"{i}.png", Samples.Plain(new((byte)i, 0, 0)));
        ImageSet set = ImageSet.Open([Samples.Source(SourceKind.Folder, files.Path)], 3, 4, 4, _ => { }, memoryBytes: 0);
        int[] order = Randomness.Permutation(1, "order", 1, 8);
        File.Delete(Path.Combine(files.Path, $"{order[5]}.png"));
        using BatchLoader loader = new(set, 2, [], 1, workers: 3);
        Take(loader, 2);
        string expected = $"{order[5]}.png";
        Assert.Contains(expected, Assert.Throws<InputException>(loader.Next).Message, StringComparison.Ordinal);
        Assert.Contains(expected, Assert.Throws<InputException>(loader.Next).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keeping_every_batch_is_an_error_and_no_deadlock()
    {
        using BatchLoader loader = new(images, 5, [], 1);
        Assert.Throws<InvalidOperationException>(() =>
        {
            for (int i = 0; i < 100; i++)
                loader.Next();
        });
    }

    [Fact]
    public void Waiting_is_measured_and_disposal_is_prompt()
    {
        SlowSet slow = new(images, TimeSpan.FromMilliseconds(50));
        BatchLoader loader = new(slow, 20, [], 1, workers: 2);
        loader.Return(loader.Next());
        Assert.InRange(loader.Waited.TotalMilliseconds, 700, 60_000);
        long start = Stopwatch.GetTimestamp();
        loader.Dispose();
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 0, 600);
        Assert.Throws<ObjectDisposedException>(loader.Next);
    }

    [Fact]
    public void In_order_shows_every_image_once_with_the_partial_batch_last()
    {
        List<Copy> batches = [.. BatchLoader.InOrder(images, 10).Select(b => new Copy(b))];
        Assert.Equal([10, 10, 3], batches.Select(b => b.Indices.Length));
        Assert.Equal([0, 1, 2], batches.Select(b => b.Index));
        Assert.Equal(Enumerable.Range(0, 23), batches.SelectMany(b => b.Indices));
        Assert.Equal(Enumerable.Range(0, 23).SelectMany(i => Samples.Canvas(images, i)), batches.SelectMany(b => b.Pixels));
    }

    static List<Copy> Take(BatchLoader loader, int count)
    {
        List<Copy> copies = [];
        for (int i = 0; i < count; i++)
        {
            ImageBatch batch = loader.Next();
            copies.Add(new(batch));
            loader.Return(batch);
        }
        return copies;
    }

    public void Dispose() => folder.Dispose();

    sealed class Copy(ImageBatch batch)
    {
        public int Epoch { get; } = batch.Epoch;
        public int Index { get; } = batch.Index;
        public int[] Indices { get; } = batch.Indices[..batch.Count];
        public byte[] Pixels { get; } = batch.Pixels[..(batch.Pixels.Length / batch.Indices.Length * batch.Count)];
        public string Text => $"{Epoch}.{Index}: {string.Join(',', Indices)}: {Convert.ToHexString(Pixels)}";
    }

    sealed class SlowSet(ImageSet images, TimeSpan pause) : ImageSet
    {
        public override int Count => images.Count;
        public override int Channels => images.Channels;
        public override int Height => images.Height;
        public override int Width => images.Width;
        public override int SourceOf(int index) => images.SourceOf(index);
        public override string? LabelOf(int index) => images.LabelOf(index);
        public override string NameOf(int index) => images.NameOf(index);
        public override void Read(int index, Span<byte> canvas)
        {
            Thread.Sleep(pause);
            images.Read(index, canvas);
        }
    }
}

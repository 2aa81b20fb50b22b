using System.Runtime.InteropServices;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Caching;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Caching;

/// <summary>What a store holds, bounds, recovers from and says.</summary>
public sealed class OutputStoreTests : IDisposable
{
    static readonly RowLayout Layout = new([new("logits", [3]), new("tap", [2, 2])]);
    readonly TempFolder folder = new();
    readonly List<string> warnings = [];

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(CacheDtype.Float16)]
    [InlineData(CacheDtype.Float32)]
    public void Rows_come_back_rounded_to_the_format_and_nothing_else(CacheDtype dtype)
    {
        using Tensor computed = randn(5, 7) * 1000;
        using Tensor expected = dtype == CacheDtype.Float16 ? computed.to(ScalarType.Float16).to(ScalarType.Float32) : computed.alias();
        var calls = 0;
        using (OutputCache cache = Open(dtype))
        {
            using Tensor first = Rows(cache, dtype, Keys(0, 5), computed, () => calls++), unwritten = Rows(cache, dtype, Keys(0, 5), computed, () => calls++);
            Assert.True(first.equal(expected).all().item<bool>() && unwritten.equal(expected).all().item<bool>());
        }

        using (OutputCache cache = Open(dtype))
        {
            using Tensor read = Rows(cache, dtype, Keys(0, 5), computed, () => calls++);
            Assert.True(read.equal(expected).all().item<bool>());
            Tensor[] parts = CachedRows.Parts(read, Store(cache, dtype).Layout!);
            Assert.Equal([5, 2, 2], parts[1].shape);
            Assert.Equal(expected[4, 6].item<float>(), parts[1][4, 1, 1].item<float>());
            parts[0].Dispose();
            parts[1].Dispose();
        }

        Assert.Equal(1, calls);
        Assert.Empty(warnings);
    }

    [Fact]
    public void What_halves_cannot_hold_is_cut_and_said_once()
    {
        using OutputCache cache = Open();
        using Tensor computed = tensor(new[] { 1e5f, -1e6f, 1f, 0f, 0f, 0f, 0f }).reshape(1, 7);
        using Tensor rows = Rows(cache, CacheDtype.Float16, Keys(0, 1), computed), again = Rows(cache, CacheDtype.Float16, Keys(1, 1), computed);
        Assert.Equal([65504f, -65504f, 1f, 0f, 0f, 0f, 0f], rows.data<float>().ToArray());
        Assert.Contains("set train.cache.dtype: float32", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_row_is_computed_anew_and_said()
    {
        Fill(Keys(0, 4), 1);
        string shard = Assert.Single(Shards());
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[^1] ^= 16;
        File.WriteAllBytes(shard, bytes);

        Fill(Keys(0, 4), 2);
        Assert.Contains("its rows are computed anew", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.False(File.Exists(shard));

        // Rows that were whole keep their value within the batch; the damaged one has the new value, and all of it is stored again but for what had been read.
        warnings.Clear();
        Assert.Equal(2f, Fill(Keys(3, 1), 3)[0]);
        Assert.Empty(warnings);
    }

    [Fact]
    public void A_file_cut_short_is_removed_and_computed_anew()
    {
        Fill(Keys(0, 4), 1);
        string shard = Assert.Single(Shards());
        using (FileStream stream = File.OpenWrite(shard))
        {
            stream.SetLength(stream.Length / 2);
        }

        Assert.Equal([2f, 2f, 2f, 2f], Fill(Keys(0, 4), 2));
        Assert.Contains($"cache '{shard}': expected a whole file, got", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Equal([2f, 2f, 2f, 2f], Fill(Keys(0, 4), 3));
    }

    [Fact]
    public void Outputs_of_another_file_or_setting_are_not_used_and_that_is_said()
    {
        Fill(Keys(0, 2), 1);
        using (OutputCache cache = Open())
        {
            OutputStore other = cache.Store(Key("another"), CacheDtype.Float32);
            Assert.False(other.Contains(Keys(0, 1)[0]));
            Assert.Contains("outputs of 'net.onnx' of another file; they are not used", Assert.Single(warnings), StringComparison.Ordinal);
        }

        warnings.Clear();
        string misplaced = Path.Combine(folder.Path, "cache", Key("another").Name, "misplaced.rows");
        Directory.CreateDirectory(Path.GetDirectoryName(misplaced)!);
        File.Copy(Assert.Single(Shards()), misplaced);
        using (OutputCache cache = Open())
        {
            Assert.False(cache.Store(Key("another"), CacheDtype.Float32).Contains(Keys(0, 1)[0]));
        }

        Assert.Contains($"cache '{misplaced}': expected outputs of 'net.onnx', got others (file); they are not used", warnings[0], StringComparison.Ordinal);
    }

    [Fact]
    public void The_files_never_outgrow_the_bound_and_what_does_not_fit_is_computed_each_time()
    {
        const int Bound = 4000;
        for (int part = 0; part < 5; part++)
        {
            Fill(Keys(part * 40, 40), part, Bound);
            Assert.True(Shards().Sum(f => new FileInfo(f).Length) <= Bound);
        }

        long stored = Shards().Sum(f => new FileInfo(f).Length);
        Assert.InRange(stored, Bound - 1000, Bound);
        Assert.Contains("full at 4KB", warnings[0], StringComparison.Ordinal);
        Assert.Equal([0f, 9f], Fill([Keys(0, 1)[0], Keys(199, 1)[0]], 9, Bound));
        Assert.Equal(stored, Shards().Sum(f => new FileInfo(f).Length));
    }

    [Fact]
    public void What_a_killed_process_left_half_written_is_not_read_and_is_swept_when_old()
    {
        Fill(Keys(0, 2), 1);
        string inside = Path.GetDirectoryName(Assert.Single(Shards()))!, young = Path.Combine(inside, ".ab.rows.x.tmp"), old = Path.Combine(inside, ".cd.rows.y.tmp");
        File.WriteAllBytes(young, new byte[100]);
        File.WriteAllBytes(old, new byte[100]);
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-2));

        Assert.Equal([1f, 1f], Fill(Keys(0, 2), 2));
        Assert.Equal((true, false), (File.Exists(young), File.Exists(old)));
        Assert.Empty(warnings);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_costs_the_cache_and_not_the_run()
    {
        folder.Write("cache", "a file where the folder should be");
        Assert.Equal([7f], Fill(Keys(0, 1), 7));
        Assert.Contains("nothing more is stored there", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_content_makes_the_same_file()
    {
        Fill(Keys(0, 3), 1);
        string first = Assert.Single(Shards());
        byte[] bytes = File.ReadAllBytes(first);
        File.Delete(first);
        Fill(Keys(0, 3), 1);
        Assert.Equal(first, Assert.Single(Shards()));
        Assert.Equal(bytes, File.ReadAllBytes(first));
    }

    /// <summary>Asks for these images of a network whose outputs are all this number; the first of each row.</summary>
    float[] Fill(CanvasKey[] keys, float value, long bound = 1_000_000)
    {
        using OutputCache cache = Open(CacheDtype.Float32, bound);
        using Tensor computed = full([keys.Length, 7], value), rows = Rows(cache, CacheDtype.Float32, keys, computed), first = rows.select(1, 0).contiguous();
        return [.. first.data<float>()];
    }

    static Tensor Rows(OutputCache cache, CacheDtype dtype, CanvasKey[] keys, Tensor computed, Action? called = null)
    {
        OutputStore store = Store(cache, dtype);
        var found = new StoredRows();
        store.Read(keys, found);
        return CachedRows.Of(store, found, CPU, () =>
        {
            called?.Invoke();
            store.Define(Layout);
            return computed.alias();
        });
    }

    static OutputStore Store(OutputCache cache, CacheDtype dtype) => cache.Store(Key("abc", dtype), dtype);

    static StoreKey Key(string file, CacheDtype dtype = CacheDtype.Float32) =>
        new(new Dictionary<string, string> { ["file"] = file, ["outputs"] = "logits", ["dtype"] = dtype.ToString(), ["use"] = "outputs" }, "/models/net.onnx");

    static CanvasKey[] Keys(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(i => CanvasKey.Of(MemoryMarshal.AsBytes<int>(new[] { i }), 1, 2, 2))];

    OutputCache Open(CacheDtype dtype = CacheDtype.Float16, long bound = 1_000_000) =>
        new(new CacheRecipe { Folder = Path.Combine(folder.Path, "cache"), Dtype = dtype, MaxBytes = bound }, warnings.Add);

    string[] Shards() => Directory.GetFiles(Path.Combine(folder.Path, "cache"), "*.rows", SearchOption.AllDirectories);
}

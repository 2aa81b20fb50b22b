using OnnxAmalgam.Training.Caching;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Runs;
using OnnxAmalgam.Training.Tests.Running;

namespace OnnxAmalgam.Training.Tests.Caching;

/// <summary>Training with a cache: the same student as without, teachers asked once, exact resumption.</summary>
/// <remarks>Alone, as <see cref="ResumeTests"/>: training seeds the process' one generator.</remarks>
[Collection(nameof(ResumeTests))]
public sealed class CachedTrainingTests : IDisposable
{
    const string Recipe = """
        name: cached
        teachers:
          - {model: a.onnx, labels: [x, y, z]}
          - {model: b.onnx, labels: [u, v]}
        student: {model: "zoo:resnet(widths=[4,8], blocks=[1,1])"}
        data: {unlabelled: [{folder: left, domain: a}, {folder: right, domain: b}], test: [{folder: left}]}
        augment: [flip, {crop: {padding: 1}}]
        amalgamation:
          labels: gated
          common_space: {channels: 4, blocks: 1}
          losses: [{soft_target: {weight: 1}}, {mmd: {weight: 1}}, {reconstruction: {weight: 1}}]
        train: {epochs: 3, batch: 8, optimizer: adamw, learning_rate: 5e-3, CACHE}
        """;

    readonly TinyWorld world = new TinyWorld()
        .Network("a", "zoo:resnet(widths=[4,8], blocks=[1,1])", 3)
        .Network("b", "zoo:vit(dim=8, depth=1, heads=2, patch=2)", 2)
        .Images("left", 20)
        .Images("right", 20);

    readonly List<string> warnings = [];
    int runs;

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData(3, false)]
    [InlineData(7, false)]
    [InlineData(3, true)]
    public void As_many_views_as_epochs_in_float32_train_the_student_that_no_cache_trains_to_the_last_bit(int views, bool beforehand)
    {
        byte[] without = Train("seed: 1");
        string cache = $"cache: {{folder: kept, views: {views}, dtype: float32}}";
        if (beforehand)
        {
            Assert.True(Fill(cache).Computed > 0);
        }

        Assert.True(without.AsSpan().SequenceEqual(Train(cache)), "filled as it trains");
        Assert.True(without.AsSpan().SequenceEqual(Train(cache)), "filled by the run before");
        Assert.Empty(warnings);
    }

    [Theory]
    [InlineData("float16", 2)]
    [InlineData("float32", 1)]
    public void A_cache_that_was_there_makes_the_student_that_an_empty_one_makes(string dtype, int views)
    {
        string cache = $"cache: {{folder: kept, views: {views}, dtype: {dtype}}}";
        byte[] empty = Train(cache);
        Assert.True(empty.AsSpan().SequenceEqual(Train(cache)));
        Assert.False(empty.AsSpan().SequenceEqual(Train("seed: 1")), "fewer views or digits change nothing: the cache is not in use");
    }

    [Fact]
    public void With_everything_stored_no_teacher_is_opened_whatever_the_seed()
    {
        const string Cache = "cache: {folder: kept, views: 2}";
        using (TinySetup first = Run(Cache.Replace("kept", "empty", StringComparison.Ordinal)))
        {
            Assert.All(first.Setup.Teachers, t => Assert.True(t.IsOpen));
        }

        Fill(Cache);
        foreach (string seed in (string[])["", "seed: 5, ", "seed: 6, "])
        {
            using TinySetup later = Run(seed + Cache);
            Assert.NotEmpty(later.Report.Evaluation);
            Assert.All(later.Setup.Teachers, t => Assert.False(t.IsOpen, $"{t.Name}, {seed}"));
        }
    }

    [Fact]
    public void Evaluation_says_the_same_whether_scores_are_computed_or_stored()
    {
        const string Cache = "cache: {folder: kept, views: 3, dtype: float32}";
        using TinySetup without = Run("seed: 1"), empty = Run(Cache), stored = Run(Cache);
        Assert.Equal(without.Report.Evaluation, empty.Report.Evaluation);
        Assert.Equal(without.Report.Evaluation, stored.Report.Evaluation);
    }

    [Fact]
    public void An_interruption_after_any_step_changes_no_byte_and_neither_does_the_loss_of_what_was_stored()
    {
        const string Cache = "cache: {folder: KEPT, views: 2}";
        byte[] whole = Train(Cache.Replace("KEPT", "whole", StringComparison.Ordinal));
        for (int step = 1; step < 12; step++)
        {
            string kept = $"kept-{step}";
            byte[] again = Train(Cache.Replace("KEPT", kept, StringComparison.Ordinal), step, () =>
            {
                if (step % 2 == 0)
                {
                    Directory.Delete(world.Inside(kept), recursive: true);
                }
            });
            Assert.True(whole.AsSpan().SequenceEqual(again), $"interrupted after step {step}");
        }
    }

    [Fact]
    public void A_run_killed_within_an_epoch_goes_on_to_the_same_bytes()
    {
        const string Cache = "cache: {folder: kept, views: 2}";
        byte[] whole = Train(Cache);
        Directory.Delete(world.Inside("kept"), recursive: true);
        // What lies on the disk in the middle of the second epoch is all that a killed process leaves.
        var witness = new CopyAt(6, () =>
        {
            Copy(world.Inside("killed"), world.Inside("left-behind"));
            Copy(world.Inside("kept"), world.Inside("kept-behind"));
        });
        using (AmalgamationSetup setup = Open(Cache))
        using (RunFolder run = RunFolder.Create(world.Inside("killed"), "killed"))
        using (var trainer = new Trainer(setup, run, witness))
        {
            Assert.True(trainer.Run(resume: false, acceptOlder: false, TestContext.Current.CancellationToken));
        }

        Directory.Delete(world.Inside("kept"), recursive: true);
        Copy(world.Inside("kept-behind"), world.Inside("kept"));
        using AmalgamationSetup again = Open(Cache);
        using RunFolder behind = RunFolder.Open(world.Inside("left-behind"));
        using var resumed = new Trainer(again, behind, new Witness());
        Assert.True(resumed.Run(resume: true, acceptOlder: false, TestContext.Current.CancellationToken));
        Assert.True(whole.AsSpan().SequenceEqual(resumed.Student.WriteBack().ToBytes()));
    }

    [Fact]
    public void Damage_is_mended_within_the_run_and_said()
    {
        const string Cache = "cache: {folder: kept, views: 2, dtype: float32}";
        byte[] first = Train(Cache);
        foreach (string file in Directory.GetFiles(world.Inside("kept"), "*.rows", SearchOption.AllDirectories))
        {
            byte[] bytes = File.ReadAllBytes(file);
            bytes[bytes.Length - 1] ^= 1;
            File.WriteAllBytes(file, bytes);
        }

        Assert.True(first.AsSpan().SequenceEqual(Train(Cache)));
        Assert.NotEmpty(warnings);
        Assert.All(warnings, w => Assert.Contains("its rows are computed anew", w, StringComparison.Ordinal));
        warnings.Clear();
        Assert.True(first.AsSpan().SequenceEqual(Train(Cache)));
        Assert.Empty(warnings);
    }

    [Fact]
    public void Another_teacher_under_the_same_name_is_computed_and_that_is_said()
    {
        const string Cache = "cache: {folder: kept, views: 2}";
        Train(Cache);
        world.Network("other", "zoo:resnet(widths=[4,8], blocks=[1,1])", 3);
        File.Copy(world.Inside("other.onnx"), world.Inside("a.onnx"), overwrite: true);
        byte[] changed = Train(Cache);
        Assert.Contains("outputs of 'a.onnx' of another file", Assert.Single(warnings), StringComparison.Ordinal);
        Directory.Delete(world.Inside("kept"), recursive: true);
        Assert.True(changed.AsSpan().SequenceEqual(Train(Cache)));
    }

    [Fact]
    public void A_bound_that_holds_one_view_changes_no_byte()
    {
        byte[] free = Train("cache: {folder: free, views: 2, dtype: float32}");
        byte[] bounded = Train("cache: {folder: tight, views: 2, dtype: float32, max_size: 40KB}");
        Assert.True(free.AsSpan().SequenceEqual(bounded));
        Assert.Contains("full at 40KB", Assert.Single(warnings), StringComparison.Ordinal);
        long stored = Directory.GetFiles(world.Inside("tight"), "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length);
        Assert.InRange(stored, 20_000, 40_000);
    }

    [Fact]
    public void Shares_of_the_work_are_together_the_whole_and_no_more()
    {
        CacheReport whole = Fill("cache: {folder: whole, views: 3}");
        CacheReport[] parts = [.. Enumerable.Range(1, 3).Select(n => Fill("cache: {folder: parts, views: 3}", new WorkShare(n, 3)))];
        Assert.All(parts, p => Assert.InRange(p.Computed, 1, whole.Computed - 1));
        Assert.Equal((whole.Computed, whole.Scored), (parts.Sum(p => p.Computed), parts.Sum(p => p.Scored)));
        Assert.Equal(Contents("whole"), Contents("parts"));
        CacheReport again = Fill("cache: {folder: parts, views: 3}");
        Assert.Equal((0L, whole.Distinct), (again.Computed, again.Found));
    }

    [Fact]
    public void A_filling_that_was_interrupted_goes_on_where_it_was()
    {
        CacheReport whole = Fill("cache: {folder: whole, views: 3}");
        using (AmalgamationSetup setup = Open("cache: {folder: parts, views: 3}"))
        {
            using var stop = new CancellationTokenSource();
            Assert.Null(CacheFill.Run(setup, WorkShare.All, at =>
            {
                if (at is { View: 2, Images: 16 })
                {
                    stop.Cancel();
                }
            }, stop.Token));
        }

        CacheReport rest = Fill("cache: {folder: parts, views: 3}");
        Assert.InRange(rest.Found, 36, whole.Computed - 1);
        Assert.Equal(whole.Computed, rest.Found + rest.Computed);
        Assert.Equal(Contents("whole"), Contents("parts"));
    }

    [Fact]
    public void Equal_pixels_and_equal_teachers_are_stored_once()
    {
        File.Copy(world.Inside("a.onnx"), world.Inside("twin.onnx"));
        foreach (string image in Directory.GetFiles(world.Inside("left")))
        {
            File.Copy(image, world.Inside($"right/copy-of-{Path.GetFileName(image)}"));
        }

        string twins = Recipe.Replace("- {model: b.onnx, labels: [u, v]}", "- {model: twin.onnx, labels: [x, y, z]}", StringComparison.Ordinal)
            .Replace("domain: b", "domain: twin", StringComparison.Ordinal).Replace("augment: [flip, {crop: {padding: 1}}]", "augment: [flip]", StringComparison.Ordinal);
        using AmalgamationSetup setup = world.Open(twins.Replace("CACHE", "select: last, cache: {folder: kept, views: 9}", StringComparison.Ordinal), warnings.Add);
        CacheReport report = CacheFill.Run(setup, WorkShare.All, _ => { }, TestContext.Current.CancellationToken)!;

        // 60 images of which 20 are copies; nine views of each, but a flip makes two only.
        Assert.Equal((60, 80L, 80L), (report.Images, report.Distinct, report.Computed));
        Assert.Same(setup.Teachers[0].Stores!.Outputs, setup.Teachers[1].Stores!.Outputs);
        Assert.Equal(80, setup.Teachers[0].Stores!.Outputs.Count);
    }

    [Fact]
    public void The_gates_evidence_is_kept_as_it_was_computed()
    {
        string Estimated(string train) => Recipe.Replace(", domain: a}", "}", StringComparison.Ordinal).Replace(", domain: b}", "}", StringComparison.Ordinal)
            .Replace("labels: gated", "labels: gated\n  gate: {refined: {clusters: 4}}", StringComparison.Ordinal).Replace("CACHE", train, StringComparison.Ordinal);
        float[] Gate(string train)
        {
            using AmalgamationSetup setup = world.Open(Estimated(train), warnings.Add);
            return setup.Gate!.Of(setup.Train);
        }

        float[] without = Gate("seed: 1");
        Assert.Equal(without, Gate("cache: {folder: kept, views: 1}"));
        Assert.Equal(without, Gate("cache: {folder: kept, views: 1}"));
        using var cache = new OutputCache(new CacheRecipe { Folder = world.Inside("kept") }, Assert.Fail);
        Assert.True(cache.Bytes > 0);
    }

    byte[] Train(string cache, int stopAfter = 0, Action? between = null)
    {
        string path = world.Inside($"run-{runs++}");
        for (int part = stopAfter > 0 ? 0 : 1; ; part++)
        {
            using var stop = new CancellationTokenSource();
            using (AmalgamationSetup setup = Open(cache))
            {
                using RunFolder run = Directory.Exists(path) ? RunFolder.Open(path) : RunFolder.Create(path, "cached");
                using var trainer = new Trainer(setup, run, part == 0 ? new Witness(stopAfter, stop) : new Witness());
                if (trainer.Run(resume: part > 0 && stopAfter > 0, acceptOlder: false, stop.Token))
                {
                    return trainer.Student.WriteBack().ToBytes();
                }
            }

            between?.Invoke();
        }
    }

    TinySetup Run(string cache)
    {
        AmalgamationSetup setup = Open(cache);
        using RunFolder run = RunFolder.Create(world.Inside($"run-{runs++}"), "cached");
        return new TinySetup(setup, AmalgamationRun.Execute(setup, run, resume: false, acceptOlder: false, new Witness(), TestContext.Current.CancellationToken)!);
    }

    CacheReport Fill(string cache, WorkShare? share = null)
    {
        using AmalgamationSetup setup = Open(cache);
        return CacheFill.Run(setup, share ?? WorkShare.All, _ => { }, TestContext.Current.CancellationToken)!;
    }

    AmalgamationSetup Open(string cache) => world.Open(Recipe.Replace("CACHE", cache, StringComparison.Ordinal), warnings.Add);

    /// <summary>Every store's rows, by key.</summary>
    SortedDictionary<string, string> Contents(string folder)
    {
        var contents = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string file in Directory.GetFiles(world.Inside(folder), "*.rows", SearchOption.AllDirectories))
        {
            using Shard shard = Shard.Open(file);
            byte[] row = new byte[shard.Header.RowBytes];
            for (int i = 0; i < shard.Header.Rows; i++)
            {
                Assert.Null(shard.Read(i, row));
                contents.Add($"{Path.GetFileName(Path.GetDirectoryName(file))} {shard.Keys[i]}", Convert.ToHexString(row));
            }
        }

        return contents;
    }

    static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    sealed record TinySetup(AmalgamationSetup Setup, RunReport Report) : IDisposable
    {
        public void Dispose() => Setup.Dispose();
    }

    sealed class CopyAt(int step, Action copy) : ITrainingObserver
    {
        int steps;

        public void Started(string equation, int epochs, int batches)
        {
        }

        public void Stepped(int epoch, int batch, double imagesPerSecond, TimeSpan left)
        {
            if (++steps == step)
            {
                copy();
            }
        }

        public void EpochEnded(EpochSummary summary)
        {
        }

        public void Warn(string message) => Assert.Fail(message);
    }
}

using System.Diagnostics;
using System.Security.Cryptography;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Caching;

/// <summary>One network's stored outputs by the pixels it was shown: immutable shards in a folder of their own, and rows in memory that are
/// not written yet. What is damaged counts as absent. One thread adds; any may read.</summary>
sealed class OutputStore : IDisposable
{
    const int UnwrittenBytes = 64 << 20, UnwrittenRows = 1 << 18, Unwritten = -1;
    static readonly EnumerationOptions Here = new() { IgnoreInaccessible = true, AttributesToSkip = 0 };
    static readonly TimeSpan UnwrittenFor = TimeSpan.FromMinutes(2), Abandoned = TimeSpan.FromHours(1);

    readonly OutputCache cache;
    readonly StoreKey key;
    readonly string folder;
    readonly Lock gate = new();
    readonly List<Shard?> shards = [];
    readonly Dictionary<CanvasKey, (int Shard, int Row)> places = [];
    readonly List<CanvasKey> newKeys = [];
    readonly Stopwatch sinceWritten = new();
    MemoryStream newRows = new();
    long reserved;
    bool isClosed, isCut;

    /// <summary>Opens the shards that are there.</summary>
    /// <param name="cache">Bounds and messages.</param>
    /// <param name="key">What the outputs depend on.</param>
    /// <param name="dtype">How numbers are stored.</param>
    public OutputStore(OutputCache cache, StoreKey key, CacheDtype dtype)
    {
        (this.cache, this.key, Dtype) = (cache, key, dtype);
        folder = Path.Combine(cache.Recipe.Folder, key.Name);
        if (Directory.Exists(folder))
        {
            Sweep();
            foreach (string file in Directory.EnumerateFiles(folder, "*" + Shard.Extension, Here).Order(StringComparer.Ordinal))
            {
                Include(file);
            }
        }

        if (places.Count == 0)
        {
            SayWhatIsThereInstead();
        }
    }

    /// <summary>How numbers are stored.</summary>
    public CacheDtype Dtype { get; }

    /// <summary>What a row holds; null until somebody knows.</summary>
    public RowLayout? Layout { get; private set; }

    /// <summary>Bytes of a row; 0 where the layout is not known.</summary>
    public int RowBytes => Layout is { } layout ? checked((int)layout.Width * (Dtype == CacheDtype.Float16 ? 2 : 4)) : 0;

    /// <summary>Images that are stored.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return places.Count;
            }
        }
    }

    /// <summary>Says what a row holds. Shards that hold something else are left aside.</summary>
    public void Define(RowLayout layout)
    {
        lock (gate)
        {
            if (Layout is { } known && !known.IsLike(layout))
            {
                cache.Warn($"cache '{folder}': expected rows of {Words(layout)}, got {Words(known)}; they are computed anew");
                foreach (int shard in Enumerable.Range(0, shards.Count))
                {
                    Forget(shard);
                }
            }

            Layout = layout;
        }
    }

    /// <summary>Says, once, that outputs do not fit their number format.</summary>
    public void SayThatItIsCut()
    {
        if (!isCut)
        {
            isCut = true;
            cache.Warn($"cache: outputs of '{key.Model}' beyond {(double)Half.MaxValue} are cut there, float16 holds no larger ones; set train.cache.dtype: float32");
        }
    }

    /// <summary>Whether an image is stored.</summary>
    public bool Contains(CanvasKey image)
    {
        lock (gate)
        {
            return places.ContainsKey(image);
        }
    }

    /// <summary>What is stored of the images of a batch.</summary>
    /// <param name="keys">Of the images.</param>
    /// <param name="read">What was found before; null: nobody has looked.</param>
    public StoredRows Look(Lazy<CanvasKey[]> keys, StoredRows? read)
    {
        if (read is null)
        {
            Read(keys.Value, read = new StoredRows());
        }
        else
        {
            ReadMissing(read);
        }

        return read;
    }

    /// <summary>Looks up all images of a batch.</summary>
    public void Read(IReadOnlyList<CanvasKey> images, StoredRows rows)
    {
        rows.Begin(images, RowBytes);
        ReadMissing(rows);
    }

    /// <summary>Looks once more for those that were missing.</summary>
    public void ReadMissing(StoredRows rows)
    {
        if (rows.RowBytes != RowBytes)
        {
            rows.Begin(rows.Keys, RowBytes);
        }

        for (int i = 0; i < rows.Keys.Count && rows.Missing > 0; i++)
        {
            if (!rows.Has(i) && TryRead(rows.Keys[i], rows.Row(i)))
            {
                rows.Filled(i);
            }
        }
    }

    /// <summary>Stores a row, unless the image has one already or there is no room.</summary>
    public void Add(CanvasKey image, ReadOnlySpan<byte> row)
    {
        lock (gate)
        {
            if (isClosed || places.ContainsKey(image) || !HasRoom())
            {
                return;
            }

            if (newKeys.Count == 0)
            {
                sinceWritten.Restart();
            }

            places.Add(image, (Unwritten, newKeys.Count));
            newKeys.Add(image);
            newRows.Write(row);
            if (newRows.Length >= UnwrittenBytes || newKeys.Count >= UnwrittenRows || sinceWritten.Elapsed >= UnwrittenFor)
            {
                Flush();
            }
        }
    }

    /// <summary>Writes what is not written yet, as one shard.</summary>
    public void Flush()
    {
        lock (gate)
        {
            if (newKeys.Count == 0)
            {
                return;
            }

            var rows = newRows.GetBuffer().AsMemory(0, (int)newRows.Length);
            string path = Path.Combine(folder, NameOf(rows.Span) + Shard.Extension);
            try
            {
                MakeFolder();
                Shard.Write(path, Header(newKeys.Count), newKeys, rows);
                Shard shard = Shard.Open(path);
                shards.Add(shard);
                for (int i = 0; i < newKeys.Count; i++)
                {
                    places[newKeys[i]] = (shards.Count - 1, i);
                }
            }
            catch (Exception e) when (e is InputException or IOException or UnauthorizedAccessException or InvalidDataException)
            {
                cache.Warn($"cache: {e.Message}; nothing more is stored there");
                isClosed = true;
                foreach (CanvasKey lost in newKeys)
                {
                    places.Remove(lost);
                }

                cache.Release(reserved);
            }

            newKeys.Clear();
            newRows = new MemoryStream();
            reserved = 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Flush();
        lock (gate)
        {
            isClosed = true;
            places.Clear();
            foreach (Shard? shard in shards)
            {
                shard?.Dispose();
            }
        }
    }

    bool TryRead(CanvasKey image, Span<byte> row)
    {
        int number, at;
        Shard shard;
        lock (gate)
        {
            if (!places.TryGetValue(image, out var place))
            {
                return false;
            }

            (number, at) = place;
            if (number == Unwritten)
            {
                newRows.GetBuffer().AsSpan(at * row.Length, row.Length).CopyTo(row);
                return true;
            }

            shard = shards[number]!;
        }

        if (shard.Read(at, row) is not { } wrong)
        {
            return true;
        }

        lock (gate)
        {
            if (shards[number] is not null)
            {
                cache.Warn($"cache '{shard.Path}': expected row {at + 1} of {shard.Header.Rows} as it was written, got: {wrong.Problem}; {(wrong.IsDamaged ? "the file is removed, " : "")}its rows are computed anew");
                Forget(number);
                if (wrong.IsDamaged)
                {
                    Remove(shard.Path);
                }
            }
        }

        return false;
    }

    bool HasRoom()
    {
        long more = newKeys.Count == 0 ? Shard.BytesFor(Header(0), 1) : Shard.EntryBytes + RowBytes;
        if (!cache.Reserve(more))
        {
            return false;
        }

        reserved += more;
        return true;
    }

    ShardHeader Header(int rows) => new(key.Facts, key.Model, Layout!, RowBytes, rows);

    /// <summary>Follows from keys and rows: the same content has the same name.</summary>
    string NameOf(ReadOnlySpan<byte> rows)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[CanvasKey.Bytes];
        foreach (CanvasKey image in newKeys)
        {
            image.Write(bytes);
            hash.AppendData(bytes);
        }

        hash.AppendData(rows);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }

    void Include(string file)
    {
        try
        {
            Shard shard = Shard.Open(file);
            if (key.Differences(shard.Header.Key) is { Length: > 0 } different || (Layout is { } layout && !layout.IsLike(shard.Header.Outputs)))
            {
                cache.Warn($"cache '{file}': expected outputs of '{key.Model}', got others ({string.Join(", ", key.Differences(shard.Header.Key).DefaultIfEmpty("shapes"))}); they are not used");
                shard.Dispose();
                return;
            }

            Layout ??= shard.Header.Outputs;
            shards.Add(shard);
            for (int i = 0; i < shard.Keys.Count; i++)
            {
                places.TryAdd(shard.Keys[i], (shards.Count - 1, i));
            }
        }
        catch (InvalidDataException e)
        {
            cache.Warn($"cache '{file}': expected a whole file, got {e.Message}; it is removed, its rows are computed anew");
            Remove(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            cache.Warn($"cache '{file}': expected a file that can be read, got: {e.Message}; its rows are computed anew");
        }
    }

    /// <summary>Outputs of a model of this name for the same use, under other facts: worth a line, for somebody may expect them to be used.</summary>
    void SayWhatIsThereInstead()
    {
        if (!Directory.Exists(cache.Recipe.Folder))
        {
            return;
        }

        foreach (string other in Directory.EnumerateDirectories(cache.Recipe.Folder).Order(StringComparer.Ordinal))
        {
            if (Directory.EnumerateFiles(other, "*" + Shard.Extension, Here).FirstOrDefault() is { } file && Shard.Peek(file) is { } header
                && header.Model == key.Model && key.Differences(header.Key) is { Length: > 0 } different && !different.Intersect(["outputs", "dtype", "use"]).Any())
            {
                cache.WarnOnce(key.Model, $"cache '{other}': outputs of '{key.Model}' of another {string.Join(", ", different)}; they are not used and may be removed");
            }
        }
    }

    void Forget(int number)
    {
        foreach (CanvasKey lost in places.Where(p => p.Value.Shard == number).Select(p => p.Key).ToArray())
        {
            places.Remove(lost);
        }

        shards[number]?.Dispose();
        shards[number] = null;
    }

    void Remove(string file)
    {
        try
        {
            long length = new FileInfo(file).Length;
            File.Delete(file);
            if (file.EndsWith(Shard.Extension, StringComparison.Ordinal))
            {
                cache.Release(length);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It stays, counts as absent, and is looked at again next time.
        }
    }

    /// <summary>Removes what killed processes left half written; another machine's file under way is young.</summary>
    void Sweep()
    {
        foreach (string file in Directory.EnumerateFiles(folder, ".*.tmp", Here))
        {
            if (DateTime.UtcNow - File.GetLastWriteTimeUtc(file) > Abandoned)
            {
                Remove(file);
            }
        }
    }

    void MakeFolder()
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"'{folder}': expected a folder that can be made, got: {e.Message}", e);
        }
    }

    static string Words(RowLayout layout) => string.Join(", ", layout.Parts.Select(p => $"{p.Name} [{string.Join(", ", p.Shape)}]"));
}

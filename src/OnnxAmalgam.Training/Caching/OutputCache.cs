using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Caching;

/// <summary>The folder of a recipe's stored outputs: a store for each network, read settings and use; all together within the recipe's size. Owns the stores.</summary>
sealed class OutputCache : IDisposable
{
    static readonly EnumerationOptions Everywhere = new() { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = 0 };

    readonly Dictionary<string, OutputStore> stores = new(StringComparer.Ordinal);
    readonly Lock gate = new();
    readonly HashSet<string> said = new(StringComparer.Ordinal);
    readonly Action<string> warn;
    long bytes;
    bool isFull;

    /// <summary>Looks at the folder; it need not exist yet.</summary>
    /// <param name="recipe">Folder, views, size.</param>
    /// <param name="warn">Told what is damaged, of other settings, or does not fit.</param>
    public OutputCache(CacheRecipe recipe, Action<string> warn)
    {
        (Recipe, this.warn) = (recipe, warn);
        Views = new FixedViews(recipe.Views, recipe.Seed);
        bytes = Directory.Exists(recipe.Folder) ? new DirectoryInfo(recipe.Folder).EnumerateFiles("*" + Shard.Extension, Everywhere).Sum(Length) : 0;
    }

    /// <summary>Another machine may take a file away at any time.</summary>
    static long Length(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>What the recipe says of it.</summary>
    public CacheRecipe Recipe { get; }

    /// <summary>The views that are shown.</summary>
    public FixedViews Views { get; }

    /// <summary>Bytes of all files, those of rows that are not written yet included.</summary>
    public long Bytes => Interlocked.Read(ref bytes);

    /// <summary>Whether something did not fit.</summary>
    public bool IsFull => isFull;

    /// <summary>The store of a key: one, however many teachers ask for it.</summary>
    public OutputStore Store(StoreKey key, CacheDtype dtype)
    {
        if (!stores.TryGetValue(key.Name, out OutputStore? store))
        {
            stores.Add(key.Name, store = new OutputStore(this, key, dtype));
        }

        return store;
    }

    /// <summary>Takes room for so many bytes; says once that there is none.</summary>
    public bool Reserve(long more)
    {
        lock (gate)
        {
            if (bytes + more <= Recipe.MaxBytes)
            {
                bytes += more;
                return true;
            }
        }

        if (!isFull)
        {
            isFull = true;
            warn($"cache '{Recipe.Folder}': full at {ByteSize.Exact(Recipe.MaxBytes)}; what does not fit is computed each time. Raise train.cache.max_size, or remove the folders in it that no recipe uses any more");
        }

        return false;
    }

    /// <summary>Gives room back.</summary>
    public void Release(long less)
    {
        lock (gate)
        {
            bytes -= less;
        }
    }

    /// <summary>Says something the user should know.</summary>
    public void Warn(string message) => warn(message);

    /// <summary>Says it unless something was said of this already.</summary>
    public void WarnOnce(string of, string message)
    {
        if (said.Add(of))
        {
            warn(message);
        }
    }

    /// <summary>Writes what is not written yet. Afterwards a killed process loses nothing.</summary>
    public void Flush()
    {
        foreach (OutputStore store in stores.Values)
        {
            store.Flush();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (OutputStore store in stores.Values)
        {
            store.Dispose();
        }
    }
}

namespace OnnxAmalgam.Training;

/// <summary>Counter-based random values: each is a pure function of (seed, stream, a, b).</summary>
/// <remarks>
/// Nothing is stored and no draw shifts another, so a run goes on exactly where it stopped, and values do not depend on
/// which thread asks first. Each word is absorbed by SplitMix64's finaliser, a bijection of 64 bits with full avalanche
/// (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014). Not for secrets.
/// </remarks>
public static class Randomness
{
    const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>The number of a stream's name (FNV-1a over its UTF-16 units): the same on every machine.</summary>
    public static ulong StreamOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ulong hash = 0xCBF29CE484222325;
        foreach (char unit in name)
            hash = (hash ^ unit) * 0x100000001B3;
        return hash;
    }

    /// <summary>64 random bits for the counter (<paramref name="a"/>, <paramref name="b"/>) of a stream.</summary>
    public static ulong Draw(long seed, ulong stream, long a, long b)
    {
        ulong state = Mix((ulong)seed + Golden);
        state = Mix(state ^ (stream + Golden));
        state = Mix(state ^ ((ulong)a + Golden));
        return Mix(state ^ ((ulong)b + Golden));
    }

    /// <inheritdoc cref="Draw(long, ulong, long, long)"/>
    public static ulong Draw(long seed, string stream, long a, long b) => Draw(seed, StreamOf(stream), a, b);

    /// <summary>A draw as an integer in [0, <paramref name="bound"/>). The bias is below bound / 2^64.</summary>
    public static int ToInt(ulong draw, int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (int)Math.BigMul(draw, (ulong)bound, out _);
    }

    /// <summary>A draw as a number in [0, 1), a multiple of 2^-53.</summary>
    public static double ToUnit(ulong draw) => (draw >> 11) * (1.0 / (1UL << 53));

    /// <summary>The numbers 0 to <paramref name="count"/> - 1 in random order (Fisher-Yates), keyed by (seed, stream, <paramref name="a"/>).</summary>
    public static int[] Permutation(long seed, string stream, long a, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        int[] order = new int[count];
        for (int i = 0; i < count; i++)
            order[i] = i;
        ulong number = StreamOf(stream);
        for (int i = count - 1; i > 0; i--)
        {
            int j = ToInt(Draw(seed, number, a, i), i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}

using System.Numerics;
using System.Text;

namespace OnnxAmalgam.Trainable.Zoo;

/// <summary>Random numbers without state: the number at a place of a named stream is a function of seed, stream and place alone,
/// in integer arithmetic, so it is the same on every platform and no draw shifts another.</summary>
/// <remarks>Each number is SplitMix64's finaliser over a Weyl sequence that starts at a hash of seed and stream
/// (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).</remarks>
/// <param name="seed">The seed.</param>
/// <param name="stream">The stream's name.</param>
internal readonly struct CounterGenerator(long seed, string stream)
{
    const ulong Weyl = 0x9E3779B97F4A7C15;
    readonly ulong _start = Mix((ulong)seed + Weyl) ^ Hash(stream);

    /// <summary>64 random bits.</summary>
    public ulong Bits(long place) => Mix(_start + (Weyl * (ulong)(place + 1)));

    /// <summary>A number in (0, 1), a multiple of 2^-53 moved by half a step so that neither end is reached.</summary>
    public double Uniform(long place) => ((Bits(place) >> 11) + 0.5) * (1.0 / (1UL << 53));

    static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    /// <summary>FNV-1a over the name's UTF-8, finished by a mix.</summary>
    static ulong Hash(string name)
    {
        var hash = 0xCBF29CE484222325;
        foreach (var unit in Encoding.UTF8.GetBytes(name)) hash = (hash ^ unit) * 0x100000001B3;
        return Mix(BitOperations.RotateLeft(hash, 17));
    }
}

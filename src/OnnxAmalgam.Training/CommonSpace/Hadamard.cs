using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>Orthonormal matrices whose entries are all of one size.</summary>
/// <remarks>
/// H H^T = I, entries +-1/sqrt n. Sylvester's construction for powers of two; Paley's first (q + 1 for a prime q = 3 mod 4) and second
/// (2 (q + 1) for a prime q = 1 mod 4), each times a power of two by the Kronecker product. That covers the usual widths (12, 24, 48, 96,
/// 160, 192, 320, 384, 512, 768 ...). Prime powers are not looked for. Other sizes, odd ones among them, have none here: then it is the
/// orthonormal factor of a random +-1 matrix, whose entries are of one size only in the mean.
/// </remarks>
internal static class Hadamard
{
    /// <summary>H[n, n] in double; the caller owns it.</summary>
    public static Tensor Orthonormal(int size)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var signs = Signs(size);
        return (signs is null ? Random(size) : tensor(signs, size, size) / Math.Sqrt(size)).MoveToOuterDisposeScope();
    }

    /// <summary>The +-1 matrix, row by row; null where none is known here.</summary>
    public static double[]? Signs(int size)
    {
        if (size == 1) return [1];
        if (FirstPaley(size) is { } first) return first;
        if (SecondPaley(size) is { } second) return second;
        return size % 2 == 0 && Signs(size / 2) is { } half ? Doubled(half, size / 2) : null;
    }

    /// <summary>[[H, H], [H, -H]].</summary>
    static double[] Doubled(double[] half, int n)
    {
        var whole = new double[4 * n * n];
        for (var i = 0; i < 2 * n; i++)
            for (var j = 0; j < 2 * n; j++)
                whole[(i * 2 * n) + j] = half[(i % n * n) + (j % n)] * (i >= n && j >= n ? -1 : 1);
        return whole;
    }

    /// <summary>I + S with S = [[0, 1], [-1, Q]], Q[i, j] = chi(i - j).</summary>
    static double[]? FirstPaley(int size)
    {
        var q = size - 1;
        if (q % 4 != 3 || !IsPrime(q)) return null;
        var residues = Residues(q);
        var matrix = new double[size * size];
        for (var i = 0; i < size; i++)
            for (var j = 0; j < size; j++)
                matrix[(i * size) + j] = i == j ? 1 : i == 0 ? 1 : j == 0 ? -1 : residues[(i - j + q) % q];
        return matrix;
    }

    /// <summary>The symmetric S = [[0, 1], [1, Q]] with 0 replaced by [[1, -1], [-1, -1]] and +-1 by +-[[1, 1], [1, -1]].</summary>
    static double[]? SecondPaley(int size)
    {
        var q = (size / 2) - 1;
        if (size % 2 != 0 || q < 5 || q % 4 != 1 || !IsPrime(q)) return null;
        var residues = Residues(q);
        var matrix = new double[size * size];
        for (var i = 0; i <= q; i++)
        {
            for (var j = 0; j <= q; j++)
            {
                double sign = i == j ? 0 : i == 0 || j == 0 ? 1 : residues[(i - j + q) % q];
                double[] block = sign == 0 ? [1, -1, -1, -1] : [sign, sign, sign, -sign];
                for (var k = 0; k < 4; k++)
                    matrix[(((2 * i) + (k / 2)) * size) + (2 * j) + (k % 2)] = block[k];
            }
        }

        return matrix;
    }

    /// <summary>chi(a) for a = 0 .. q - 1: 0, 1 for a square, -1 else.</summary>
    static double[] Residues(int q)
    {
        var chi = Enumerable.Repeat(-1.0, q).ToArray();
        chi[0] = 0;
        for (long a = 1; a < q; a++) chi[a * a % q] = 1;
        return chi;
    }

    static bool IsPrime(int n)
    {
        if (n < 2) return false;
        for (var d = 2; d * d <= n; d++)
            if (n % d == 0) return false;
        return true;
    }

    static Tensor Random(int size)
    {
        var signs = Enumerable.Range(0, size * size).Select(i => (Randomness.Draw(0, "hadamard", size, i) & 1) == 0 ? 1.0 : -1).ToArray();
        var (q, _) = linalg.qr(tensor(signs, size, size));
        return q;
    }
}

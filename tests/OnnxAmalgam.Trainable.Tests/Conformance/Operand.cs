using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance;

/// <summary>One input of a case: a shape, and how its elements are drawn.</summary>
/// <param name="Shape">Sizes; <see cref="N"/> stands for the batch.</param>
/// <param name="Draw">Elements from a generator and their count; whole numbers are asked for where the type has no others.</param>
internal sealed record Operand(long[] Shape, Func<Random, long, bool, double[]> Draw)
{
    /// <summary>The batch: 1 and 3 when compared with ORT, 2 when gradients are checked.</summary>
    public const long N = -1;

    /// <summary>No such input.</summary>
    public static Operand? None => null;

    /// <summary>The element type, or null: the one that the case is run in.</summary>
    public ScalarType? Type { get; init; }

    /// <summary>Numbers around 0, without ties and kinks but by an accident that the seed rules out.</summary>
    public static Operand X(params long[] shape) => Between(-3, 3, shape);

    /// <summary>Numbers between 0.5 and 3.</summary>
    public static Operand Positive(params long[] shape) => Between(0.5, 3, shape);

    /// <summary>Numbers between two.</summary>
    public static Operand Between(double low, double high, params long[] shape) => new(shape, (random, count, whole) =>
    {
        var values = new double[count];
        for (var i = 0L; i < count; i++)
        {
            var value = low + ((high - low) * random.NextDouble());
            values[i] = whole ? Math.Round(value) is var rounded && rounded == 0 && low > 0 ? 1 : rounded : (float)value;
        }

        return values;
    });

    /// <summary>These numbers in the type of the case; repeated where the shape asks for more.</summary>
    public static Operand Of(long[] shape, params double[] values) => new(shape, (_, count, _) =>
        [.. Enumerable.Range(0, (int)count).Select(i => values[i % values.Length])]);

    /// <summary>A list of 64-bit integers.</summary>
    public static Operand Ints(params long[] values) => IntsIn([values.Length], values);

    /// <summary>One 64-bit integer of rank 0.</summary>
    public static Operand Int(long value) => IntsIn([], value);

    /// <summary>64-bit integers in a shape; repeated where it asks for more.</summary>
    public static Operand IntsIn(long[] shape, params long[] values) =>
        Of(shape, Array.ConvertAll(values, value => (double)value)) with { Type = ScalarType.Int64 };

    /// <summary>A list of float32 numbers, whatever the type of the case.</summary>
    public static Operand Float32(params double[] values) => Of([values.Length], values) with { Type = ScalarType.Float32 };

    /// <summary>One number of rank 0 in the type of the case.</summary>
    public static Operand Scalar(double value) => Of([], value);

    /// <summary>Truth values.</summary>
    public static Operand Bools(params long[] shape) => Of(shape, 1, 0, 0, 1, 1, 0, 1) with { Type = ScalarType.Bool };

    /// <summary>The elements for a batch; the caller owns them.</summary>
    public Tensor Make(Random random, ScalarType type, long batch)
    {
        using var scope = NewDisposeScope();
        long[] shape = [.. Shape.Select(size => size == N ? batch : size)];
        var target = Type ?? type;
        var values = Draw(random, shape.Aggregate(1L, (a, b) => a * b), target is not (ScalarType.Float32 or ScalarType.Float64 or ScalarType.Float16));
        return tensor(values).reshape(shape).to_type(target, copy: true).MoveToOuterDisposeScope();
    }
}

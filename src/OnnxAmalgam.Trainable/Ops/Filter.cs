namespace OnnxAmalgam.Trainable.Ops;

/// <summary>Which input elements make an output element along one axis of a Resize, and with what weight (ONNX Resize-11 to 19).</summary>
/// <param name="Mode"><c>nearest</c>, <c>linear</c> or <c>cubic</c>.</param>
/// <param name="Coordinate">How an output place becomes an input place.</param>
/// <param name="Rounding">How nearest rounds.</param>
/// <param name="CubicA">The cubic's free coefficient.</param>
/// <param name="ExcludeOutside">Elements outside have no weight, and the others are scaled to sum to 1.</param>
/// <param name="IsWide">Where the axis shrinks, the filter covers all the elements that fall together (antialias).</param>
internal sealed record Filter(string Mode, string Coordinate, string Rounding, double CubicA, bool ExcludeOutside, bool IsWide = false)
{
    const string ByScale = "by scale";

    /// <summary>What Upsample and Resize-10 do: nearest rounds down where it enlarges and up where it shrinks.</summary>
    public static Filter Asymmetric(string mode) => new(mode, "asymmetric", ByScale, -0.75, ExcludeOutside: false);

    /// <summary>For each tap, the element picked and its weight, by output place.</summary>
    /// <param name="size">The axis's length before.</param>
    /// <param name="length">And after.</param>
    /// <param name="scale">The quotient, as the file states it.</param>
    /// <param name="crop">The part of the axis that <c>tf_crop_and_resize</c> takes, 0 to 1 being all.</param>
    public (long[][] Places, double[][] Weights) Taps(long size, long length, double scale, (double Start, double End) crop)
    {
        if (IsWide) return WideTaps(size, length, scale, crop);
        var count = Mode switch { "nearest" => 1, "linear" => 2, _ => 4 };
        var places = NewTable<long>(count, length);
        var weights = NewTable<double>(count, length);
        for (var i = 0L; i < length; i++)
        {
            var at = Place(i, size, length, scale, crop);
            if (Mode == "nearest")
            {
                places[0][i] = Math.Clamp((long)Round(at, scale), 0, size - 1);
                weights[0][i] = 1;
                continue;
            }

            if (Mode == "linear") at = Math.Clamp(at, 0, size - 1);
            var first = (long)Math.Floor(at) - (count / 2) + 1;
            var sum = 0.0;
            for (var tap = 0; tap < count; tap++)
            {
                var place = first + tap;
                var weight = ExcludeOutside && (place < 0 || place >= size) ? 0 : Weight(Math.Abs(at - place));
                (places[tap][i], weights[tap][i]) = (Math.Clamp(place, 0, size - 1), weight);
                sum += weight;
            }

            if (!ExcludeOutside) continue;
            for (var tap = 0; tap < count; tap++) weights[tap][i] /= sum;
        }

        return (places, weights);
    }

    /// <summary>The filter stretched by the shrinking; weights that fall outside go to the border, unless they are excluded.</summary>
    (long[][] Places, double[][] Weights) WideTaps(long size, long length, double scale, (double Start, double End) crop)
    {
        var stretch = Math.Max(1, 1 / scale);
        var reach = (Mode == "linear" ? 1 : 2) * stretch;
        var count = (2 * (int)Math.Ceiling(reach)) + 1;
        var places = NewTable<long>(count, length);
        var weights = NewTable<double>(count, length);
        for (var i = 0L; i < length; i++)
        {
            var centre = scale == 1 ? i : Place(i, size, length, scale, crop);
            var first = (long)Math.Floor(centre - reach + 1);
            var sum = 0.0;
            for (var tap = 0; tap < count; tap++)
            {
                var place = first + tap;
                var weight = ExcludeOutside && (place < 0 || place >= size) ? 0 : Weight(Math.Abs(place - centre) / stretch);
                (places[tap][i], weights[tap][i]) = (Math.Clamp(place, 0, size - 1), weight);
                sum += weight;
            }

            for (var tap = 0; tap < count; tap++) weights[tap][i] /= sum;
        }

        return (places, weights);
    }

    /// <summary>Which output places lie outside the input, where <c>tf_crop_and_resize</c> puts a value of its own.</summary>
    public bool[] Outside(long size, long length, double scale, (double Start, double End) crop)
    {
        var outside = new bool[length];
        for (var i = 0L; i < length; i++)
            outside[i] = Coordinate == "tf_crop_and_resize" && Place(i, size, length, scale, crop) is var at && (at < 0 || at > size - 1);
        return outside;
    }

    double Weight(double distance)
    {
        if (Mode == "linear") return Math.Max(0, 1 - distance);
        if (distance >= 2) return 0;
        var (a, d) = (CubicA, distance);
        return d <= 1 ? ((((a + 2) * d) - (a + 3)) * d * d) + 1 : (((((d - 5) * d) + 8) * d) - 4) * a;
    }

    /// <summary>In float32, as runtimes compute it: a place just under a half must round as theirs does.</summary>
    double Place(long i, long size, long length, double scale, (double Start, double End) crop)
    {
        var s = (float)scale;
        return Coordinate switch
        {
            "asymmetric" => i / s,
            "tf_half_pixel_for_nn" => (i + 0.5f) / s,
            "tf_crop_and_resize" => length > 1
                ? ((float)crop.Start * (size - 1)) + (i * ((float)crop.End - (float)crop.Start) * (size - 1) / (length - 1))
                : 0.5f * ((float)crop.Start + (float)crop.End) * (size - 1),
            "align_corners" => length == 1 ? 0 : (float)i * (size - 1) / (length - 1),
            "pytorch_half_pixel" => length == 1 ? 0 : ((i + 0.5f) / s) - 0.5f,
            "half_pixel_symmetric" => (size / 2f * (1 - (length / (size * s)))) + ((i + 0.5f) / s) - 0.5f,
            _ => ((i + 0.5f) / s) - 0.5f,
        };
    }

    double Round(double at, double scale) => Rounding switch
    {
        ByScale => scale < 1 ? Math.Ceiling(at) : Math.Floor(at),
        "floor" => Math.Floor(at),
        "ceil" => Math.Ceiling(at),
        "round_prefer_ceil" => Math.Floor(at + 0.5),
        _ => Math.Ceiling(at - 0.5),
    };

    static T[][] NewTable<T>(int rows, long columns)
    {
        var table = new T[rows][];
        for (var i = 0; i < rows; i++) table[i] = new T[columns];
        return table;
    }
}

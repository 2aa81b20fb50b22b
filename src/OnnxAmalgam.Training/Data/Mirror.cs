namespace OnnxAmalgam.Training.Data;

/// <summary>What lies outside an image is its mirror image.</summary>
static class Mirror
{
    /// <summary>The pixel of a line that shows at any place: mirrored at the ends without repeating them.</summary>
    public static int Index(int place, int length)
    {
        if (length == 1) return 0;
        var period = 2 * (length - 1);
        var within = ((place % period) + period) % period;
        return within < length ? within : period - within;
    }
}

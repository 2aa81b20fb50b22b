using Google.Protobuf;
using Onnx;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>Tells whether a model that was parsed will be serialised to the bytes it came from.</summary>
static class RoundTrip
{
    /// <summary>Null when it will; else why not, in words.</summary>
    public static string? Note(string name, ModelProto proto, Skeleton skeleton)
    {
        using var comparison = new ComparingStream(skeleton.Bytes);
        proto.WriteTo(comparison);
        if (comparison.IsSame && !skeleton.HasLongLengths) return null;
        var reason = WireHabits.First(skeleton.Bytes) ?? (skeleton.HasLongLengths ? "lengths in more bytes than they need" : "some fields in another way");
        return $"'{name}' was written by a program that encodes {reason}; saved again it is the same model in other bytes";
    }
}

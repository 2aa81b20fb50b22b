using Google.Protobuf.Reflection;
using Onnx;

namespace OnnxAmalgam.Graphs.Files;

/// <summary>Finds what an encoder did that the protobuf library does otherwise: all of it is legal and means the same.</summary>
static class WireHabits
{
    /// <summary>The first such habit in a serialised model and where it shows, or null when none is known.</summary>
    public static string? First(ReadOnlySpan<byte> model) => First(model, 0, model.Length, ModelProto.Descriptor, "");

    static string? First(ReadOnlySpan<byte> bytes, int start, int end, MessageDescriptor message, string path)
    {
        var reader = new WireReader(bytes, start, end);
        var seen = new Dictionary<int, int>();
        var last = 0;
        while (reader.Next())
        {
            var field = message.FindFieldByNumber(reader.Field);
            var index = seen.GetValueOrDefault(reader.Field);
            seen[reader.Field] = index + 1;
            var here = path + (field?.Name ?? $"field {reader.Field}") + (field?.IsRepeated == true ? $"[{index}]" : "");

            if (HasLongIntegers(reader)) return $"integers in more bytes than they need (first at '{here}')";
            if (field is { IsRepeated: false } && index > 0) return $"a single field twice (first at '{here}')";
            if (field is null) last = int.MaxValue;
            else if (reader.Field < last) return $"fields in another order (first at '{here}')";
            else last = reader.Field;
            if (field is { IsRepeated: true } && IsNumber(field) && field.IsPacked != (reader.WireType == 2))
                return $"lists of numbers {(field.IsPacked ? "one by one" : "packed")} (first at '{path}{field.Name}')";

            if (reader.WireType == 2 && field is { FieldType: FieldType.Message }
                && First(bytes, reader.BodyStart, reader.BodyEnd, field.MessageType, here + ".") is { } inner)
            {
                return inner;
            }
        }
        return null;
    }

    static bool HasLongIntegers(in WireReader reader)
    {
        var tag = ((ulong)reader.Field << 3) | (uint)reader.WireType;
        var head = reader.TagEnd - reader.TagStart;
        return head != Varint.Size(tag)
            || reader.WireType == 0 && reader.BodyEnd - reader.BodyStart != Varint.Size(reader.Value)
            || reader.WireType == 2 && reader.BodyStart - reader.TagEnd != Varint.Size((ulong)(reader.BodyEnd - reader.BodyStart));
    }

    static bool IsNumber(FieldDescriptor field) => field.FieldType is not (FieldType.Message or FieldType.String or FieldType.Bytes or FieldType.Group);
}

using System.Globalization;
using Onnx;
using static Onnx.AttributeProto.Types;

namespace OnnxAmalgam.Graphs.Queries;

/// <summary>Attributes as values that can be compared.</summary>
internal static class AttributeValues
{
    /// <summary>A number (double), a text, or a list of either; null for graphs and tensors.</summary>
    public static object? Of(AttributeProto attribute) => attribute.Type switch
    {
        AttributeType.Int => (double)attribute.I,
        AttributeType.Float => Written(attribute.F),
        AttributeType.String => attribute.S.ToStringUtf8(),
        AttributeType.Ints => (IReadOnlyList<object>)[.. attribute.Ints.Select(value => (object)(double)value)],
        AttributeType.Floats => (IReadOnlyList<object>)[.. attribute.Floats.Select(value => (object)Written(value))],
        AttributeType.Strings => (IReadOnlyList<object>)[.. attribute.Strings.Select(value => (object)value.ToStringUtf8())],
        _ => null,
    };

    /// <summary>The number as one writes it: 0.1 and not the 0.100000001490116 that the nearest float is.</summary>
    static double Written(float value) => double.Parse(value.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}

using System.Text;
using OnnxAmalgam.Trainable.Operators;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>docs/operators.md, made from the operator table.</summary>
internal static class OperatorDocument
{
    public static string Text()
    {
        var text = new StringBuilder();
        var rows = OperatorTable.All.Rows.OrderBy(row => row.Domain, StringComparer.Ordinal).ThenBy(row => row.Type, StringComparer.Ordinal).ThenBy(row => row.Since).ToArray();
        text.Append(System.Globalization.CultureInfo.InvariantCulture, $"""
            # Operators that train

            Made from the operator table; a test compares this file with it. `UPDATE_GOLDEN=1 make test` writes it anew.

            {rows.Length} rows for {rows.DistinctBy(row => (row.Domain, row.Type)).Count()} operators. A row holds from its opset up to the next row of the operator, for ONNX's own domain up to opset {OperatorTable.NewestOpset}. Each is
            compared with ONNX Runtime at its first and newest opset (or the newest that ONNX Runtime runs), with its weights as inputs, initializers and Constant nodes, and its gradient with
            finite differences.

            - *Trained*: inputs (counted from 0) that are weights or running statistics by their place. *Operands*: stored tensors of several elements
              where another input already depends on a weight.
            - *Refused*: what ONNX has and the row does not honour. Everywhere refused, by name: operators that are not here, attributes that ONNX has
              not or that a row does not know, and element types that libtorch lacks (float8, 4-bit, texts, complex numbers). uint16, uint32 and uint64 are
              held in int64 where that computes the same (shapes and orders of elements, choices, comparisons, Min, Max, Mod, Cast), and refused elsewhere.
              A model with such nodes still loads, is inspected, tapped and run as a teacher; training lists all of them at once.
            - Bodies of If, Loop and Scan: a stored tensor of the graph outside trains where a node of the body reads it at a weight's place. Behind a Transpose or Cast
              in the body, as an operand there, or stored in the body itself it stays as it is. On a GPU such bodies were not run.
            - Inputs that are read as numbers (shapes, axes, the value that Pad fills with, Range's bounds) carry no gradient; Clip's limits do where they are computed of something
              that learns. `to` with another float type moves weights and stored tensors; casts inside a graph follow the type that it was made with.

            | operator | domain | since | trained | refused |
            |---|---|---|---|---|

            """);
        foreach (var row in rows)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"| {row.Type} | {(row.Domain.Length == 0 ? "ai.onnx" : row.Domain)} | {row.Since} | {Trained(row)} | {row.Refuses} |\n");
        return text.ToString();
    }

    static string Trained(Operator row)
    {
        string[] parts =
        [
            .. row.Weights.Length > 0 ? (string[])[$"weights {string.Join(", ", row.Weights)}"] : [],
            .. row.Buffers.Length > 0 ? (string[])[$"statistics {string.Join(", ", row.Buffers)}"] : [],
            .. row.Joins ? (string[])["operands"] : [],
        ];
        return string.Join("; ", parts);
    }
}

using Superpower.Model;

namespace OnnxAmalgam.Graphs.Queries.Language;

/// <summary>Comparisons whose sides go together.</summary>
internal static class Comparing
{
    /// <summary>Makes a comparison; a number beside a text, or an order of texts, is a mistake.</summary>
    public static Comparison Of(string text, Operand left, Token<QueryToken> sign, Operand right)
    {
        var comparison = sign.Kind switch
        {
            QueryToken.Equal => Operator.Equal,
            QueryToken.Unequal => Operator.Unequal,
            QueryToken.Less => Operator.Less,
            QueryToken.AtMost => Operator.AtMost,
            QueryToken.More => Operator.More,
            QueryToken.AtLeast => Operator.AtLeast,
            _ => Pattern(sign, right),
        };
        if (comparison.IsOrder && (!Fits(left.Type) || !Fits(right.Type)))
            throw QueryMistake.Word(sign, $"numbers on both sides of '{comparison.Sign}', got {(Fits(left.Type) ? right : left).Text}");
        var isPattern = sign.Kind is QueryToken.Like or QueryToken.Matches;
        if (!isPattern && left.Type != right.Type && left.Type != PropertyType.Any && right.Type != PropertyType.Any)
            throw QueryMistake.Word(sign, $"a {Kind(left.Type)} beside '{left.Text}', got {right.Text}");
        return new Comparison(text, left, comparison, right);
    }

    static bool Fits(PropertyType type) => type is PropertyType.Number or PropertyType.Any;

    static string Kind(PropertyType type) => type switch
    {
        PropertyType.Number => "number",
        PropertyType.Truth => "truth (true or false)",
        PropertyType.Shape => "list such as [N,16,7,7]",
        _ => "text",
    };

    static Operator Pattern(Token<QueryToken> sign, Operand right)
    {
        if (right is not Literal { Value: string pattern })
            throw QueryMistake.Word(sign, $"a text behind '{sign.ToStringValue()}', got {right.Text}");
        try
        {
            return sign.Kind == QueryToken.Like ? Operator.Like(pattern) : Operator.Matches(pattern);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw QueryMistake.Word(sign, $"a regular expression (without look-around and back references), got {right.Text}: {e.Message}");
        }
    }
}

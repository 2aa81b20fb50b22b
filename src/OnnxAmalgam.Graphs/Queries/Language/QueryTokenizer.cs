using Superpower;
using Superpower.Model;
using Superpower.Parsers;
using Superpower.Tokenizers;

namespace OnnxAmalgam.Graphs.Queries.Language;

/// <summary>Cuts a query into tokens. Words hold letters, digits, <c>_ . / : ?</c>, and <c>-</c> inside, so that most names need no quotes.</summary>
internal static class QueryTokenizer
{
    static readonly TextParser<TextSpan> Number = Span.Regex(@"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![\w./:?-])");
    static readonly TextParser<TextSpan> Word = Span.Regex(@"[\w./:?]([\w./:?-]*[\w./:?])?");
    static readonly TextParser<TextSpan> Quoted = Span.Regex(@"(""[^""]*""|'[^']*')");

    public static Tokenizer<QueryToken> Instance { get; } = new TokenizerBuilder<QueryToken>()
        .Ignore(Span.WhiteSpace)
        .Match(Quoted, QueryToken.Text)
        .Match(Number, QueryToken.Number)
        .Match(Word, QueryToken.Word)
        .Match(Span.EqualTo("~>"), QueryToken.Out)
        .Match(Span.EqualTo("<~"), QueryToken.In)
        .Match(Span.EqualTo("=~"), QueryToken.Matches)
        .Match(Span.EqualTo("!="), QueryToken.Unequal)
        .Match(Span.EqualTo("<="), QueryToken.AtMost)
        .Match(Span.EqualTo(">="), QueryToken.AtLeast)
        .Match(Character.EqualTo('='), QueryToken.Equal)
        .Match(Character.EqualTo('<'), QueryToken.Less)
        .Match(Character.EqualTo('>'), QueryToken.More)
        .Match(Character.EqualTo('~'), QueryToken.Like)
        .Match(Character.EqualTo('!'), QueryToken.Not)
        .Match(Character.EqualTo('&'), QueryToken.And)
        .Match(Character.EqualTo('|'), QueryToken.Or)
        .Match(Character.EqualTo('('), QueryToken.Open)
        .Match(Character.EqualTo(')'), QueryToken.Close)
        .Match(Character.EqualTo('['), QueryToken.OpenBracket)
        .Match(Character.EqualTo(']'), QueryToken.CloseBracket)
        .Match(Character.EqualTo(','), QueryToken.Comma)
        .Match(Character.EqualTo('+'), QueryToken.Plus)
        .Match(Character.EqualTo('-'), QueryToken.Minus)
        .Match(Character.EqualTo('*'), QueryToken.Star)
        .Build();
}

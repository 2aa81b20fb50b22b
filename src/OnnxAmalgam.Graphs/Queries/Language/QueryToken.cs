using Superpower.Display;

namespace OnnxAmalgam.Graphs.Queries.Language;

/// <summary>What a query's text is made of.</summary>
internal enum QueryToken
{
    [Token(Description = "a word")]
    Word,
    [Token(Description = "a number")]
    Number,
    [Token(Description = "a quoted text")]
    Text,
    [Token(Example = "~>")]
    Out,
    [Token(Example = "<~")]
    In,
    [Token(Example = "=~")]
    Matches,
    [Token(Example = "!=")]
    Unequal,
    [Token(Example = "<=")]
    AtMost,
    [Token(Example = ">=")]
    AtLeast,
    [Token(Example = "=")]
    Equal,
    [Token(Example = "<")]
    Less,
    [Token(Example = ">")]
    More,
    [Token(Example = "~")]
    Like,
    [Token(Example = "!")]
    Not,
    [Token(Example = "&")]
    And,
    [Token(Example = "|")]
    Or,
    [Token(Example = "(")]
    Open,
    [Token(Example = ")")]
    Close,
    [Token(Example = "[")]
    OpenBracket,
    [Token(Example = "]")]
    CloseBracket,
    [Token(Example = ",")]
    Comma,
    [Token(Example = "+")]
    Plus,
    [Token(Example = "-")]
    Minus,
    [Token(Example = "*")]
    Star,
}

using System.Globalization;
using Superpower;
using Superpower.Model;
using Superpower.Parsers;
using static Superpower.Parse;

namespace OnnxAmalgam.Graphs.Queries.Language;

/// <summary>The grammar of docs/queries.md, as parser combinators.</summary>
internal static class Grammar
{
    const int MostNested = 50;
    const int MostTokens = 2000;

    static readonly TokenListParser<QueryToken, string> Word = Token.EqualTo(QueryToken.Word).Select(token => token.ToStringValue());

    static readonly TokenListParser<QueryToken, string> Quoted = Token.EqualTo(QueryToken.Text).Select(token => token.ToStringValue()[1..^1]);

    static readonly TokenListParser<QueryToken, double> Number = Token.EqualTo(QueryToken.Number).Select(token => double.Parse(token.ToStringValue(), CultureInfo.InvariantCulture));

    /// <summary>From 1, or from -1 for the end.</summary>
    static readonly TokenListParser<QueryToken, int> Place = Token.EqualTo(QueryToken.Number).Select(token =>
        int.TryParse(token.ToStringValue(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number != 0 ? number : throw QueryMistake.Word(token, $"a whole number from 1, or from -1 for the end, got '{token.ToStringValue()}'"));

    static TokenListParser<QueryToken, Token<QueryToken>> Keyword(string word) =>
        Token.EqualToValue(QueryToken.Word, word).Named($"'{word}'");

    /// <summary>A parser's result with the text it was read from.</summary>
    static TokenListParser<QueryToken, (T Value, string Text)> Written<T>(TokenListParser<QueryToken, T> parser) => input =>
    {
        var result = parser(input);
        if (!result.HasValue)
            return TokenListParserResult.CastEmpty<QueryToken, T, (T, string)>(result);
        var tokens = input.Take(result.Remainder.Position - input.Position).ToArray();
        var (start, last) = (tokens[0].Span, tokens[^1].Span);
        var text = start.Source![start.Position.Absolute..(last.Position.Absolute + last.Length)];
        return TokenListParserResult.Value((result.Value, text), input, result.Remainder);
    };

    /// <summary>The column of the next token, which stays.</summary>
    static readonly TokenListParser<QueryToken, int> Here = input =>
        TokenListParserResult.Value(input.IsAtEnd ? 1 : QueryMistake.Column(input.First()), input, input);

    static readonly TokenListParser<QueryToken, QueryNode> Inner =
        from open in Token.EqualTo(QueryToken.Open)
        from query in Ref(() => Whole!)
        from close in Token.EqualTo(QueryToken.Close)
        select query;

    // ---- conditions

    static readonly TokenListParser<QueryToken, object> Item =
        Number.Select(value => (object)value)
            .Or(Quoted.Select(value => (object)value))
            .Or(Word.Select(value => (object)value))
            .Or(Token.EqualTo(QueryToken.Star).Value((object)"*"));

    static readonly TokenListParser<QueryToken, Operand> List =
        Written(Item.ManyDelimitedBy(Token.EqualTo(QueryToken.Comma)).Between(Token.EqualTo(QueryToken.OpenBracket), Token.EqualTo(QueryToken.CloseBracket)))
            .Select(list => (Operand)new Literal(list.Text, PropertyType.Shape, (IReadOnlyList<object>)list.Value));

    static readonly TokenListParser<QueryToken, Operand> Count =
        Written(Keyword("count").IgnoreThen(Inner)).Select(count => (Operand)new CountOperand(count.Text, count.Value));

    /// <summary><c>name</c>, <c>.name</c>, <c>attr(name)</c>.</summary>
    static readonly TokenListParser<QueryToken, Property> Named =
        Keyword("attr").IgnoreThen(Word.Or(Quoted).Between(Token.EqualTo(QueryToken.Open), Token.EqualTo(QueryToken.Close)))
            .Select(name => new Property($"attr({name})", PropertyType.Any, element => element.Attr(name)))
            .Or(Token.EqualTo(QueryToken.Word).Select(Known).Named("a property"));

    static readonly TokenListParser<QueryToken, Operand> Valued = Count.Or(
        Written(from property in Named
                from remote in Keyword("of").IgnoreThen(Inner).Select(query => (QueryNode?)query).OptionalOrDefault()
                select (Property: property, Query: remote))
            .Select(read => read.Value.Query is { } query
                ? (Operand)new RemoteOperand(read.Text, read.Value.Property, query)
                : new PropertyOperand(read.Text, read.Value.Property)));

    /// <summary>On the right of a comparison a bare word is a text; <c>.name</c> is the property.</summary>
    static readonly TokenListParser<QueryToken, Operand> Compared =
        Written(Number).Select(number => (Operand)new Literal(number.Text, PropertyType.Number, number.Value))
            .Or(Written(Quoted).Select(text => (Operand)new Literal(text.Text, PropertyType.Text, text.Value)))
            .Or(List)
            .Or(Count)
            .Or(Token.EqualTo(QueryToken.Word).Where(token => token.ToStringValue().StartsWith('.') && token.Span.Length > 1)
                .Select(token => (Operand)new PropertyOperand(token.ToStringValue(), Known(token))).Try())
            .Or(Word.Select(word => (Operand)(word is "true" or "false"
                ? new Literal(word, PropertyType.Truth, word == "true")
                : new Literal(word, PropertyType.Text, word))))
            .Named("a value");

    static readonly TokenListParser<QueryToken, Token<QueryToken>> Sign =
        Token.Matching<QueryToken>(
            kind => kind is QueryToken.Equal or QueryToken.Unequal or QueryToken.Less or QueryToken.AtMost or QueryToken.More or QueryToken.AtLeast or QueryToken.Like or QueryToken.Matches,
            "a comparison");

    static readonly TokenListParser<QueryToken, Condition> Test =
        Written(from left in Valued
                from tail in (from sign in Sign from right in Compared select ((Token<QueryToken> Sign, Operand Right)?)(sign, right)).OptionalOrDefault()
                select (left, tail))
            .Select(test => test.Value.tail is var (sign, right)
                ? (Condition)Comparing.Of(test.Text, test.Value.left, sign, right)
                : new TruthCondition(test.Value.left));

    static readonly TokenListParser<QueryToken, Condition> Atom =
        Ref(() => Either!).Between(Token.EqualTo(QueryToken.Open), Token.EqualTo(QueryToken.Close))
            .Or(Written(Keyword("in").IgnoreThen(Inner)).Select(read => (Condition)new MemberCondition(read.Text, read.Value)))
            .Or(Written(Keyword("any").IgnoreThen(Inner)).Select(read => (Condition)new AnyCondition(read.Text, read.Value)))
            .Or(Test);

    static readonly TokenListParser<QueryToken, Condition> Negated =
        Token.EqualTo(QueryToken.Not).Or(Keyword("not")).IgnoreThen(Written(Ref(() => Negated!))).Select(read => (Condition)new NotCondition(read.Text, read.Value))
            .Or(Atom);

    static readonly TokenListParser<QueryToken, Condition> Both =
        Chain(Token.EqualTo(QueryToken.And).Or(Keyword("and")), Negated, (_, left, right) => new AndCondition(left, right));

    static readonly TokenListParser<QueryToken, Condition> Either =
        Chain(Token.EqualTo(QueryToken.Or).Or(Keyword("or")), Both, (_, left, right) => new OrCondition(left, right));

    static readonly TokenListParser<QueryToken, Condition> Bracket =
        Either.Between(Token.EqualTo(QueryToken.OpenBracket), Token.EqualTo(QueryToken.CloseBracket));

    // ---- stages

    static readonly TokenListParser<QueryToken, Edge> Edges =
        Token.EqualTo(QueryToken.Word).Named("an edge").Select(KnownEdge).AtLeastOnceDelimitedBy(Token.EqualTo(QueryToken.Or)).Select(edges => edges.Aggregate((a, b) => a | b));

    static readonly TokenListParser<QueryToken, (int From, int? To)> Steps =
        Token.EqualTo(QueryToken.Star).Value((From: 1, To: (int?)null))
            .Or(Token.EqualTo(QueryToken.Word).Or(Token.EqualTo(QueryToken.Number)).Named("steps").Select(Range).Between(Token.EqualTo(QueryToken.Open), Token.EqualTo(QueryToken.Close)));

    static readonly TokenListParser<QueryToken, Stage> Hop =
        Written(from direction in Token.EqualTo(QueryToken.Out).Or(Token.EqualTo(QueryToken.In))
                from edges in Edges
                from steps in Steps.Select(steps => ((int From, int? To)?)steps).OptionalOrDefault()
                from until in Keyword("until").IgnoreThen(Bracket).Select(condition => (Condition?)condition).OptionalOrDefault()
                select (direction, edges, steps, until))
            .Select(hop => (Stage)Hops(hop.Text, hop.Value.direction.Kind == QueryToken.Out, hop.Value.edges, hop.Value.steps, hop.Value.until));

    static readonly TokenListParser<QueryToken, (string Word, int Number)> Pick =
        Keyword("first").Or(Keyword("last")).Or(Keyword("single")).Select(token => (token.ToStringValue(), 0))
            .Or(Keyword("nth").IgnoreThen(Place).Select(number => ("nth", number)));

    static readonly TokenListParser<QueryToken, Stage> AnyStage =
        Written(Bracket).Select(read => (Stage)new FilterStage(read.Text, read.Value))
            .Or(Hop)
            .Or(Written(Keyword("to").IgnoreThen(Inner)).Select(read => (Stage)new PathStage(read.Text, read.Value)))
            .Or(Written(from value in Keyword("sort").IgnoreThen(Valued)
                        from falls in Keyword("desc").Value(true).OptionalOrDefault()
                        select (value, falls))
                .Select(read => (Stage)new SortStage(read.Text, read.Value.value, read.Value.falls)))
            .Or(Written(from key in Keyword("by").IgnoreThen(Valued)
                        from pick in Pick
                        select (key, pick))
                .Select(read => (Stage)new PickStage(read.Text, read.Value.key, read.Value.pick.Word, read.Value.pick.Number)))
            .Or(Written(Pick).Select(read => (Stage)new PickStage(read.Text, null, read.Value.Word, read.Value.Number)));

    // ---- queries

    static readonly TokenListParser<QueryToken, QueryNode> Source =
        Inner
            .Or(Written(Quoted).Select(read => (QueryNode)new NameNode(read.Text, read.Value)))
            .Or(Token.EqualTo(QueryToken.Star).Value((QueryNode)new KindNode("*", null)))
            .Or(Token.EqualTo(QueryToken.Word).Named("a kind of element").Select(KnownKind));

    static readonly TokenListParser<QueryToken, QueryNode> Staged =
        (from source in Source from stages in AnyStage.Many() select stages.Aggregate(source, (before, stage) => new StageNode(before, stage)))
            // inside a condition a query may start with a hop: from the element itself
            .Or(from column in Here
                from hop in Hop
                from more in AnyStage.Many()
                select more.Prepend(hop).Aggregate((QueryNode)new SelfNode(column), (before, stage) => new StageNode(before, stage)));

    static readonly TokenListParser<QueryToken, QueryNode> Whole =
        Chain(Token.EqualTo(QueryToken.Plus).Or(Token.EqualTo(QueryToken.Minus)), Staged, (sign, left, right) => new CombinedNode(left, right, sign.Kind == QueryToken.Plus));

    /// <summary>Reads a whole query.</summary>
    /// <exception cref="InputException">The column, and what was expected there.</exception>
    public static QueryNode Read(string text)
    {
        var tokens = QueryTokenizer.Instance.TryTokenize(text);
        if (!tokens.HasValue)
            throw QueryMistake.At(text, tokens.ErrorPosition, "a word, a number, a quoted text or a sign");
        RefuseDeep(text, tokens.Value);
        try
        {
            var result = Whole.AtEnd().TryParse(tokens.Value);
            if (!result.HasValue)
                throw QueryMistake.At(text, result.ErrorPosition, QueryMistake.Expectations(result.Expectations));
            return result.Value.Self is { Column: var column }
                ? throw QueryMistake.At(text, new Position(column - 1, 1, column), $"a kind of element first ({string.Join(", ", Words.Kinds)} or *)")
                : result.Value;
        }
        catch (UnknownWordException e)
        {
            throw new InputException($"query '{text}', column {e.Column}: expected {e.Message}");
        }
    }

    /// <summary>Reading and answering go as deep as a query is nested, and as a chain of it is long; a stack has an end.</summary>
    static void RefuseDeep(string text, TokenList<QueryToken> tokens)
    {
        int depth = 0, nots = 0, count = 0;
        foreach (var token in tokens)
        {
            depth += token.Kind is QueryToken.Open or QueryToken.OpenBracket ? 1 : token.Kind is QueryToken.Close or QueryToken.CloseBracket ? -1 : 0;
            nots = token.Kind == QueryToken.Not || token.ToStringValue() == "not" ? nots + 1 : 0;
            if (depth + nots > MostNested || ++count > MostTokens)
                throw new InputException($"query of {text.Length} characters, column {QueryMistake.Column(token)}: expected at most {MostTokens} words and signs, brackets and nots at most {MostNested} deep; take the query apart");
        }
    }

    static Property Known(Token<QueryToken> token)
    {
        var name = token.ToStringValue().TrimStart('.');
        return Property.Find(name) ?? throw QueryMistake.Word(token, $"a property: {Words.Expected(Property.All.Select(property => property.Name).Append("attr(...)"), name)}");
    }

    static Edge KnownEdge(Token<QueryToken> token) => Words.Edges.TryGetValue(token.ToStringValue(), out var edge)
        ? edge
        : throw QueryMistake.Word(token, $"an edge: {Words.Expected(Words.Edges.Keys, token.ToStringValue())}");

    static QueryNode KnownKind(Token<QueryToken> token) => token.ToStringValue() switch
    {
        "." => new SelfNode(QueryMistake.Column(token)),
        var word when Array.IndexOf(Words.Kinds, word) is >= 0 and var kind => new KindNode(word, (ElementKind)kind),
        var word => throw QueryMistake.Word(token, $"a kind of element: {Words.Expected(Words.Kinds, word)}"),
    };

    /// <summary>Where nothing is said, one step, or with <c>until</c> any number.</summary>
    static HopStage Hops(string text, bool forth, Edge edges, (int From, int? To)? steps, Condition? until)
    {
        var (from, to) = steps ?? (1, until is null ? 1 : null);
        return new HopStage(text, edges, forth, from, to, until);
    }

    /// <summary><c>2</c>, <c>1..3</c>, <c>2..</c>.</summary>
    static (int From, int? To) Range(Token<QueryToken> token)
    {
        var text = token.ToStringValue();
        var dots = text.IndexOf("..", StringComparison.Ordinal);
        var (first, second) = dots < 0 ? (text, text) : (text[..dots], text[(dots + 2)..]);
        int? to = null;
        var good = int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var from);
        if (second.Length > 0)
        {
            good &= int.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out var last);
            to = last;
        }
        return good && (to is null || to >= from) ? (from, to) : throw QueryMistake.Word(token, $"steps as 2, 1..3 or 2.., got '{text}'");
    }
}

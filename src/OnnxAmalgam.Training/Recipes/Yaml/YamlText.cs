using System.Text;
using OnnxAmalgam.Graphs;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace OnnxAmalgam.Training.Recipes.Yaml;

/// <summary>Text to <see cref="YamlNode"/>s by YamlDotNet's event parser: no recursion, and nothing in the text can make more than itself
/// (anchors, aliases, tags and merge keys are refused).</summary>
internal static class YamlText
{
    public const int MaxBytes = 1 << 20;
    public const int MaxDepth = 32;
    const int MaxEvents = 100_000;

    /// <summary>Reads a file that must hold one document.</summary>
    /// <exception cref="InputException">It cannot be read, is too large, is no UTF-8, or is not this subset of YAML.</exception>
    public static YamlNode ReadFile(string path)
    {
        byte[] bytes;
        if (Directory.Exists(path))
            throw new InputException($"{path}: expected a recipe, got a folder{(File.Exists(Path.Combine(path, "recipe.yaml")) ? $"; name the recipe in it: {ShellWord.Of(Path.Combine(path, "recipe.yaml"))}" : "")}");
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (stream.Length > MaxBytes)
                throw new InputException($"{path}: expected a recipe of at most {MaxBytes} bytes, got {stream.Length}");
            bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path}: expected a recipe, got no file of that name", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InputException($"{path}: expected a recipe that can be read, got: {e.Message}", e);
        }
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return Parse(text.StartsWith('\uFEFF') ? text[1..] : text, path, lines: true);
        }
        catch (DecoderFallbackException e)
        {
            throw new InputException($"{path}: expected UTF-8 text, got the byte 0x{e.BytesUnknown![0]:X2} at {e.Index}", e);
        }
    }

    /// <summary>Reads one document.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="source">What messages call it.</param>
    /// <param name="lines">Whether messages carry line numbers.</param>
    public static YamlNode Parse(string text, string source, bool lines)
    {
        Place At(Mark mark) => new(source, lines ? mark.Line : null);
        var building = new TreeBuilder();
        var parser = new Parser(new StringReader(text));
        var last = new Mark(0, 1, 1);
        try
        {
            for (var count = 0; parser.MoveNext(); count++)
            {
                var current = parser.Current!;
                var place = At(last = current.Start);
                if (count > MaxEvents)
                    throw place.Error($"expected at most {MaxEvents} values");
                if (building.Depth + current.NestingIncrease > MaxDepth)
                    throw place.Error($"expected at most {MaxDepth} levels of nesting");
                building.Add(current, place);
            }
        }
        catch (YamlException e)
        {
            throw new InputException($"{At(e.Start)}: expected YAML, got a mistake at column {e.Start.Column}: {FirstSentence(e)}", e);
        }
        catch (Exception e) when (e is not (InputException or OutOfMemoryException))
        {
            // the parser's other exceptions name no place: a line of { } or [ ] to the left of its block, half a surrogate pair
            throw new InputException($"{At(last)}: expected YAML, got a mistake behind this line: {FirstSentence(e)}; where lines of {{ }} or [ ] stand there, they must be indented further than the block around them", e);
        }
        return building.Root ?? new YamlScalar("", plain: true, At(new Mark(0, 1, 1)));
    }

    static string FirstSentence(Exception e) => (e.InnerException ?? e).Message.ReplaceLineEndings(" ").TrimEnd('.');

    /// <summary>Collects events into nodes; open containers lie on a stack.</summary>
    sealed class TreeBuilder
    {
        readonly Stack<(YamlNode Container, YamlScalar? Key)> open = new();

        public YamlNode? Root { get; private set; }

        public int Depth => open.Count;

        public void Add(ParsingEvent current, Place place)
        {
            switch (current)
            {
                case AnchorAlias alias:
                    throw place.Error($"expected a value, got the alias '*{alias.Value}'; aliases are not part of recipes: write the value again");
                case NodeEvent { Anchor.IsEmpty: false } node:
                    throw place.Error($"expected a value, got the anchor '&{node.Anchor}'; anchors are not part of recipes");
                case NodeEvent { Tag.IsEmpty: false } node:
                    throw place.Error($"expected a value, got the tag '{node.Tag}'; tags are not part of recipes");
                case Scalar scalar:
                    Put(new YamlScalar(scalar.Value, scalar.Style == ScalarStyle.Plain, place));
                    break;
                case SequenceStart:
                    Open(new YamlSequence(place));
                    break;
                case MappingStart:
                    Open(new YamlMapping(place));
                    break;
                case SequenceEnd or MappingEnd:
                    open.Pop();
                    break;
                case DocumentStart when Root is not null:
                    throw place.Error("expected one document, got a second one");
            }
        }

        void Open(YamlNode container)
        {
            Put(container);
            open.Push((container, null));
        }

        void Put(YamlNode node)
        {
            if (!open.TryPop(out var top))
                Root = node;
            else if (top.Container is YamlSequence sequence)
            {
                sequence.Items.Add(node);
                open.Push(top);
            }
            else if (top.Key is { } key)
            {
                ((YamlMapping)top.Container).Set(key, node);
                open.Push((top.Container, null));
            }
            else
                open.Push((top.Container, CheckedKey((YamlMapping)top.Container, node)));
        }

        static YamlScalar CheckedKey(YamlMapping mapping, YamlNode node)
        {
            if (node is not YamlScalar key)
                throw node.Place.Error($"expected a key, got {node.Describe()}");
            if (key is { Text: "<<", IsPlain: true })
                throw key.Place.Error("expected a key, got the merge key '<<'; merging is not part of recipes");
            if (mapping[key.Text] is not null)
                throw key.Place.Error($"expected each key once, got '{key.Text}' again");
            return key;
        }
    }
}

using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace OnnxAmalgam.Training.Recipes.Yaml;

/// <summary><see cref="YamlNode"/>s to text: the outer levels in block form, short inner ones on one line.</summary>
internal static class YamlWriter
{
    /// <summary>Levels of keys in block form, and lists of more than texts one level deeper; what lies below is written as <c>{...}</c> and <c>[...]</c>.</summary>
    const int BlockLevels = 2;

    /// <summary>The text, ending in a line feed. Trees come from a <see cref="Recipe"/>, whose depth is fixed.</summary>
    public static string Write(YamlNode root)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings().WithBestWidth(160).WithIndentedSequences());
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Emit(emitter, root, 0);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    /// <summary>Whether a text is no more than a word or a path, and needs no quotes.</summary>
    public static bool IsWord(string text) => text.Length > 0 && (char.IsLetterOrDigit(text[0]) || text[0] is '/' or '_' || text.StartsWith("../", StringComparison.Ordinal)) && !YamlScalar.IsNullWord(text)
        && text.All(c => char.IsLetterOrDigit(c) || c is '/' or '_' or '.' or '-' or '+');

    /// <summary>Quotes every text that is more than a word: the emitter's own choice loses U+2028 and a leading ':'.</summary>
    static ScalarStyle Style(YamlScalar scalar) => scalar.IsPlain || IsWord(scalar.Text) ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted;

    static void Emit(Emitter emitter, YamlNode node, int depth)
    {
        switch (node)
        {
            case YamlScalar scalar:
                emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, scalar.Text, Style(scalar), isPlainImplicit: true, isQuotedImplicit: true));
                break;
            case YamlSequence sequence:
                var asList = depth <= BlockLevels && sequence.Items.Any(i => i is not YamlScalar);
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, true, asList ? SequenceStyle.Block : SequenceStyle.Flow));
                foreach (var item in sequence.Items)
                    Emit(emitter, item, depth + 1);
                emitter.Emit(new SequenceEnd());
                break;
            case YamlMapping mapping:
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, true, depth < BlockLevels ? MappingStyle.Block : MappingStyle.Flow));
                foreach (var (key, value) in mapping.Entries)
                {
                    Emit(emitter, key, depth + 1);
                    Emit(emitter, value, depth + 1);
                }
                emitter.Emit(new MappingEnd());
                break;
        }
    }
}

using OnnxAmalgam.Graphs.Metadata;
using Onnx;
using OnnxAmalgam.Tests.Shared;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Metadata;

public sealed class LabelTests : IDisposable
{
    readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("{0: 'cat', 1: \"dog's\", 2: 'b\\\\c', 3: 'd'}", "cat|dog's|b\\c|d")]
    [InlineData("{3: 'd', 1: 'b', 0: 'a', 2: 'c'}", "a|b|c|d")]
    [InlineData("['a', 'b', 'c', 'd']", "a|b|c|d")]
    [InlineData("('a', 'b')", "a|b")]
    [InlineData(" { 0 : 'a' , 1 : 'b' , } ", "a|b")]
    [InlineData(@"{0: 'caf\xe9', 1: '\u4e2d', 2: '\U0001f600', 3: 'tab\tnew\nline'}", "café|中|😀|tab\tnew\nline")]
    [InlineData("{0: 'naïve', 1: '犬'}", "naïve|犬")]
    [InlineData("{0: '__import__(\"os\").system(\"true\")'}", "__import__(\"os\").system(\"true\")")]
    public void Names_are_read_as_Python_prints_them(string names, string labels)
    {
        var model = With(("names", names));
        Assert.Equal(labels.Split('|'), ModelMetadata.Labels(model)!);
        Assert.Equal("metadata 'names'", ModelMetadata.LabelsSource(model));
    }

    [Theory]
    [InlineData("__import__('os').system('touch /tmp/x')")]
    [InlineData("{0: __import__('os').getcwd()}")]
    [InlineData("{0: 'a'} or open('/etc/passwd').read()")]
    [InlineData("{0: 'a'}; 1")]
    [InlineData("{0: f'{1+1}'}")]
    [InlineData("{0: b'cat'}")]
    [InlineData("{0: 'a' 'b'}")]
    [InlineData("{0: 'a' + 'b'}")]
    [InlineData("{**{0: 'a'}}")]
    [InlineData("[x for x in 'abc']")]
    [InlineData("{i: 'a' for i in range(9)}")]
    [InlineData("lambda: 0")]
    [InlineData("{0: 'a', 2: 'b'}")]
    [InlineData("{0: 'a', 0: 'b'}")]
    [InlineData("{1: 'a', 2: 'b'}")]
    [InlineData("{-1: 'a', 0: 'b'}")]
    [InlineData("{0.5: 'a'}")]
    [InlineData("{'0': 'a'}")]
    [InlineData("{0: 1}")]
    [InlineData("{0: None}")]
    [InlineData("{0: ''}")]
    [InlineData("{0: ['a']}")]
    [InlineData("{0: 'a'")]
    [InlineData("{0: 'a")]
    [InlineData("{0: 'a\n'}")]
    [InlineData(@"{0: '\q'}")]
    [InlineData(@"{0: '\xg0'}")]
    [InlineData(@"{0: '\ud800'}")]
    [InlineData(@"{0: '\U00110000'}")]
    [InlineData(@"{0: 'a\")]
    [InlineData("{1e999: 'a'}")]
    [InlineData("{nan: 'a'}")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("[,]")]
    [InlineData("")]
    [InlineData("cat,dog")]
    public void What_is_no_list_of_names_is_none_and_nothing_is_evaluated(string names) => Assert.Null(ModelMetadata.Labels(With(("names", names))));

    [Fact]
    public void Names_beyond_all_measure_are_none_at_once()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.Null(ModelMetadata.Labels(With(("names", new string('[', 1_000_000)))));
        Assert.Null(ModelMetadata.Labels(With(("names", string.Concat(Enumerable.Repeat("{0:", 100_000))))));
        Assert.Null(ModelMetadata.Labels(With(("names", $"['{new string('a', 2000)}']"))));
        Assert.Null(ModelMetadata.Labels(With(("names", $"['{new string('a', 5 << 20)}']"))));
        Assert.Null(ModelMetadata.Labels(With(("names", $"[{string.Join(',', Enumerable.Repeat("'a'", 100_001))}]"))));
        Assert.Equal(100_000, ModelMetadata.Labels(With(("names", $"[{string.Join(',', Enumerable.Repeat("'a'", 100_000))}]")))!.Count);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"{watch.Elapsed}");
    }

    [Fact]
    public void Classical_models_carry_their_labels_in_attributes()
    {
        Assert.Equal(["ant", "bee", "cicada"], ModelMetadata.Labels(Export("sklearn_zipmap"))!);
        Assert.Equal("the classifier's attributes", ModelMetadata.LabelsSource(Export("sklearn_zipmap")));

        Assert.Equal(["7", "9"], ModelMetadata.Labels(Classifier(Node("ZipMap", ["scores"], ["map"], Ints("classlabels_int64s", 7, 9))))!);
        Assert.Equal(["7", "9"], ModelMetadata.Labels(Classifier(Node("SVMClassifier", ["scores"], ["l", "p"], Ints("classlabels_ints", 7, 9))))!);
        Assert.Equal(["x", "y"], ModelMetadata.Labels(Classifier(Node("TreeEnsembleClassifier", ["scores"], ["l", "p"], Texts("classlabels_strings", "x", "y"))))!);
        Assert.Equal(["zero", "one"], ModelMetadata.Labels(Classifier(Node("LabelEncoder", ["scores"], ["l"], Ints("keys_int64s", 1, 0), Texts("values_strings", "one", "zero"))))!);
        Assert.Null(ModelMetadata.Labels(Classifier(Node("LabelEncoder", ["scores"], ["l"], Ints("keys_int64s", 0, 2), Texts("values_strings", "one", "zero")))));
    }

    [Theory]
    [InlineData("m.labels.txt", "a\nb\nc\nd\n", "a|b|c|d")]
    [InlineData("labels.txt", "\uFEFFa\r\nb \r\nc\r\nd\r\n\r\n", "a|b|c|d")]
    [InlineData("classes.txt", "a\nb\nc\nd", "a|b|c|d")]
    [InlineData("synset.txt", "n01440764 tench, Tinca tinca\nn01443537 goldfish\nn01484850 great white shark\nn01491361 tiger shark", "tench, Tinca tinca|goldfish|great white shark|tiger shark")]
    [InlineData("labels.json", """["a", "b", "c", "d"]""", "a|b|c|d")]
    [InlineData("labels.json", """{"3": "d", "1": "b", "0": "a", "2": "c"}""", "a|b|c|d")]
    [InlineData("m.json", """{"classes": ["a", "b", "c", "d"], "other": 1}""", "a|b|c|d")]
    [InlineData("config.json", """{"architecture": "x", "id2label": {"0": "a", "1": "b", "2": "c", "3": "d"}}""", "a|b|c|d")]
    [InlineData("config.json", """{"label_names": ["a", "b", "c", "d"], "num_classes": 4}""", "a|b|c|d")]
    public void Files_beside_the_model_have_names(string file, string text, string labels)
    {
        var model = Saved();
        folder.Write(file, System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Equal(labels.Split('|'), ModelMetadata.Labels(model)!);
        Assert.Equal(file, ModelMetadata.LabelsSource(model));
    }

    [Theory]
    [InlineData("labels.txt", "a\nb\nc\n")]
    [InlineData("labels.txt", "a\n\nb\nc\nd\n")]
    [InlineData("labels.json", """["a", "b", "c", 4]""")]
    [InlineData("labels.json", """{"0": "a", "1": "b", "2": "c", "4": "d"}""")]
    [InlineData("labels.json", """{"0": "a", "0": "b", "2": "c", "3": "d"}""")]
    [InlineData("labels.json", """["a", "b", "c", "\ud800"]""")]
    [InlineData("labels.json", """{"\ud800": "a"}""")]
    [InlineData("labels.json", "[\"a\",")]
    [InlineData("labels.json", "4")]
    [InlineData("labels.json", """{"labels": {"labels": {"labels": 1}}}""")]
    public void A_file_with_another_number_of_names_or_something_else_in_it_is_passed_over(string file, string text)
    {
        var model = Saved();
        folder.Write(file, System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Null(ModelMetadata.Labels(model));
        Assert.Null(ModelMetadata.LabelsSource(model));
    }

    [Fact]
    public void A_file_that_is_deep_large_or_no_file_is_passed_over()
    {
        var model = Saved();
        folder.Write("labels.json", System.Text.Encoding.UTF8.GetBytes(new string('[', 100_000)));
        folder.Write("labels.txt", new byte[5 << 20]);
        folder.Folder("classes.txt");
        Assert.Null(ModelMetadata.Labels(model));
    }

    [Fact]
    public void The_models_own_names_come_first_then_attributes_then_files()
    {
        folder.Write("labels.txt", "a\nb\nc\nd"u8);
        folder.Write("m.labels.txt", "e\nf\ng\nh"u8);
        Assert.Equal("m.labels.txt", ModelMetadata.LabelsSource(Saved()));
        Assert.Equal("metadata 'names'", ModelMetadata.LabelsSource(Saved(("names", "['1', '2']"))));
        Assert.Equal("m.labels.txt", ModelMetadata.LabelsSource(Saved(("names", "hello"))));
    }

    [Fact]
    public void A_model_made_in_memory_has_no_files_beside_it() => Assert.Null(ModelMetadata.Labels(Classifier()));

    OnnxModel Saved(params (string Key, string Value)[] metadata)
    {
        With(metadata).Save(folder["m.onnx"]);
        return OnnxModel.Load(folder["m.onnx"]);
    }

    static OnnxModel With(params (string Key, string Value)[] metadata)
    {
        var model = Classifier();
        model.Proto.MetadataProps.Add(metadata.Select(pair => new StringStringEntryProto { Key = pair.Key, Value = pair.Value }));
        return model;
    }
}

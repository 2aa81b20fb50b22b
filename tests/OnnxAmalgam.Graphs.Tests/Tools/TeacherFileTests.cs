using System.Text.Json;
using System.Text.RegularExpressions;
using Onnx;
using OnnxAmalgam.Graphs.Metadata;
using static OnnxAmalgam.Graphs.Tests.Network;

namespace OnnxAmalgam.Graphs.Tests.Tools;

/// <summary>What tools/teacher_file.py writes into a file, and what docs/teachers.md shows of it, is what is read.</summary>
public sealed partial class TeacherFileTests
{
    // needs neither torch nor onnx: the script imports them where it uses them
    const string Program = """
        import argparse, json, sys
        sys.path.insert(0, sys.argv[1])
        import teacher_file
        parser = teacher_file.Parser("")
        teacher_file.add_options(parser)
        options = parser.parse_args(sys.argv[3:])
        labels = teacher_file.read_labels(options.labels)
        print(json.dumps(teacher_file.metadata(options, teacher_file.input_description(options, sys.argv[2]), labels)))
        """;

    [GeneratedRegex("```json\n(\\{\"layout\".*?\\})\n```", RegexOptions.Singleline)]
    private static partial Regex Example { get; }

    public static TheoryData<string[], InputDescription> Written => new()
    {
        {
            ["--size", "8", "10", "--preset", "torchvision", "--order", "bgr"],
            new() { Channels = 3, Height = 8, Width = 10, Order = ColorOrder.Bgr, Mean = [0.485, 0.456, 0.406], Std = [0.229, 0.224, 0.225] }
        },
        { ["--size", "28", "--channels", "1", "--mean", "0.1307", "--std", "0.3081"], new() { Channels = 1, Height = 28, Width = 28, Mean = [0.1307], Std = [0.3081] } },
        {
            ["--size", "32", "--preset", "keras_caffe", "--no-antialias", "--interpolation", "nearest"],
            new()
            {
                Channels = 3, Height = 32, Width = 32, Order = ColorOrder.Bgr, Scale = 1, Mean = [103.939, 116.779, 123.68], Resize = ResizeMode.Stretch,
                Interpolation = Interpolation.Nearest, Antialias = false,
            }
        },
    };

    [Theory]
    [MemberData(nameof(Written))]
    public void What_the_exporters_write_is_read_as_they_meant_it_in_either_layout(string[] options, InputDescription meant)
    {
        foreach (ImageLayout layout in Enum.GetValues<ImageLayout>())
        {
            InputDescription expected = meant with { Layout = layout };
            Python.Answer answer = Python.Command(Program, [Path.Combine(Python.Root, "tools"), layout.ToString().ToLowerInvariant(), "-o", "x.onnx", "--labels", "cat,dog", .. options]);
            Assert.True(answer.ExitCode == 0, answer.Errors);
            OnnxModel model = Taking(expected, JsonSerializer.Deserialize<Dictionary<string, string>>(answer.Output)!);

            Assert.Equal(expected, ModelMetadata.Input(model));
            Assert.Equal("metadata 'onnx_amalgam.preprocessing'", ModelMetadata.InputSource(model));
            Assert.Equal(["cat", "dog"], ModelMetadata.Labels(model)!);
        }
    }

    [Fact]
    public void The_example_of_the_document_is_read()
    {
        Match example = Example.Match(File.ReadAllText(Path.Combine(Python.Root, "docs/teachers.md")).ReplaceLineEndings("\n"));
        Assert.True(example.Success);
        InputDescription expected = InputPresets.Find("torchvision") with { Scale = 0.00392156862745098, Mean = [0.485, 0.456, 0.406], Std = [0.229, 0.224, 0.225] };

        Assert.Equal(expected, ModelMetadata.Input(Taking(expected, new() { ["onnx_amalgam.preprocessing"] = example.Groups[1].Value })));
    }

    static OnnxModel Taking(InputDescription input, Dictionary<string, string> metadata)
    {
        OnnxModel model = Model(Image(["N", .. input.ShapeOf(1).Skip(1).Cast<object>()]), [Node("Relu", ["image"], ["y"])], ["y"]);
        model.Proto.MetadataProps.Add(metadata.Select(pair => new StringStringEntryProto { Key = pair.Key, Value = pair.Value }));
        return model;
    }
}

using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Edits;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Tests.Running;
using TorchSharp;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Ensemble;

/// <summary>Teachers of one input that have a part in common run as one session, and say what they say apart.</summary>
[Collection(nameof(ResumeTests))]
public sealed class SharedTeachersTests : IDisposable
{
    const string Resnet = "zoo:resnet(widths=[4,8], blocks=[1,1])";
    readonly TinyWorld world = new TinyWorld().Network("a", Resnet, 3).Network("other", Resnet, 2).Images("left", 20).Images("right", 20);
    readonly List<string> details = [];

    public SharedTeachersTests() => world.Save("head", WithHead("a", 2)).Save("third", WithHead("a", 4));

    public void Dispose() => world.Dispose();

    [Fact]
    public void Two_heads_of_one_backbone_run_as_one_session_with_the_backbone_once()
    {
        using AmalgamationSetup setup = Open("- {model: a.onnx, labels: [x, y, z]}", "- {model: head.onnx, labels: [u, v]}");
        Says(setup);
        SharedWork work = Assert.Single(setup.Panel.Joint).Work;
        int nodes = OnnxModel.Load(world.Inside("a.onnx")).Proto.Graph.Node.Count;
        // The backbone, two last layers, and the tap of the second by another name.
        Assert.Equal(nodes + 2, work.Model.Proto.Graph.Node.Count);
        Assert.All(setup.Teachers, t => Assert.True(t.TapShapes.Count == 1));
        Assert.Equal(["teachers 'a', 'head': what they have in common is computed once"], details);
    }

    [Fact]
    public void A_teacher_given_twice_is_computed_once_as_a_whole()
    {
        using AmalgamationSetup setup = Open("- {model: a.onnx, labels: [x, y, z]}", "- {name: again, model: a.onnx, labels: [s, t, u]}");
        Says(setup);
        SharedWork work = Assert.Single(setup.Panel.Joint).Work;
        OnnxModel alone = GraphEdits.Extract(OnnxModel.Load(world.Inside("a.onnx")), TeacherNetwork.Load(setup.Recipe.Teachers[0], withTaps: true).Outputs);
        Assert.Equal(alone.Proto.Graph.Node.Select(n => n.OpType), work.Model.Proto.Graph.Node.Where(n => n.OpType != "Identity").Select(n => n.OpType));
        Assert.Equal(Costs.Of(alone).Macs, work.Macs);
        Assert.Equal([work.Macs!.Value, work.Macs.Value], work.MacsOf);
    }

    [Fact]
    public void Teachers_that_have_nothing_in_common_keep_sessions_of_their_own_beside_those_that_do()
    {
        using AmalgamationSetup setup = Open("- {model: a.onnx, labels: [x, y, z]}", "- {model: other.onnx, labels: [s, t]}", "- {model: head.onnx, labels: [u, v]}", "- {model: third.onnx, labels: ['1', '2', '3', '4']}");
        Says(setup);
        Assert.Equal([0, 2, 3], Assert.Single(setup.Panel.Joint).Work.Members);
    }

    [Theory]
    [InlineData("scale: 0.5")]
    [InlineData("mean: [0.5]")]
    [InlineData("std: [0.5]")]
    [InlineData("order: bgr")]
    [InlineData("interpolation: nearest")]
    public void Another_description_of_the_input_keeps_them_apart(string input)
    {
        using AmalgamationSetup setup = Open("- {model: a.onnx, labels: [x, y, z]}", $"- {{model: head.onnx, labels: [u, v], input: {{{input}}}}}");
        Says(setup);
        Assert.Empty(setup.Panel.Joint);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_fixed_batch_is_shared_where_it_can_be_freed(bool both)
    {
        foreach (string name in both ? new[] { "a", "head" } : ["head"])
        {
            OnnxModel model = OnnxModel.Load(world.Inside(name + ".onnx"));
            foreach (ValueInfoProto value in model.Proto.Graph.Input.Concat(model.Proto.Graph.Output))
            {
                value.Type.TensorType.Shape.Dim[0].DimValue = 1;
            }

            world.Save(name, model);
        }

        using AmalgamationSetup setup = Open("- {model: a.onnx, labels: [x, y, z]}", "- {model: head.onnx, labels: [u, v]}");
        Says(setup);
        Assert.Equal(both, setup.Panel.Joint.Any(j => j.IsOpen));
    }

    [Fact]
    public void What_cannot_be_merged_says_so_only_to_whoever_asks_for_details()
    {
        OnnxModel model = OnnxModel.Load(world.Inside("head.onnx"));
        model.Proto.TrainingInfo.Add(new TrainingInfoProto());
        world.Save("head", model);
        using AmalgamationSetup setup = Open("- {model: a.onnx, labels: [x, y, z]}", "- {model: head.onnx, labels: [u, v]}", "- {model: third.onnx, labels: ['1', '2', '3', '4']}");
        Says(setup);
        Assert.Equal([0, 2], Assert.Single(setup.Panel.Joint).Work.Members);
        Assert.StartsWith("teacher 'head' keeps a session of its own: ", details[0], StringComparison.Ordinal);
        Assert.Contains("training_info", details[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Scores_alone_are_asked_of_the_session_unless_that_computes_more_than_each_would()
    {
        using AmalgamationSetup one = Open("- {model: a.onnx, labels: [x, y, z]}", "- {model: head.onnx, logits: none}");
        Says(one);
        Assert.True(one.Teachers[0].IsOpen);
        Assert.True(one.Panel.Joint[0].IsOpen);

        using AmalgamationSetup two = Open("- {model: a.onnx, labels: [x, y, z]}", "- {model: head.onnx, logits: none}", "- {model: third.onnx, labels: ['1', '2', '3', '4']}");
        two.Panel.Scores(Canvas(two), Name);
        Assert.True(two.Panel.Joint[0].IsOpen);
        Assert.All(two.Teachers, t => Assert.False(t.IsOpen));
    }

    /// <summary>Whatever is stored of one teacher and not of another: the rows are those that no cache gives.</summary>
    [Fact]
    public void Rows_do_not_depend_on_which_teachers_are_stored()
    {
        string[] teachers = ["- {model: a.onnx, labels: [x, y, z]}", "- {model: head.onnx, labels: [u, v]}"];
        const string Cache = ", cache: {folder: kept, views: 1, dtype: float32}";
        using AmalgamationSetup without = Open(teachers);
        TeacherOutput[] expected = without.Panel.Run(Canvas(without), Name);
        using (AmalgamationSetup alone = OpenWith(Cache, teachers[0]))
        {
            alone.Panel.Run(Canvas(alone), Name);
            alone.Cache!.Flush();
        }

        using (AmalgamationSetup kept = OpenWith(Cache, teachers))
        {
            Equal(expected, kept.Panel.Run(Canvas(kept), Name));
            Assert.True(kept.Panel.Joint[0].IsOpen);
            Assert.All(kept.Teachers, t => Assert.False(t.IsOpen));
            kept.Cache!.Flush();
        }

        using AmalgamationSetup full = OpenWith(Cache, teachers);
        Equal(expected, full.Panel.Run(Canvas(full), Name));
        Assert.False(full.Panel.Joint[0].IsOpen);
        Assert.All(full.Teachers, t => Assert.False(t.IsOpen));
    }

    [Fact]
    public void Training_and_evaluation_with_a_shared_session_learn_and_leave_no_tensor()
    {
        TinyResult result = world.Run(Recipe("", "- {model: a.onnx, labels: [x, y, z]}", "- {model: head.onnx, labels: [u, v]}"));
        result.Learned();
        using AmalgamationSetup setup = Open("- {model: a.onnx, labels: [x, y, z]}", "- {model: head.onnx, labels: [u, v]}");
        Tensor canvas = Canvas(setup);
        setup.Panel.Run(canvas, Name);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (NewDisposeScope())
        {
            setup.Panel.Run(canvas, Name);
            setup.Panel.Scores(canvas, Name);
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_score_that_is_not_finite_names_its_own_teacher_and_image()
    {
        OnnxModel model = OnnxModel.Load(world.Inside("head.onnx"));
        TensorProto bias = model.Proto.Graph.Initializer.Single(t => t.Dims.SequenceEqual([2L]));
        model.WriteRaw(bias, [.. BitConverter.GetBytes(float.NaN), .. BitConverter.GetBytes(1f)]);
        world.Save("head", model);
        using AmalgamationSetup setup = Open("- {model: a.onnx, labels: [x, y, z]}", "- {model: head.onnx, labels: [u, v]}");
        string message = Assert.Throws<InputException>(() => setup.Panel.Run(Canvas(setup), Name)).Message;
        Assert.StartsWith("teacher 'head', image 'image 0': expected finite scores", message, StringComparison.Ordinal);
        Assert.True(setup.Panel.Joint[0].IsOpen);
    }

    /// <summary>Asked together, each says what it says asked alone, which its own session computes.</summary>
    static void Says(AmalgamationSetup setup)
    {
        using var scope = NewDisposeScope();
        Tensor canvas = Canvas(setup);
        Equal([.. setup.Teachers.Select(t => t.Run(canvas, Name))], setup.Panel.Run(canvas, Name));
        foreach (var (teacher, scores) in setup.Teachers.Zip(setup.Panel.Scores(canvas, Name)))
        {
            Assert.Equal(teacher.HasLogits, scores is not null);
            if (scores is not null)
            {
                Tensors.Close(teacher.Run(canvas, Name).Logits!, scores, 1e-6, teacher.Name);
            }
        }
    }

    static void Equal(TeacherOutput[] expected, TeacherOutput[] actual)
    {
        foreach (var ((e, a), i) in expected.Zip(actual).Select((pair, i) => (pair, i)))
        {
            Assert.Equal(e.Logits is null, a.Logits is null);
            if (e.Logits is { } logits)
            {
                Tensors.Close(logits, a.Logits!, 1e-6, $"scores of {i}");
            }

            foreach (var (one, other) in e.Taps.Zip(a.Taps, (one, other) => (one, other)))
            {
                Tensors.Close(one, other, 1e-6, $"tap of {i}");
            }
        }
    }

    static Tensor Canvas(AmalgamationSetup setup)
    {
        using var images = BatchLoader.InOrder(setup.Train, 16).GetEnumerator();
        images.MoveNext();
        return BatchTensors.Canvas(images.Current, setup.Train);
    }

    static string Name(int i) => $"image {i}";

    AmalgamationSetup Open(params string[] teachers) => OpenWith("", teachers);

    AmalgamationSetup OpenWith(string train, params string[] teachers)
    {
        set_num_threads(1);
        File.WriteAllText(world.Inside("recipe.yaml"), Recipe(train, teachers));
        return AmalgamationSetup.Open(RecipeReader.Read(world.Inside("recipe.yaml")), new ComputeOptions(ComputeDevice.Cpu, 1), _ => { }, details.Add);
    }

    static string Recipe(string train, params string[] teachers) => $$$"""
        name: shared
        teachers:
        {{{string.Join("\n", teachers.Select(t => $"  {t}"))}}}
        student: {model: "{{{Resnet}}}"}
        data: {unlabelled: [{folder: left}, {folder: right}]}
        amalgamation:
          labels: joint
          common_space: {channels: 4, blocks: 1}
          losses: [{soft_target: {weight: 1}}, {mmd: {weight: 1, bandwidths: median}}, {reconstruction: {weight: 1}}]
        train: {epochs: 4, batch: 8, learning_rate: 5e-3, weight_decay: 0TRAIN}
        """.Replace("TRAIN", train, StringComparison.Ordinal);

    OnnxModel WithHead(string name, int classes)
    {
        OnnxModel model = OnnxModel.Load(world.Inside(name + ".onnx"));
        int features = Anatomy.Head(model)!.Features;
        return GraphEdits.ReplaceHead(model, [.. Enumerable.Range(0, classes * features).Select(i => (float)Math.Sin(i + classes))], new float[classes]);
    }
}

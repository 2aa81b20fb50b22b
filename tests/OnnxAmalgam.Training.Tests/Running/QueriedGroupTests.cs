using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Queries;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Optimisation;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>What <c>train.groups</c> does to the weights that its queries select.</summary>
public sealed class QueriedGroupTests : IDisposable
{
    const string Student = "zoo:resnet(widths=[4,8], blocks=[1,1])";

    readonly TinyWorld world = new TinyWorld().Network("a", Student, 3).Images("left", 16);

    public void Dispose() => world.Dispose();

    static string Recipe(string groups, string train = "", string taps = "auto") => $$"""
        name: groups
        teachers: [{model: a.onnx, labels: [x, y, z], taps: {{taps}} }]
        student: {model: "{{Student}}"}
        data: {unlabelled: [{folder: left}]}
        amalgamation: {labels: joint, common_space: {channels: 4, blocks: 1}, losses: [{soft_target: {weight: 1} }, {mmd: {weight: 1} }, {reconstruction: {weight: 1} }] }
        train: {epochs: 2, batch: 8, learning_rate: 1e-2, groups: {{groups}}{{train}} }
        """;

    static Dictionary<string, Tensor> StudentState(AmalgamationStep step) => step.State()
        .Where(p => p.Key.StartsWith("student/", StringComparison.Ordinal) || p.Key.StartsWith("statistics/", StringComparison.Ordinal))
        .ToDictionary(p => p.Key[(p.Key.IndexOf('/', StringComparison.Ordinal) + 1)..], p => p.Value);

    /// <summary>Names of what a few steps change.</summary>
    static HashSet<string> Moved(AmalgamationSetup setup, int steps = 2, double rate = 1e-2)
    {
        using var step = new AmalgamationStep(setup);
        using var loader = new BatchLoader(setup.Train, 8, [], seed: 1);
        using var scope = NewDisposeScope();
        var before = StudentState(step).ToDictionary(p => p.Key, p => p.Value.clone());
        for (int i = 0; i < steps; i++)
        {
            step.Run(loader.Next(), new RatePoint(rate));
        }

        return [.. StudentState(step).Where(p => !p.Value.allclose(before[p.Key], 0, 0)).Select(p => p.Key)];
    }

    static HashSet<string> Selected(AmalgamationSetup setup, string query) =>
        [.. new QueryGraph(setup.Student.Model).Select(query).Select(e => e.Name)];

    [Theory]
    [InlineData("op[type=BatchNormalization] ~> uses + initializer[depth < 6]", "op[type=BatchNormalization], op[depth < 6]")]
    [InlineData("initializer[!head]", "initializer[!head]")]
    public void What_is_frozen_stays_as_it_is_statistics_too_and_all_else_learns(string frozen, string groups)
    {
        string[] queries = groups.Split(", ");
        using AmalgamationSetup setup = world.Open(Recipe($"[{string.Join(", ", queries.Select(q => $"{{query: \"{q}\", freeze: true}}"))}]"));
        var all = Selected(setup, "initializer[dtype=float32]");
        var kept = Selected(setup, frozen);
        Assert.NotEmpty(kept);

        var moved = Moved(setup);

        Assert.Equal(all.Except(kept).Order(), moved.Order());
        Assert.Contains(kept, name => name.Contains("running_mean", StringComparison.Ordinal));
    }

    [Fact]
    public void Frozen_weights_have_no_gradient_and_no_state_of_the_optimiser()
    {
        using AmalgamationSetup setup = world.Open(Recipe("[{query: 'initializer[!head]', freeze: true}]"));
        using var step = new AmalgamationStep(setup);
        using var loader = new BatchLoader(setup.Train, 8, [], seed: 1);
        using var scope = NewDisposeScope();
        step.Run(loader.Next(), new RatePoint(1e-2));

        string[] states = [.. step.State().Keys.Where(k => k.StartsWith("optimizer/student/", StringComparison.Ordinal))];
        Assert.All(states, name => Assert.StartsWith("optimizer/student/fc.", name, StringComparison.Ordinal));
        Assert.Equal(6, states.Length);
        Assert.All(step.Student.Initializers, p => Assert.Equal(p.Key.StartsWith("fc.", StringComparison.Ordinal), p.Value.requires_grad && p.Value.grad is not null));
    }

    [Fact]
    public void A_later_group_thaws_and_each_key_is_overridden_alone()
    {
        using AmalgamationSetup setup = world.Open(Recipe(
            "[{query: initializer, freeze: true, weight_decay: 0.5}, {query: 'initializer[head or depth < 3]', freeze: false, learning_rate: 0.1x}, {query: 'initializer[head]', learning_rate: 2e-2}]"));
        var settings = setup.Student.Plan.Settings;
        Assert.Equal(new ParameterSetting("groups.2", 2, 0.5), settings["fc.weight"]);
        Assert.Equal(new ParameterSetting("groups.1", 0.1, 0.5), settings[Selected(setup, "initializer[role=weight] first").Single()]);
        Assert.Equal(new ParameterSetting("groups.0", 1, 0.5, IsFrozen: true), settings[Selected(setup, "initializer[role=weight & !head] last").Single()]);
        Assert.Equal(Selected(setup, "initializer[(head or depth < 3) & dtype=float32]").Order(), Moved(setup).Order());
    }

    /// <summary>A rate so small and a decay so large that a weight w becomes w (1 - rate decay) and no gradient counts.</summary>
    [Fact]
    public void Rates_and_decays_are_those_of_the_last_group_that_states_them()
    {
        const double rate = 1e-9, decay = 1e6;
        using AmalgamationSetup setup = world.Open(Recipe(
            "[{query: 'op[type=Conv]', learning_rate: 4x}, {query: 'initializer[role=bias]', weight_decay: 0}, {query: 'initializer[head & rank=2]', learning_rate: 0.02, weight_decay: 2e6}]",
            $", optimizer: sgd, momentum: 0, weight_decay: {decay}, head_rate: 7"));
        using var step = new AmalgamationStep(setup);
        using var loader = new BatchLoader(setup.Train, 8, [], seed: 1);
        using var scope = NewDisposeScope();
        var graph = new QueryGraph(setup.Student.Model);
        var before = step.Student.Initializers.ToDictionary(p => p.Key, p => p.Value.clone());
        step.Run(loader.Next(), new RatePoint(rate));

        foreach (var (name, now) in step.Student.Initializers)
        {
            GraphElement place = graph.Value(name)!;
            double kept = place switch
            {
                { IsHead: true, Rank: 2 } => 1 - (rate * 2 * 2e6),
                { Role: "bias" } => 1,
                { Role: "weight" } => 1 - (rate * 4 * decay),
                _ => 1 - (rate * decay),
            };
            Assert.True((now - (before[name] * kept)).abs().max().item<float>() < 1e-6, $"{name} did not become {kept} of itself");
        }
    }

    [Fact]
    public void Weights_are_drawn_anew_by_the_place_they_stand_at_and_the_others_stay()
    {
        string file = world.Inside("student.onnx");
        OnnxModel trained = OnnxModel.Load(world.Inside("a.onnx"));
        foreach (var tensor in trained.Proto.Graph.Initializer.Where(t => t.DataType == 1))
        {
            byte[] bytes = new byte[trained.ReadRaw(tensor).Length];
            Array.Fill(bytes, (byte)0x3e);
            trained.WriteRaw(tensor, bytes);
        }

        trained.Save(file);
        string recipe = Recipe("[{query: 'op[depth >= 6]', initialise: true}, {query: 'op[depth >= 6 & type=Conv]', initialise: kaiming_normal}]").Replace($"\"{Student}\"", file, StringComparison.Ordinal);
        using AmalgamationSetup setup = world.Open(recipe);
        var graph = new QueryGraph(setup.Student.Model);
        using var step = new AmalgamationStep(setup);
        using var scope = NewDisposeScope();
        foreach (var (name, value) in StudentState(step))
        {
            GraphElement place = graph.Value(name)!;
            float[] numbers = [.. value.data<float>()];
            bool isNew = place.Depth >= 6 || place.IsHead;
            if (!isNew)
            {
                Assert.True(numbers.All(x => x == BitConverter.Int32BitsToSingle(0x3e3e3e3e)), $"{name} has changed");
                continue;
            }

            switch (place.Role)
            {
                case "scale" or "variance":
                    Assert.All(numbers, x => Assert.Equal(1, x));
                    break;
                case "bias" when !place.IsHead:
                case "mean":
                    Assert.All(numbers, x => Assert.Equal(0, x));
                    break;
                case "weight" when !place.IsHead:
                    double deviation = Math.Sqrt(2.0 * value.shape[1] / value.numel());
                    Assert.InRange(value.std().item<float>(), 0.7 * deviation, 1.3 * deviation);
                    break;
            }
        }

        using AmalgamationSetup again = world.Open(recipe);
        Assert.Equal(setup.Student.Model.ToBytes(), again.Student.Model.ToBytes());
    }

    [Theory]
    [InlineData("initializer[role=weigth]", "train.groups.0: query 'initializer[role=weigth]' in", "nearest, dropped by [role=weigth]: initializer", "(role is weight)")]
    [InlineData("tensor[rank=4]", "train.groups.0: expected a query for initializers, or for ops whose initializers are meant, got tensor 'images'", "", "")]
    [InlineData("op[type=Relu]", "train.groups.0: expected a query for tensors of", "that are not (op", ", ... are")]
    [InlineData("initializer", "train.groups: expected weights that are left to train, got all", "freeze: false", "")]
    public void A_group_that_selects_nothing_to_train_is_refused(string query, string start, string part, string other)
    {
        string message = Assert.Throws<InputException>(() => world.Open(Recipe($"[{{query: '{query}', freeze: true}}]"))).Message;
        Assert.StartsWith(start, message, StringComparison.Ordinal);
        Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.Contains(other, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Taps_of_a_teacher_may_be_a_query_for_several_and_the_student_takes_one()
    {
        using AmalgamationSetup setup = world.Open(Recipe("[]", taps: "['tensor[rank=4 & dominator & height > 1] by hw last']")
            .Replace($"model: \"{Student}\"", $"model: \"{Student}\", taps: ['op[type=GlobalAveragePool] <~ feeds']", StringComparison.Ordinal));
        Assert.Equal(2, setup.Teachers[0].Taps.Count);
        Assert.Equal(Anatomy.AutoTap(setup.Student.Model), Assert.Single(setup.Student.Taps));
        Assert.Equal(Anatomy.AutoTap(OnnxModel.Load(setup.Teachers[0].File)), setup.Teachers[0].Taps[1]);
    }
}

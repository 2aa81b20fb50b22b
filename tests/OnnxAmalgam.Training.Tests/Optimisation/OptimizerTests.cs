using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;
using OnnxAmalgam.Training.Optimisation;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Optimisation;

public sealed class OptimizerTests
{
    // the second is large enough to be stepped alone
    static readonly long[][] Shapes = [[3, 2], [1 << 16], [5], [2, 2, 2]];

    static TrainRecipe Recipe(OptimizerKind kind) => new() { Epochs = 1, Optimizer = kind, Momentum = 0.8 };

    static Parameter[] Parameters() => [.. Shapes.Select((s, i) => new Parameter(Tensors.Random(i, s).to_type(ScalarType.Float32)))];

    static ParameterGroup Group(Parameter[] parameters, double rate = 1, double decay = 0, string name = "all") =>
        new(name, [.. parameters.Select((p, i) => new NamedParameter($"{name}.{i}", p))], rate, decay);

    /// <summary>A smooth function with a different gradient for every element and step.</summary>
    static void Backward(IEnumerable<Parameter> parameters, int step)
    {
        using var scope = NewDisposeScope();
        var terms = parameters.Select((p, i) => ((p - Tensors.Random(100 + 10 * step + i, p.shape).to_type(ScalarType.Float32)) * 1.5).sin().square().sum());
        stack(terms.ToArray()).sum().backward();
    }

    static optim.Optimizer Torch(OptimizerKind kind, Parameter[] parameters, double rate, double decay) => kind switch
    {
        OptimizerKind.Adam => optim.Adam(parameters, rate, weight_decay: decay),
        OptimizerKind.AdamW => optim.AdamW(parameters, rate, weight_decay: decay),
        _ => optim.SGD(parameters, rate, 0.8, weight_decay: decay),
    };

    [Theory]
    [InlineData(OptimizerKind.Adam, false)]
    [InlineData(OptimizerKind.Adam, true)]
    [InlineData(OptimizerKind.AdamW, false)]
    [InlineData(OptimizerKind.AdamW, true)]
    [InlineData(OptimizerKind.Sgd, false)]
    [InlineData(OptimizerKind.Sgd, true)]
    public void Twenty_steps_are_torchs(OptimizerKind kind, bool decays)
    {
        var decay = decays ? 0.05 : 0;
        var (ours, theirs) = (Parameters(), Parameters());
        using var optimizer = Optimizer.Create(Recipe(kind), [Group(ours, 0.5, decay)]);
        using var reference = Torch(kind, theirs, 0.01, decay);
        for (var step = 0; step < 20; step++)
        {
            optimizer.ZeroGradients();
            reference.zero_grad();
            Backward(ours, step);
            Backward(theirs, step);
            optimizer.Step(new(0.02));
            reference.step();
        }

        foreach (var (i, (o, t)) in ours.Zip(theirs).Index()) Tensors.Close(t, o, 1e-6, $"parameter {i}");
        Assert.True((ours[0] - Parameters()[0]).abs().max().Value() > 0.05);
    }

    [Theory]
    [InlineData(OptimizerKind.Adam)]
    [InlineData(OptimizerKind.AdamW)]
    public void Threads_slices_and_the_gradients_strides_change_no_bit(OptimizerKind kind)
    {
        var threads = get_num_threads();
        Parameter[][] runs = [[new(Tensors.Random(1, 70_001, 3).to_type(ScalarType.Float32))], [new(Tensors.Random(1, 70_001, 3).to_type(ScalarType.Float32))]];
        var gradient = Tensors.Random(2, 70_001, 3).to_type(ScalarType.Float32);
        try
        {
            foreach (var (i, run) in runs.Index())
            {
                set_num_threads(i == 0 ? 1 : 3);
                using var optimizer = Optimizer.Create(Recipe(kind), [Group(run, 1, 0.05)]);
                run[0].grad = i == 0 ? gradient : gradient.t().contiguous().t();
                optimizer.Step(new(0.02));
                optimizer.Step(new(0.01));
            }
        }
        finally
        {
            set_num_threads(threads);
        }

        Assert.Equal(runs[0][0].bytes.ToArray(), runs[1][0].bytes.ToArray());
    }

    [Theory]
    [InlineData(OptimizerKind.Adam)]
    [InlineData(OptimizerKind.AdamW)]
    [InlineData(OptimizerKind.Sgd)]
    public void In_double_twenty_steps_are_the_written_rule(OptimizerKind kind)
    {
        const double Rate = 0.03, Decay = 0.1, B1 = 0.7, B2 = 0.999;
        Parameter p = new(tensor(new[] { 0.4, -1.2 }));
        using var optimizer = Optimizer.Create(Recipe(kind), [Group([p], decay: Decay)]);
        double[] x = [0.4, -1.2], m = [0, 0], v = [0, 0];
        for (var t = 1; t <= 20; t++)
        {
            optimizer.ZeroGradients();
            (p.sin() + p * p * 0.1).sum().backward();
            optimizer.Step(new(Rate, B1));
            for (var i = 0; i < 2; i++)
            {
                var g = Math.Cos(x[i]) + 0.2 * x[i] + (kind == OptimizerKind.AdamW ? 0 : Decay * x[i]);
                if (kind == OptimizerKind.Sgd)
                {
                    m[i] = B1 * m[i] + g;
                    x[i] -= Rate * m[i];
                    continue;
                }

                if (kind == OptimizerKind.AdamW) x[i] *= 1 - Rate * Decay;
                m[i] = B1 * m[i] + (1 - B1) * g;
                v[i] = B2 * v[i] + (1 - B2) * g * g;
                x[i] -= Rate / (1 - Math.Pow(B1, t)) * m[i] / (Math.Sqrt(v[i] / (1 - Math.Pow(B2, t))) + 1e-8);
            }
        }

        Tensors.Close(tensor(x), p, 1e-10);
    }

    [Theory]
    [InlineData(OptimizerKind.Adam)]
    [InlineData(OptimizerKind.AdamW)]
    [InlineData(OptimizerKind.Sgd)]
    public void A_state_put_back_continues_to_the_same_bits(OptimizerKind kind)
    {
        var straight = Parameters();
        using var one = Optimizer.Create(Recipe(kind), [Group(straight, 1, 0.05)]);
        Run(one, straight, 0, 8);

        var before = Parameters();
        using var two = Optimizer.Create(Recipe(kind), [Group(before, 1, 0.05)]);
        Run(two, before, 0, 3);
        var state = two.ExportState();
        Parameter[] after = [.. before.Select(p => new Parameter(p.detach().clone()))];
        Run(two, before, 3, 4);

        using var resumed = Optimizer.Create(Recipe(kind), [Group(after, 1, 0.05)]);
        resumed.ImportState(state);
        Run(resumed, after, 3, 8);
        foreach (var (s, a) in straight.Zip(after)) Assert.Equal(s.Values(), a.Values());
        Assert.Equal(3, state["all.0/step"].item<long>());
        Assert.Equal(kind == OptimizerKind.Sgd ? ["momentum_buffer", "step"] : ["exp_avg", "exp_avg_sq", "step"],
            state.Keys.Where(k => k.StartsWith("all.3/", StringComparison.Ordinal)).Select(k => k["all.3/".Length..]).Order());
        Assert.Equal(Shapes[3], state[kind == OptimizerKind.Sgd ? "all.3/momentum_buffer" : "all.3/exp_avg"].shape);

        static void Run(Optimizer optimizer, Parameter[] parameters, int from, int to)
        {
            for (var step = from; step < to; step++)
            {
                optimizer.ZeroGradients();
                Backward(parameters, step);
                optimizer.Step(new(0.02, 0.85 + 0.01 * step));
            }
        }
    }

    [Fact]
    public void A_state_of_other_parameters_is_refused_whole()
    {
        using var donor = Optimizer.Create(Recipe(OptimizerKind.Adam), [Group(Parameters())]);
        var parameters = Parameters();
        using var optimizer = Optimizer.Create(Recipe(OptimizerKind.Adam), [Group(parameters)]);
        var state = donor.ExportState().ToDictionary();
        state["all.0/exp_avg"] = ones(2, 3);
        state.Remove("all.2/step");
        state["stranger/exp_avg"] = ones(1);
        state["all.3/exp_avg"] = ones(2, 2, 2);
        var message = Assert.Throws<InputException>(() => optimizer.ImportState(state)).Message;
        Assert.Contains("'all.0/exp_avg', 'all.2/step', 'stranger/exp_avg'", message, StringComparison.Ordinal);
        Assert.All(optimizer.ExportState()["all.3/exp_avg"].Values(), v => Assert.Equal(0, v));
    }

    [Theory]
    [InlineData(OptimizerKind.Adam)]
    [InlineData(OptimizerKind.AdamW)]
    [InlineData(OptimizerKind.Sgd)]
    public void A_parameter_without_gradient_is_left_alone(OptimizerKind kind)
    {
        var (ours, theirs) = (Parameters(), Parameters());
        using var optimizer = Optimizer.Create(Recipe(kind), [Group(ours, 1, 0.05)]);
        using var reference = Torch(kind, theirs, 0.02, 0.05);
        for (var step = 0; step < 6; step++)
        {
            optimizer.ZeroGradients();
            reference.zero_grad();
            // the third gets its first gradient late, as the fourth never does
            int[] moved = step < 2 ? [0, 1] : [0, 1, 2];
            Backward(moved.Select(i => ours[i]), step);
            Backward(moved.Select(i => theirs[i]), step);
            optimizer.Step(new(0.02));
            reference.step();
        }

        foreach (var (o, t) in ours.Zip(theirs)) Tensors.Close(t, o, 1e-6);
        Assert.Equal(Parameters()[3].Values(), ours[3].Values());
        Assert.Equal((6, 4, 0), (Steps(0), Steps(2), Steps(3)));

        long Steps(int i) => optimizer.ExportState()[$"all.{i}/step"].item<long>();
    }

    [Fact]
    public void Groups_have_their_own_rate_and_decay()
    {
        var (body, head) = (new Parameter(ones(2)), new Parameter(ones(2)));
        using var optimizer = Optimizer.Create(Recipe(OptimizerKind.Sgd), [Group([body], 1, 0, "body"), Group([head], 10, 0.5, "head")]);
        (body.sum() + head.sum()).backward();
        optimizer.Step(new(0.01));
        Tensors.Close(full(2, 0.99), body, 1e-6);
        Tensors.Close(full(2, 1 - 0.1 * 1.5), head, 1e-6);
    }

    [Fact]
    public void One_name_twice_is_refused() =>
        Assert.Throws<ArgumentException>(() => Optimizer.Create(Recipe(OptimizerKind.Adam), [Group(Parameters()), Group(Parameters())]));

    [Theory]
    [InlineData(OptimizerKind.Adam)]
    [InlineData(OptimizerKind.AdamW)]
    [InlineData(OptimizerKind.Sgd)]
    public void A_step_leaves_nothing_alive(OptimizerKind kind)
    {
        var parameters = Parameters();
        using var optimizer = Optimizer.Create(Recipe(kind), [Group(parameters, 1, 0.05)]);
        var step = 0;
        Tensors.LeavesNothingAlive(() =>
        {
            optimizer.ZeroGradients();
            Backward(parameters, step++ % 4);
            GradientClip.ByGlobalNorm(optimizer.Groups[0].Parameters, 1)!.Dispose();
            optimizer.Step(new(0.01));
        });
    }

    [Fact]
    public void Building_exporting_and_disposing_leaves_nothing_alive()
    {
        var parameters = Parameters();
        Tensors.LeavesNothingAlive(() =>
        {
            using var optimizer = Optimizer.Create(Recipe(OptimizerKind.Adam), [Group(parameters)]);
            foreach (var value in optimizer.ExportState().Values) value.Dispose();
        });
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1e6)]
    public void Clipping_is_torchs(double bound)
    {
        var (ours, theirs) = (Parameters(), Parameters());
        Backward(ours, 1);
        Backward(theirs, 1);
        var expected = nn.utils.clip_grad_norm_(theirs, bound);
        using var norm = GradientClip.ByGlobalNorm(Group(ours).Parameters, bound)!;
        Assert.Equal(expected, norm.Value(), 1e-3);
        foreach (var (o, t) in ours.Zip(theirs)) Tensors.Close(t.grad!, o.grad!, 1e-6);
        Assert.Null(GradientClip.ByGlobalNorm(Group(Parameters()).Parameters, bound));
    }
}

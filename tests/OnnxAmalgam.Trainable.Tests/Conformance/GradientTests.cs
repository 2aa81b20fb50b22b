using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance;

public sealed class GradientTests
{
    const double Step = 1e-6;
    const int Directed = 4;

    public static TheoryData<string> Cases => [.. AllCases.Names.Where(name => AllCases.Find(name) is { HasKink: false } c && c.Types.Contains(ScalarType.Float32))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_row_has_the_gradient_that_finite_differences_give(string name)
    {
        var c = AllCases.Find(name);
        foreach (var (row, opsets) in c.Rows()) Check(c, row, opsets[^1]);
    }

    static void Check(Case c, Operator row, int opset)
    {
        using var scope = NewDisposeScope();
        using var model = CaseModel.Of(c, opset, ScalarType.Float64, 2, Placement.Inputs);
        using var graph = new TrainableGraph(model.Model, ScalarType.Float64);
        graph.eval();
        Tensor[] directions;
        using (no_grad()) directions = Directions(graph.Run(model.Feeds, model.Outputs));
        var steepest = 0.0;
        foreach (var name in Wanted(c, row, model))
        {
            var at = model.Feeds[name].requires_grad_(true);
            using var loss = Loss(graph, model, directions);
            if (loss.requires_grad) loss.backward();
            var analytic = at.grad is { } gradient ? gradient : zeros_like(at);
            at.requires_grad_(false);
            using var guard = no_grad();
            var (numeric, projected) = Slopes(graph, model, at, analytic, directions);
            Compare.Close(numeric, projected, rtol: 1e-5, atol: 1e-6, $"{row} at opset {opset}, gradient of input {name} along random directions");
            steepest = Math.Max(steepest, numeric.abs().max().item<double>());
        }

        Assert.True(c.IsFlat == steepest < 1e-6, $"{row}: expected {(c.IsFlat ? "no gradient" : "a gradient")}, got one of {steepest:G3} at most");
    }

    /// <summary>Inputs that gradients go to: floats in the case's type that the kernel does not read as plain numbers.</summary>
    static IEnumerable<string> Wanted(Case c, Operator row, CaseModel model) => Enumerable.Range(0, c.Operands.Length)
        .Where(i => c.Operands[i] is { Type: null } && !row.Host.Contains(i) && !row.Buffers.Contains(i))
        .Select(i => $"x{i}").Where(model.Feeds.ContainsKey);

    static Tensor[] Directions(Tensor[] outputs)
    {
        var random = new Random(7);
        return [.. outputs.Select(output => tensor(Enumerable.Range(0, (int)output.numel()).Select(_ => random.NextDouble() + 0.5).ToArray()).reshape(output.shape))];
    }

    static Tensor Loss(TrainableGraph graph, CaseModel model, Tensor[] directions)
    {
        using var scope = NewDisposeScope();
        var loss = zeros(1, ScalarType.Float64);
        var outputs = graph.Run(model.Feeds, model.Outputs);
        for (var i = 0; i < outputs.Length; i++)
        {
            if (outputs[i].dtype == ScalarType.Float64) loss = loss.add(outputs[i].mul(directions[i]).sum());
        }

        return loss.sum().MoveToOuterDisposeScope();
    }

    /// <summary>Slopes along random directions, each of which moves every element: by finite differences, and of the gradient.</summary>
    static (Tensor Numeric, Tensor Projected) Slopes(TrainableGraph graph, CaseModel model, Tensor at, Tensor gradient, Tensor[] directions)
    {
        var random = new Random(13);
        var (numeric, projected) = (new double[Directed], new double[Directed]);
        using var before = at.clone();
        for (var i = 0; i < Directed; i++)
        {
            using var scope = NewDisposeScope();
            var along = tensor(Enumerable.Range(0, (int)at.numel()).Select(_ => (2 * random.NextDouble()) - 1).ToArray()).reshape(at.shape);
            projected[i] = gradient.mul(along).sum().item<double>();
            numeric[i] = (At(Step) - At(-Step)) / (2 * Step);

            double At(double step)
            {
                at.copy_(before.add(along, step));
                return Loss(graph, model, directions).item<double>();
            }
        }

        at.copy_(before);
        return (tensor(numeric), tensor(projected));
    }
}

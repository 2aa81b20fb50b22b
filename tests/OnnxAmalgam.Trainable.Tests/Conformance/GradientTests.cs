using OnnxAmalgam.Trainable.Operators;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests.Conformance;

public sealed class GradientTests
{
    const double Step = 1e-6;

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
            var numeric = Numeric(graph, model, at, directions);
            Compare.Close(numeric, analytic, rtol: 1e-5, atol: 1e-6, $"{row} at opset {opset}, gradient of input {name}");
            steepest = Math.Max(steepest, numeric.numel() == 0 ? 0 : numeric.abs().max().item<double>());
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

    static Tensor Numeric(TrainableGraph graph, CaseModel model, Tensor at, Tensor[] directions)
    {
        var flat = at.view(-1);
        var slopes = new double[at.numel()];
        for (var i = 0; i < slopes.Length; i++)
        {
            var (low, high) = (At(-Step), At(Step));
            slopes[i] = (high - low) / (2 * Step);

            double At(double step)
            {
                using var scope = NewDisposeScope();
                var place = flat[i];
                place.add_(step);
                var loss = Loss(graph, model, directions).item<double>();
                place.sub_(step);
                return loss;
            }
        }

        return tensor(slopes).reshape(at.shape);
    }
}

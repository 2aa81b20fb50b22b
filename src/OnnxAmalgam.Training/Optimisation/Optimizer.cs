using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Optimisation;

/// <summary>An update rule whose whole state can be taken out and put back by parameter name, for exact resumption.</summary>
/// <remarks>Owns its state, not the parameters, whose storage must stay in place while it lives. A parameter without a gradient is left
/// alone, its decay and moments too, as torch's optimisers do.</remarks>
internal abstract class Optimizer : IDisposable
{
    const long LargeParameter = 1 << 16;
    const string StepSlot = "step";
    readonly Bucket[] buckets;
    readonly string[] slots;
    readonly NativeLeftovers leftovers = new();

    /// <summary>Starts with zero state.</summary>
    /// <param name="groups">What is stepped.</param>
    /// <param name="slots">Names of the state's vectors.</param>
    /// <param name="alone">Which parameters cost no less when stepped together with others; default none.</param>
    private protected Optimizer(IReadOnlyList<ParameterGroup> groups, string[] slots, Predicate<Tensor>? alone = null)
    {
        var twice = groups.SelectMany(g => g.Parameters).CountBy(p => p.Name).Where(n => n.Value > 1).Select(n => $"'{n.Key}'").ToArray();
        if (twice.Length > 0) throw new ArgumentException($"parameters {string.Join(", ", twice)} are in the groups more than once", nameof(groups));
        (Groups, this.slots) = (groups, slots);
        buckets = [.. groups.SelectMany(g => Buckets(g, slots.Length, p => p.numel() >= LargeParameter || alone?.Invoke(p) == true))];
    }

    /// <summary>The groups, in order.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>The recipe's rule.</summary>
    public static Optimizer Create(TrainRecipe recipe, IReadOnlyList<ParameterGroup> groups) => recipe.Optimizer switch
    {
        OptimizerKind.Adam => new Adam(groups),
        OptimizerKind.AdamW => new AdamW(groups),
        _ => new Sgd(groups, recipe.Momentum),
    };

    /// <summary>One step along the parameters' gradients.</summary>
    public void Step(RatePoint point)
    {
        using var noGrad = no_grad();
        foreach (var bucket in buckets)
            bucket.Apply((value, gradient, state, step) =>
                Update(value, gradient, state, step, point.Rate * bucket.Group.RateFactor, bucket.Group.WeightDecay, point.Momentum));
        leftovers.StepEnded();
    }

    /// <summary>Forgets all gradients.</summary>
    public void ZeroGradients()
    {
        foreach (var parameter in Groups.SelectMany(g => g.Parameters))
        {
            using var gradient = parameter.Value.grad;
            if (gradient is not null) parameter.Value.grad = null;
        }
    }

    /// <summary>A copy of the state: <c>PARAMETER/exp_avg</c> and the like in the parameter's shape, and <c>PARAMETER/step</c> (int64 scalar). The caller owns it.</summary>
    public IReadOnlyDictionary<string, Tensor> ExportState()
    {
        using var noGrad = no_grad();
        Dictionary<string, Tensor> state = new(StringComparer.Ordinal);
        foreach (var (bucket, i, name) in Members())
        {
            foreach (var (slot, value) in slots.Zip(bucket.Slots(i))) state.Add($"{name}/{slot}", value.clone());
            state.Add($"{name}/{StepSlot}", tensor(bucket.Steps(i)));
        }
        return state;
    }

    /// <summary>Puts a state back; the given tensors are copied.</summary>
    /// <exception cref="InputException">Names or shapes that are not this optimiser's: all of them, and nothing is changed.</exception>
    public void ImportState(IReadOnlyDictionary<string, Tensor> state)
    {
        using var noGrad = no_grad();
        Check(state);
        foreach (var (bucket, i, name) in Members())
        {
            foreach (var (slot, value) in slots.Zip(bucket.Slots(i))) value.copy_(state[$"{name}/{slot}"]);
            bucket.Steps(i) = state[$"{name}/{StepSlot}"].item<long>();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var bucket in buckets) bucket.Dispose();
    }

    /// <summary>The rule itself, in place on a parameter (or many of one group in one vector) and its state.</summary>
    private protected abstract void Update(Tensor value, Tensor gradient, IReadOnlyList<Tensor> state, long step, double rate, double decay, double? momentum);

    void Check(IReadOnlyDictionary<string, Tensor> state)
    {
        Dictionary<string, long[]> expected = new(StringComparer.Ordinal);
        foreach (var (bucket, i, name) in Members())
        {
            foreach (var slot in slots) expected.Add($"{name}/{slot}", bucket.Members[i].Value.shape);
            expected.Add($"{name}/{StepSlot}", []);
        }
        var wrong = expected.Where(e => !state.TryGetValue(e.Key, out var value) || !value.shape.SequenceEqual(e.Value)).Select(e => e.Key)
            .Concat(state.Keys.Where(k => !expected.ContainsKey(k))).Order(StringComparer.Ordinal).ToArray();
        if (wrong.Length > 0)
            throw new InputException($"optimizer state: expected the names and shapes of this student's parameters, got others at {string.Join(", ", wrong.Select(w => $"'{w}'"))}; the state belongs to another recipe");
    }

    IEnumerable<(Bucket Bucket, int Index, string Name)> Members() =>
        buckets.SelectMany(b => b.Members.Select((m, i) => (b, i, m.Name)));

    static IEnumerable<Bucket> Buckets(ParameterGroup group, int slots, Predicate<Tensor> alone)
    {
        var small = group.Parameters.Where(p => !alone(p.Value)).ToArray();
        if (small.Length > 0) yield return new(group, small, slots);
        foreach (var large in group.Parameters.Except(small)) yield return new(group, [large], slots);
    }
}

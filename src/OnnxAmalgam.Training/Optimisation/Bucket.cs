using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Optimisation;

/// <summary>Parameters of one group that are stepped together: small ones as one flat vector, so that a step costs a handful of
/// operations and not a handful for each; a large one alone.</summary>
/// <remarks>Owns the state: one flat vector a slot, and a view of it in each parameter's shape.</remarks>
internal sealed class Bucket : IDisposable
{
    readonly NamedParameter[] members;
    readonly Tensor[] flatValues;
    readonly Tensor[] flatSlots;
    readonly Tensor[][] slots;
    readonly long[] sizes;
    readonly long[] steps;

    /// <summary>Takes the parameters and starts their state at zero.</summary>
    /// <param name="group">Rate and decay.</param>
    /// <param name="members">At least one.</param>
    /// <param name="slots">State vectors a parameter.</param>
    public Bucket(ParameterGroup group, NamedParameter[] members, int slots)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        (Group, this.members, steps) = (group, members, new long[members.Length]);
        sizes = [.. members.Select(m => m.Value.numel())];
        flatValues = [.. members.Select(m => m.Value.detach().view(-1).DetachFromDisposeScope())];
        flatSlots = [.. Enumerable.Range(0, slots).Select(_ => zeros(sizes.Sum(), members[0].Value.dtype, members[0].Value.device).DetachFromDisposeScope())];
        this.slots = [.. members.Select((m, i) => flatSlots.Select(s => Slice(s, i)).ToArray())];
    }

    /// <summary>Rate and decay of all members.</summary>
    public ParameterGroup Group { get; }

    /// <summary>The members.</summary>
    public IReadOnlyList<NamedParameter> Members => members;

    /// <summary>State of a member, in its shape.</summary>
    public IReadOnlyList<Tensor> Slots(int member) => slots[member];

    /// <summary>Steps a member has made; those without a gradient do not count.</summary>
    public ref long Steps(int member) => ref steps[member];

    /// <summary>Applies an update to every member that has a gradient.</summary>
    /// <param name="update">(parameter, gradient, state, number of the step from 1), changing parameter and state in place.</param>
    public void Apply(Action<Tensor, Tensor, IReadOnlyList<Tensor>, long> update)
    {
        using var scope = NewDisposeScope();
        var gradients = members.Select(m => m.Value.grad).ToArray();
        if (members.Length > 1 && gradients.All(g => g is not null) && steps.All(s => s == steps[0]))
        {
            Together(gradients!, update);
            return;
        }
        for (var i = 0; i < members.Length; i++)
            if (gradients[i] is { } gradient) update(members[i].Value, gradient, slots[i], ++steps[i]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in flatValues.Concat(slots.SelectMany(s => s)).Concat(flatSlots)) tensor.Dispose();
    }

    void Together(Tensor[] gradients, Action<Tensor, Tensor, IReadOnlyList<Tensor>, long> update)
    {
        var step = steps[0] + 1;
        Array.Fill(steps, step);
        var values = cat(flatValues);
        update(values, cat([.. gradients.Select(g => g.reshape(-1))]), flatSlots, step);
        foreach (var (target, source) in flatValues.Zip(values.split(sizes))) target.copy_(source);
    }

    Tensor Slice(Tensor flat, int member) =>
        flat.narrow(0, sizes.Take(member).Sum(), sizes[member]).view(members[member].Value.shape).DetachFromDisposeScope();
}

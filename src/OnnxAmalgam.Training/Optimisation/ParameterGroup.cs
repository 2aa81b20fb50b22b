using TorchSharp.Modules;

namespace OnnxAmalgam.Training.Optimisation;

/// <summary>A parameter under the name by which its state is kept.</summary>
/// <param name="Name">Unique over all groups.</param>
/// <param name="Value">Not owned.</param>
internal sealed record NamedParameter(string Name, Parameter Value);

/// <summary>Parameters that share a rate and a decay.</summary>
/// <param name="Name">What result files call it.</param>
/// <param name="Parameters">Its parameters; one element type and device.</param>
/// <param name="RateFactor">Times the schedule's rate.</param>
/// <param name="WeightDecay">Decay.</param>
internal sealed record ParameterGroup(string Name, IReadOnlyList<NamedParameter> Parameters, double RateFactor = 1, double WeightDecay = 0);

namespace OnnxAmalgam.Graphs;

/// <summary>A BatchNormalization: what it normalises, and the names of the tensors that it does it with.</summary>
/// <param name="Node">The node's name, or that of its result.</param>
/// <param name="Input">The value that it normalises.</param>
/// <param name="Scale">Its scale.</param>
/// <param name="Bias">Its offset.</param>
/// <param name="Mean">Its running mean.</param>
/// <param name="Variance">Its running variance.</param>
/// <param name="Epsilon">Added to the variance.</param>
public sealed record NormalisationLayer(string Node, string Input, string Scale, string Bias, string Mean, string Variance, float Epsilon);

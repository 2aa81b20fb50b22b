namespace OnnxAmalgam.Training.Optimisation;

/// <summary>What a schedule says for one step.</summary>
/// <param name="Rate">Learning rate before each group's factor.</param>
/// <param name="Momentum">Adam's beta1 or SGD's momentum where the schedule moves it; null: as configured.</param>
internal readonly record struct RatePoint(double Rate, double? Momentum = null);

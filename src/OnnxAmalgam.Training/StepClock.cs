using System.Diagnostics;

namespace OnnxAmalgam.Training;

/// <summary>Where a step's time goes, phase by phase. True on a processor; a GPU works on while the clock runs.</summary>
internal sealed class StepClock
{
    readonly Dictionary<string, TimeSpan> phases = [];
    long last;

    /// <summary>Time spent in each phase so far, in the order of a step.</summary>
    public IReadOnlyDictionary<string, TimeSpan> Phases => phases;

    /// <summary>A step begins.</summary>
    public void Start() => last = Stopwatch.GetTimestamp();

    /// <summary>What ran since the last call was this phase.</summary>
    public void Ended(string phase)
    {
        long now = Stopwatch.GetTimestamp();
        phases[phase] = phases.GetValueOrDefault(phase) + Stopwatch.GetElapsedTime(last, now);
        last = now;
    }
}

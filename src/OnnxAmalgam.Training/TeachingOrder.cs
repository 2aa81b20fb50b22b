using System.Diagnostics;

namespace OnnxAmalgam.Training;

/// <summary>Whether the teachers are at the next batch while the student learns, or each has the machine in turn. Beside each other they use what
/// the other leaves of the cores; where both fill all of them they disturb each other. Which it is depends on networks, machine and what is
/// stored already, so sixty steps of every thousand are timed both ways and the faster stays; what is computed does not depend on it.</summary>
internal sealed class TeachingOrder
{
    const int First = 4, Period = 1000, Block = 10, Entering = 2, Blocks = 6;
    readonly List<TimeSpan> ahead = [], inTurn = [];
    readonly bool timed;
    long last;
    int step = -First - 1;

    /// <summary>Starts with the teachers ahead.</summary>
    /// <param name="timed">Whether that may change.</param>
    public TeachingOrder(bool timed) => (this.timed, IsSettled) = (timed, !timed);

    /// <summary>Whether the next batch is made while the student is at this one.</summary>
    public bool IsAhead { get; private set; } = true;

    /// <summary>Whether both ways have been timed.</summary>
    public bool IsSettled { get; private set; }

    /// <summary>A step begins: the one before took the time since the last call.</summary>
    public void StepBegins()
    {
        var now = Stopwatch.GetTimestamp();
        if (timed && step >= 0) Ended(Stopwatch.GetElapsedTime(last, now));
        step = (step + 1) % Period;
        last = now;
    }

    void Ended(TimeSpan took)
    {
        if (step >= Block * Blocks) return;
        if (step % Block >= Entering) (IsAhead ? ahead : inTurn).Add(took);
        if (step % Block < Block - 1) return;
        IsSettled = step == Block * Blocks - 1;
        IsAhead = !IsSettled ? !IsAhead : Median(ahead) < Median(inTurn);
        if (!IsSettled) return;
        ahead.Clear();
        inTurn.Clear();
    }

    static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);
}

namespace OnnxAmalgam.Training;

/// <summary>Told how a run goes. Called on the training thread; must return at once.</summary>
public interface ITrainingObserver
{
    /// <summary>Before the first step.</summary>
    /// <param name="equation">What is minimised, in words.</param>
    /// <param name="epochs">Epochs in all.</param>
    /// <param name="batches">Batches an epoch.</param>
    void Started(string equation, int epochs, int batches);

    /// <summary>After a step.</summary>
    /// <param name="epoch">From 1.</param>
    /// <param name="batch">Batches of this epoch done.</param>
    /// <param name="imagesPerSecond">Since the epoch (or the resumed run) began.</param>
    /// <param name="left">Estimated time to the end of training.</param>
    void Stepped(int epoch, int batch, double imagesPerSecond, TimeSpan left);

    /// <summary>After an epoch's validation.</summary>
    void EpochEnded(EpochSummary summary);

    /// <summary>Something that was decided for the user.</summary>
    void Note(string message)
    {
    }

    /// <summary>Something the user should know.</summary>
    void Warn(string message);
}

/// <summary>One epoch's figures, as in results.csv.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="Values">Column and value, in the file's order.</param>
/// <param name="IsBest">Whether it is the best so far.</param>
public sealed record EpochSummary(int Epoch, IReadOnlyList<(string Column, double? Value)> Values, bool IsBest);

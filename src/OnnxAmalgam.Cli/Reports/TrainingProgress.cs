using System.Diagnostics;
using System.Globalization;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>Tells on stderr how training goes: a line an epoch, and in between either one line that is rewritten (in a terminal) or a
/// line for the first step and every half minute (in a pipe).</summary>
sealed class TrainingProgress(TextWriter error, bool live, bool quiet) : ITrainingObserver
{
    static readonly TimeSpan PlainEvery = TimeSpan.FromSeconds(30), LiveEvery = TimeSpan.FromMilliseconds(200);
    readonly Stopwatch sinceLine = Stopwatch.StartNew();
    int epochs, batches;
    bool lineOpen, hasStepped;

    public void Started(string equation, int epochs, int batches)
    {
        (this.epochs, this.batches) = (epochs, batches);
        Line($"minimising {equation}");
    }

    public void Stepped(int epoch, int batch, double imagesPerSecond, TimeSpan left)
    {
        if (quiet || (hasStepped && sinceLine.Elapsed < (live ? LiveEvery : PlainEvery)))
        {
            return;
        }

        hasStepped = true;

        sinceLine.Restart();
        string text = string.Create(CultureInfo.InvariantCulture, $"epoch {epoch}/{epochs}  batch {batch}/{batches}  {imagesPerSecond:n0} images/s  {Clock(left)} left");
        if (live)
        {
            error.Write($"\r\u001b[K{text}");
            lineOpen = true;
        }
        else
        {
            error.WriteLine(text);
        }
    }

    public void EpochEnded(EpochSummary summary)
    {
        double? Value(string column) => summary.Values.FirstOrDefault(v => v.Column == column).Value;
        string accuracy = Value("metrics/accuracy_top1") is { } top1 ? string.Create(CultureInfo.InvariantCulture, $"  accuracy {top1:0.0000}") : "";
        Line(string.Create(CultureInfo.InvariantCulture, $"epoch {summary.Epoch}/{epochs}  loss {Value("train/loss"):0.0000}{accuracy}{(summary.IsBest ? " (best)" : "")}  {Value("speed/images_per_second"):n0} images/s  {Clock(TimeSpan.FromSeconds(Value("time") ?? 0))} so far"));
        sinceLine.Restart();
    }

    public void Note(string message) => Line(Printable.Text(message));

    public void Warn(string message) => Write($"warning: {Printable.Text(message)}");

    void Line(string text)
    {
        if (!quiet)
        {
            Write(text);
        }
    }

    void Write(string text)
    {
        if (lineOpen)
        {
            error.Write("\r\u001b[K");
            lineOpen = false;
        }

        error.WriteLine(text);
    }

    static string Clock(TimeSpan time) => time.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time:mm\\:ss}") : time.ToString(@"mm\:ss", CultureInfo.InvariantCulture);
}

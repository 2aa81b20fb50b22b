using System.Globalization;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Optimisation;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>What <c>train</c> would do, and what it would take: the result of <c>--dry-run</c>.</summary>
internal static class TrainingPlan
{
    /// <summary>One line a teacher, then the student and the images.</summary>
    public static IEnumerable<string> Lines(AmalgamationSetup setup)
    {
        foreach (var teacher in setup.Teachers)
            yield return $"teacher {teacher.Name}: {Says(teacher)}";
        if (setup.Gate?.Note is { } gate)
            yield return $"gate {gate}";
        if (setup.Recipe.Train.Cache is { } cache)
            yield return $"cache {Says(cache)}";
        yield return $"student {setup.Recipe.Student.Model}: {setup.Union.Count} labels; {Images(setup)}; {setup.Compute.Threads} threads on {setup.Compute.Device}";
    }

    public static void Write(Terminal terminal, AmalgamationSetup setup, TrainingEstimate estimate, string folder, CacheRecipe? cache)
    {
        var train = setup.Recipe.Train;
        var facts = new FactList();
        facts.Add("run folder", folder);
        foreach (var teacher in setup.Teachers)
            facts.Add($"teacher {teacher.Name}", Says(teacher));
        facts.Add("student", string.Create(CultureInfo.InvariantCulture, $"{setup.Recipe.Student.Model}; {estimate.StudentParameters:N0} parameters{(setup.Student.Taps.Count > 0 ? $"; tap{(setup.Student.Taps.Count == 1 ? "" : "s")} {string.Join(", ", setup.Student.Taps.Select(t => t.Value))}" : "")}{Normalisation(setup)}"));
        foreach (var (setting, tensors, parameters) in setup.Student.Plan.Summary)
            facts.Add(setting.IsFrozen ? "frozen" : "trains", $"{setting.Group}: {Settings(setting, tensors, parameters)}");
        facts.Add("labels", $"{setup.Union.Count}, {setup.Recipe.Amalgamation.Labels.ToString().ToLowerInvariant()}");
        facts.Add("images", Images(setup));
        if (setup.Gate?.Note is { } gate)
            facts.Add("gate", gate);
        facts.Add("minimises", estimate.Equation);
        facts.Add("training", string.Create(CultureInfo.InvariantCulture, $"{Count(train.Epochs, "epoch")} of {Count(estimate.BatchesPerEpoch, "step")}, batch {Math.Min(train.Batch, setup.Train.Count)}, {train.Optimizer.ToString().ToLowerInvariant()}, learning rate {train.LearningRate:g4}, seed {train.Seed}"));
        if (cache is not null)
            facts.Add("cache", $"{Says(cache)}; the time below is without it");
        facts.Add("computes on", $"{setup.Compute.Device}, {setup.Compute.Threads} threads");
        facts.Add("time", string.Create(CultureInfo.InvariantCulture, $"about {Clock(estimate.Training)} to train ({estimate.SecondsPerStep * 1000:0.0} ms a step, mean of {estimate.TimedSteps}), then {Clock(estimate.Evaluation)} to evaluate"));
        facts.Add("memory", string.Create(CultureInfo.InvariantCulture, $"about {Mebibytes(estimate.MemoryBytes)} MiB{(setup.Compute.Device.IsCuda ? "; the device's own memory was not measured" : "")}"));
        facts.Add("disk", string.Create(CultureInfo.InvariantCulture, $"about {Mebibytes(estimate.DiskBytes)} MiB"));
        facts.WriteTo(terminal);
        terminal.Output.WriteLine("dry run: nothing was written");
    }

    static string Says(Teacher teacher) =>
        $"{(teacher.HasLogits ? $"{teacher.Labels.Count} labels" : "features only")}{(teacher.Taps.Count > 0 ? $", taps {string.Join(", ", teacher.Taps.Select(t => t.Value))}" : "")}";

    static string Normalisation(AmalgamationSetup setup) => (setup.Recipe.Student.Normalisation.Mode, setup.Student.Measured.Count) switch
    {
        (NormalisationMode.Refresh, var count) => string.Create(CultureInfo.InvariantCulture, $"; {count} BatchNormalization refreshed before training"),
        (NormalisationMode.Insert, 0) => "; BatchNormalization put behind bare convolutions",
        (NormalisationMode.Insert, var count) => string.Create(CultureInfo.InvariantCulture, $"; BatchNormalization put behind {count} bare convolutions"),
        _ => "",
    };

    static string Says(CacheRecipe cache) => string.Create(CultureInfo.InvariantCulture, $"{cache.Folder}: {Count(cache.Views, "view")} of each image, {(cache.Dtype == CacheDtype.Float16 ? "float16" : "float32")}, at most {ByteSize.Rounded(cache.MaxBytes)}");

    static string Settings(ParameterSetting setting, int tensors, long parameters)
    {
        var amount = string.Create(CultureInfo.InvariantCulture, $"{Count(tensors, "tensor")}, {parameters:N0} parameters");
        var first = setting.First == FirstWeights.Keep ? "" : ", drawn anew";
        return setting.IsFrozen ? $"{amount}{first}" : string.Create(CultureInfo.InvariantCulture, $"{amount}, learning rate x {setting.RateFactor:g4}, weight decay {setting.WeightDecay:g4}{first}");
    }

    static string Images(AmalgamationSetup setup) => string.Create(CultureInfo.InvariantCulture,
        $"{setup.Train.Count} images to train on, {setup.Validate?.Count ?? 0} to validate, {setup.Test?.Count ?? 0} to test");

    static string Count(int number, string what) => string.Create(CultureInfo.InvariantCulture, $"{number} {what}{(number == 1 ? "" : "s")}");

    static long Mebibytes(long bytes) => (bytes + (1 << 20) - 1) >> 20;

    static string Clock(TimeSpan time) => time.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes} min")
        : time.TotalMinutes >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds} s")
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalSeconds):0} s");
}

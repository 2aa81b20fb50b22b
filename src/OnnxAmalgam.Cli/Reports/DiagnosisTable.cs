using System.Globalization;
using OnnxAmalgam.Cli.Shell;
using OnnxAmalgam.Training.Quality;

namespace OnnxAmalgam.Cli.Reports;

/// <summary>Taps under augmentations, and what each augmentation comes to, for reading.</summary>
internal static class DiagnosisTable
{
    public static void Write(Terminal terminal, TeacherDiagnosis diagnosis)
    {
        var table = new TextTable("teacher", "tap", "augmentation", "alignment>", "shift>", "uniformity>", "RankMe>", "of>", "sparsity>", "correlation>", "decoupling>", "flips>", "95 % interval");
        foreach (var r in diagnosis.Rows)
        {
            table.Add(r.Teacher, r.Tap, r.Augmentation, Text(r.Alignment), Text(r.Shift), Text(r.Uniformity), r.RankMe.ToString("0.0", CultureInfo.InvariantCulture), r.Channels.ToString(CultureInfo.InvariantCulture),
                Text(r.Sparsity), Text(r.Correlation), Text(r.Decoupling), Text(r.FlipRate), r.FlipLow is null ? "" : $"{Text(r.FlipLow)} .. {Text(r.FlipHigh)}");
        }

        table.WriteTo(terminal);
        terminal.Output.WriteLine("");
        var leaks = new TextTable("teacher", "tap", "augmentation", "brightness>", "colour>", "offset>", "blur>");
        foreach (var r in diagnosis.Rows)
            leaks.Add(r.Teacher, r.Tap, r.Augmentation, Text(r.LeakBrightness), Text(r.LeakColour), Text(r.LeakOffset), Text(r.LeakBlur));
        leaks.WriteTo(terminal);
        terminal.Output.WriteLine("nuisance leak: what a linear probe of the tap tells of the picture before the augmentation, held-out R^2 (1: all, 0 and below: nothing)");
        terminal.Output.WriteLine("");
        var verdicts = new TextTable("augmentation", "verdict", "flips at worst>", "largest shift>", "leak change>", "decoupling>");
        foreach (var v in diagnosis.Verdicts)
            verdicts.Add(v.Augmentation, v.Text, Text(v.WorstFlipRate), Text(v.LargestShift), Text(v.LeakChange), Text(v.Decoupling));
        verdicts.WriteTo(terminal);
        terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"safe: labels flip on at most {AugmentationVerdict.FlipLimit} of the images of every teacher; useful: some feature moves by at least {AugmentationVerdict.LeastShift} of the distance between images, and the nuisance leak grows by at most {AugmentationVerdict.LeakLimit}"));
    }

    static string Text(double? value) => value?.ToString("0.000", CultureInfo.InvariantCulture) ?? "";
}

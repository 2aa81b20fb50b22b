using System.Diagnostics;
using System.Globalization;
using System.Text;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Benchmarks;

/// <summary>The data pipeline alone: opening a source (read, decode, bring to the canvas) and making shuffled, augmented batches of it.</summary>
static class Pipeline
{
    /// <summary>Measures three kinds of source.</summary>
    /// <returns>A table.</returns>
    public static string Run(int rounds)
    {
        var table = new StringBuilder("| source | canvas | opening, images/s | batches (flip, crop), images/s |\n|---|---|---|---|\n");
        foreach (var (name, kind, write, channels, size, count) in new (string, SourceKind, Action<string, int>, int, int, int)[]
        {
            ("idx", SourceKind.Idx, RandomImages.WriteIdx, 1, 32, 20_000),
            ("CIFAR-10", SourceKind.Cifar10, RandomImages.WriteCifar10, 3, 32, 20_000),
            ("JPEG, 320x256", SourceKind.Folder, RandomImages.WriteJpegs, 3, 224, 400),
        })
        {
            DirectoryInfo folder = Directory.CreateTempSubdirectory("onnx-amalgam-bench-");
            try
            {
                write(folder.FullName, count);
                var source = new SourceRecipe { Kind = kind, Path = folder.FullName };
                double[] opening = new double[rounds], batches = new double[rounds];
                for (int i = -1; i < rounds; i++)
                {
                    var clock = Stopwatch.StartNew();
                    ImageSet images = ImageSet.Open([source], channels, size, size, _ => { });
                    double opened = images.Count / clock.Elapsed.TotalSeconds, made = Batches(images);
                    if (i >= 0)
                    {
                        (opening[i], batches[i]) = (opened, made);
                    }
                }

                table.Append(string.Create(CultureInfo.InvariantCulture, $"| {name} | {channels}x{size}x{size} | {Pairing.Median(opening):0} | {Pairing.Median(batches):0} |\n"));
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }

        return table.ToString();
    }

    static double Batches(ImageSet images)
    {
        AugmentStep[] augment = [new FlipStep(), new CropStep(4)];
        using var loader = new BatchLoader(images, 64, augment, seed: 1);
        int number = Math.Max(50, loader.BatchesPerEpoch);
        loader.Return(loader.Next());
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < number; i++)
        {
            loader.Return(loader.Next());
        }

        return number * 64 / clock.Elapsed.TotalSeconds;
    }
}

using Onnx;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Runs;
using OnnxAmalgam.Training.Tests.Data;
using SkiaSharp;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>A folder of tiny real models and images, and runs of recipes in it.</summary>
sealed class TinyWorld : IDisposable
{
    readonly TempFolder folder = new();
    int runs;

    public string Inside(string name) => Path.Combine(folder.Path, name);

    /// <summary>Saves a network of the zoo as NAME.onnx.</summary>
    /// <param name="name">Seeds its weights, too.</param>
    /// <param name="zoo">Its expression.</param>
    /// <param name="classes">Number of scores.</param>
    /// <param name="side">Image size.</param>
    /// <param name="channels">Image channels.</param>
    /// <param name="change">What else is done to it.</param>
    public TinyWorld Network(string name, string zoo, int classes, int side = 8, int channels = 3, Action<ModelProto>? change = null)
    {
        OnnxModel model = StudentZoo.Build(zoo, channels, side, side, classes, (long)(Randomness.StreamOf(name) >> 1));
        change?.Invoke(model.Proto);
        return Save(name, model);
    }

    /// <summary>Saves any model as NAME.onnx.</summary>
    public TinyWorld Save(string name, OnnxModel model)
    {
        model.Save(Inside(name + ".onnx"));
        return this;
    }

    /// <summary>Writes noisy PNG images of one colour, which follows from the folder's name.</summary>
    public TinyWorld Images(string path, int count, Func<int, (int Width, int Height)>? size = null)
    {
        ulong hue = Randomness.StreamOf(path);
        for (int i = 0; i < count; i++)
        {
            var (width, height) = size?.Invoke(i) ?? (8, 8);
            int image = i;
            folder.Write($"{path}/{i:d4}.png", Samples.Encode(SKEncodedImageFormat.Png, width, height, (x, y) =>
            {
                ulong noise = Randomness.Draw((long)(hue >> 1), "noise", image, (y * 1000) + x);
                byte Channel(int c) => (byte)((((hue >> (8 * c)) & 255) + ((noise >> (8 * c)) & 127)) / 1.5);
                return new SKColor(Channel(0), Channel(1), Channel(2));
            }));
        }

        return this;
    }

    /// <summary>Opens a recipe; a warning fails the test unless it is listened to.</summary>
    public AmalgamationSetup Open(string recipe, Action<string>? warn = null) =>
        ShortRun.Open(folder.Write("recipe.yaml", recipe), [], warn);

    /// <summary>Runs a recipe to the end: training, export with its verification, evaluation.</summary>
    public TinyResult Run(string recipe, Action<string>? warn = null)
    {
        using AmalgamationSetup setup = Open(recipe, warn);
        using RunFolder run = RunFolder.Create(Inside($"run-{runs++}"), "tiny");
        var witness = new Witness();
        RunReport report = AmalgamationRun.Execute(setup, run, resume: false, acceptOlder: false, witness, TestContext.Current.CancellationToken)!;
        return new TinyResult(report, OnnxModel.Load(run.Student), setup.Union.Labels, [.. witness.Epochs.Select(e => e.Values.ToDictionary(v => v.Column, v => v.Value))], setup.Train.Count);
    }

    public void Dispose() => folder.Dispose();
}

/// <summary>What a run left.</summary>
sealed record TinyResult(RunReport Report, OnnxModel Student, IReadOnlyList<string> Labels, IReadOnlyList<Dictionary<string, double?>> Epochs, int Trained)
{
    /// <summary>The export is verified, and a term is lower at the end than at the start.</summary>
    public void Learned(string term = "loss")
    {
        Assert.True(Report.Agreement.Passes);
        Assert.True(Epochs[^1][$"train/{term}"] < Epochs[0][$"train/{term}"], $"{term}: {string.Join(", ", Epochs.Select(e => e[$"train/{term}"]))}");
    }
}

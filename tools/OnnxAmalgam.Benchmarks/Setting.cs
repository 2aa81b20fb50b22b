using System.Runtime.InteropServices;
using OnnxAmalgam.Graphs;

namespace OnnxAmalgam.Benchmarks;

/// <summary>Teachers, student and images of one comparison; the same as in tools/reference/step.py.</summary>
/// <param name="Name">What both sides call it.</param>
/// <param name="Batch">Images a step.</param>
/// <param name="Size">Canvas, in pixels.</param>
/// <param name="Channels">Of the common space.</param>
/// <param name="Teachers">Model files and how each is fed.</param>
/// <param name="Student">Model of the recipe.</param>
sealed record Setting(string Name, int Batch, int Size, int Channels, IReadOnlyList<(string Model, string Input, int Classes)> Teachers, string Student)
{
    const string Normalised = "{layout: nchw, scale: 0.00392156862745098, mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616]}";

    /// <summary>The 79k student with the two CIFAR-10 teachers of models/teachers, 32 px.</summary>
    public static Setting Cifar(string repository) => new("cifar", 64, 32, 64,
    [
        (Path.Combine(repository, "models/teachers/cifar_animals.onnx"), Normalised, 6),
        (Path.Combine(repository, "models/teachers/cifar_vehicles.onnx"), "{layout: nhwc, scale: 1, mean: [0], std: [1]}", 4),
    ],
    "zoo:resnet(widths=[16,32,64], blocks=[1,1,1])");

    /// <summary>torchvision's resnet18 with resnet34 and resnet50 as teachers, 64 px.</summary>
    /// <param name="folder">Holds the three as .onnx, with 200, 120 and 320 classes.</param>
    public static Setting Resnets(string folder) => new("resnets", 32, 64, 128,
    [
        (Path.Combine(folder, "resnet34.onnx"), Normalised, 200),
        (Path.Combine(folder, "resnet50.onnx"), Normalised, 120),
    ],
    Path.Combine(folder, "resnet18.onnx"));

    /// <summary>Images that there are.</summary>
    public int Images { get; init; } = 2048;

    /// <summary>Whether a teacher that is there again has other weights: equal ones would be computed once.</summary>
    bool AreOthers { get; init; }

    /// <summary>Another size of this setting: <c>cifar*8</c> has eight teachers, <c>cifar/60000</c> that many images.</summary>
    public Setting Sized(string name) => name.Split('*', '/') switch
    {
        [_] => this,
        [_, var number] when name.Contains('*', StringComparison.Ordinal) => this with { Teachers = [.. Enumerable.Range(0, Number(number)).Select(i => Teachers[i % Teachers.Count])], AreOthers = true },
        [_, var number] => this with { Images = Number(number) },
        _ => throw new ArgumentException($"expected a setting as cifar, cifar*8 or cifar/60000, got '{name}'"),
    };

    static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Writes recipe and random images into a folder.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="method"><c>soft</c> or <c>published</c>.</param>
    /// <param name="train">Further keys of the recipe's train section.</param>
    /// <returns>The recipe's path.</returns>
    public string Write(string folder, string method, string train)
    {
        RandomImages.WriteCifar10(folder, Images);
        string losses = method == "soft"
            ? "losses: [{soft_target: {weight: 1, temperature: 1}}]"
            : "common_space: {channels: " + Channels + ", blocks: 3}, losses: [{soft_target: {weight: 1, temperature: 1}}, {mmd: {weight: 10, bandwidths: published}}, {reconstruction: {weight: 10}}]";
        string teachers = string.Concat(Teachers.Select((t, i) => $"  - {{name: t{i}, model: '{(AreOthers ? Other(t.Model, folder, i) : t.Model)}', input: {t.Input}, labels: [{string.Join(", ", Enumerable.Range(0, t.Classes).Select(c => $"'{i}.{c}'"))}]}}\n"));
        string recipe = Path.Combine(folder, "recipe.yaml");
        File.WriteAllText(recipe, $$"""
            name: {{Name}}-{{method}}
            teachers:
            {{teachers}}
            student: {model: '{{Student}}', input: {mean: [0.473], std: [0.2503]} }
            data:
              size: {{Size}}
              unlabelled: [{cifar10: '{{folder}}', split: train, limit: {{Images}} }]
            augment: [flip, {crop: {padding: 4} }]
            amalgamation: {labels: concat, {{losses}} }
            train: {epochs: 1000, batch: {{Batch}}, optimizer: adam, learning_rate: 1e-3, weight_decay: 1e-4, schedule: constant, select: last, seed: 1{{train}} }

            """);
        return recipe;
    }

    /// <summary>The same network with each weight a little larger, by an amount that follows from its number.</summary>
    static string Other(string model, string folder, int number)
    {
        OnnxModel other = OnnxModel.Load(model).Clone();
        foreach (var tensor in other.Proto.Graph.Initializer.Where(t => t is { DataType: (int)Onnx.TensorProto.Types.DataType.Float, Dims.Count: > 1 }))
        {
            byte[] bytes = other.ReadRaw(tensor);
            foreach (ref float x in MemoryMarshal.Cast<byte, float>(bytes.AsSpan()))
            {
                x *= 1 + (number * 1e-4f);
            }

            other.WriteRaw(tensor, bytes);
        }

        string path = Path.Combine(folder, $"t{number}.onnx");
        other.Save(path);
        return path;
    }
}

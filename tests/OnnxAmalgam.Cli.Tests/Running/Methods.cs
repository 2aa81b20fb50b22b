using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Running;

/// <summary>Recipes to compare, on a few of the demo's images.</summary>
internal static class Methods
{
    /// <summary>Writes NAME.yaml with one term on scores, and further keys of train.</summary>
    public static string Write(TempFolder place, string name, string term, string train = "seed: 1")
    {
        string models = Path.Combine(Repository.Root, "models").Replace('\\', '/');
        return place.Write($"{name}.yaml", $$"""
            name: {{name}}
            teachers:
              - {name: digits, model: "{{models}}/teachers/digits_resnet.onnx", input: {layout: nchw, scale: 0.00392156862745098, mean: [0.1307], std: [0.3081]}, labels: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]}
              - {name: clothes, model: "{{models}}/teachers/fashion_mixer.onnx", input: {layout: nchw, scale: 0.00392156862745098, mean: [0.2860], std: [0.3530]}, labels: [top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, boot]}
            student: {model: "zoo:resnet(widths=[8,16], blocks=[1,1])"}
            data:
              unlabelled:
                - {idx: "{{models}}/demo/data/mnist", split: train, domain: digits, limit: 96}
                - {idx: "{{models}}/demo/data/fashion-mnist", split: train, domain: clothes, limit: 96}
              test:
                - {idx: "{{models}}/demo/data/mnist", split: test, limit: 50}
                - {idx: "{{models}}/demo/data/fashion-mnist", split: test, limit: 50, labels: [top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, boot]}
            amalgamation: {labels: gated, losses: [{{{term}}}]}
            train: {epochs: 1, batch: 32, learning_rate: 4e-3, {{train}}}
            """);
    }
}

using OnnxAmalgam.Trainable;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>ResNet-18, <c>zoo:resnet(widths=[64,128,256,512], blocks=[2,2,2,2], stem=imagenet)</c>, as someone writes it in TorchSharp.</summary>
sealed class HandWrittenResNet18 : nn.Module<Tensor, Tensor>
{
    public const string Expression = "zoo:resnet(widths=[64,128,256,512], blocks=[2,2,2,2], stem=imagenet)";

    readonly Conv2d conv1 = nn.Conv2d(3, 64, 7, 2, padding: 3, bias: false);
    readonly BatchNorm2d bn1 = nn.BatchNorm2d(64);
    readonly Sequential layer1 = Stage(64, 64, 1);
    readonly Sequential layer2 = Stage(64, 128, 2);
    readonly Sequential layer3 = Stage(128, 256, 2);
    readonly Sequential layer4 = Stage(256, 512, 2);
    readonly Linear fc;

    public HandWrittenResNet18(int classes) : base(nameof(HandWrittenResNet18))
    {
        fc = nn.Linear(512, classes);
        RegisterComponents();
    }

    /// <summary>X[n, 3, h, w] -> Z[n, classes].</summary>
    public override Tensor forward(Tensor images)
    {
        using var scope = NewDisposeScope();
        var x = nn.functional.max_pool2d(bn1.forward(conv1.forward(images)).relu(), 3, 2, 1);
        x = layer4.forward(layer3.forward(layer2.forward(layer1.forward(x))));
        return fc.forward(x.mean([2, 3], keepdim: true).flatten(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Takes over weights and statistics.</summary>
    public HandWrittenResNet18 From(TrainableGraph graph)
    {
        using var guard = no_grad();
        var values = graph.Initializers.Select(p => (p.Key, (Tensor)p.Value)).Concat(graph.Statistics.Select(s => (s.Key, s.Value)))
            .ToDictionary(v => v.Key.Replace("downsample.0", "conv0", StringComparison.Ordinal).Replace("downsample.1", "bn0", StringComparison.Ordinal), v => v.Item2);
        foreach (var (name, value) in state_dict().Where(s => !s.Key.EndsWith("num_batches_tracked", StringComparison.Ordinal))) value.copy_(values[name]);
        return this;
    }

    static Sequential Stage(int inputs, int outputs, int stride) =>
        nn.Sequential(("0", new HandWrittenStudent.Block(inputs, outputs, stride)), ("1", new HandWrittenStudent.Block(outputs, outputs, 1)));
}

using OnnxAmalgam.Trainable;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Running;

/// <summary>The demo's student, <c>zoo:resnet(widths=[16,32,64], blocks=[1,1,1])</c>, as someone writes it in TorchSharp.</summary>
sealed class HandWrittenStudent : nn.Module<Tensor, Tensor>
{
    readonly Conv2d conv1;
    readonly BatchNorm2d bn1;
    readonly Block layer1;
    readonly Block layer2;
    readonly Block layer3;
    readonly Linear fc;

    public HandWrittenStudent(int channels, int classes) : base(nameof(HandWrittenStudent))
    {
        conv1 = nn.Conv2d(channels, 16, 3, padding: 1, bias: false);
        bn1 = nn.BatchNorm2d(16);
        (layer1, layer2, layer3) = (new(16, 16, 1), new(16, 32, 2), new(32, 64, 2));
        fc = nn.Linear(64, classes);
        RegisterComponents();
    }

    /// <summary>X[n, c, h, w] -> Z[n, classes].</summary>
    public override Tensor forward(Tensor images)
    {
        using var scope = NewDisposeScope();
        var x = layer3.forward(layer2.forward(layer1.forward(bn1.forward(conv1.forward(images)).relu())));
        return fc.forward(x.mean([2, 3], keepdim: true).flatten(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Takes over weights and statistics; their names differ in the blocks alone.</summary>
    public HandWrittenStudent From(TrainableGraph graph)
    {
        using var guard = no_grad();
        var values = graph.Initializers.Select(p => (p.Key, (Tensor)p.Value)).Concat(graph.Statistics.Select(s => (s.Key, s.Value)))
            .ToDictionary(v => v.Key.Replace(".0.", ".", StringComparison.Ordinal).Replace("downsample.weight", "conv0.weight", StringComparison.Ordinal)
                .Replace("downsample.1", "bn0", StringComparison.Ordinal), v => v.Item2);
        foreach (var (name, value) in state_dict().Where(s => !s.Key.EndsWith("num_batches_tracked", StringComparison.Ordinal))) value.copy_(values[name]);
        return this;
    }

    /// <summary>Two 3x3 convolutions around an identity, or a 1x1 convolution where the width changes.</summary>
    internal sealed class Block : nn.Module<Tensor, Tensor>
    {
        readonly Conv2d conv1;
        readonly BatchNorm2d bn1;
        readonly Conv2d conv2;
        readonly BatchNorm2d bn2;
        readonly Conv2d? conv0;
        readonly BatchNorm2d? bn0;

        public Block(int inputs, int outputs, int stride) : base(nameof(Block))
        {
            (conv1, bn1) = (nn.Conv2d(inputs, outputs, 3, stride, padding: 1, bias: false), nn.BatchNorm2d(outputs));
            (conv2, bn2) = (nn.Conv2d(outputs, outputs, 3, padding: 1, bias: false), nn.BatchNorm2d(outputs));
            if (inputs != outputs) (conv0, bn0) = (nn.Conv2d(inputs, outputs, 1, stride, bias: false), nn.BatchNorm2d(outputs));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            var branch = bn2.forward(conv2.forward(bn1.forward(conv1.forward(x)).relu()));
            var shortcut = conv0 is null ? x : bn0!.forward(conv0.forward(x));
            return branch.add(shortcut).relu().MoveToOuterDisposeScope();
        }
    }
}
